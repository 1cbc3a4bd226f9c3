#include "sync.hpp"

#include "base/log.hpp"
#include "sync/activation.hpp"
#include "sync/alive.hpp"
#include "sync/audit.hpp"
#include "sync/board.hpp"
#include "sync/companions.hpp"
#include "sync/finalizers.hpp"
#include "sync/forgetting.hpp"
#include "sync/led.hpp"
#include "sync/outcomes.hpp"
#include "sync/owner_sources.hpp"
#include "sync/owners.hpp"
#include "sync/planner.hpp"
#include "sync/proof.hpp"
#include "sync/reach.hpp"
#include "sync/report.hpp"
#include "sync/statuses.hpp"
#include "sync/stored_rows.hpp"

#include <algorithm>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include <pthread.h>

namespace moontide {

namespace {

using namespace moontide::sync;

void name_thread(const char* name) {
    ::pthread_setname_np(::pthread_self(), name);
}

/// Until a watch has been silent for this many times silent_after, it is only slow.
constexpr int stuck_after = 2;
/// What a server's restart takes; a watch that fails for longer, this part of silent_after, is told of.
constexpr int failing_after_part = 10;

class Engine final : public Sync {
public:
    Engine(std::vector<policy::PolicyPtr> policies, SyncOptions options, status::Metrics& metrics,
           std::function<void(const Deed&)> on_deed, std::uint64_t seed)
        : board_(std::move(options), metrics, std::move(on_deed), seed),
          seed_(seed),
          report_(board_, io_),
          outcomes_(board_, report_),
          companions_(board_, io_),
          audit_(board_, io_),
          activation_(board_, io_, reach_),
          forgetting_(board_, reach_, companions_, [this] { return activation_.is_listing(); }) {
        const Gate::Limits limits{board_.options.vanished_least, board_.options.vanished_percent};
        for (auto& policy : policies) {
            board_.policies.push_back(
                std::make_unique<RunningPolicy>(board_.policies.size(), std::move(policy), limits));
        }
    }

    ~Engine() override { stop(); }

    Result<void> start(kube::Access access) {
        kube::ClientOptions client_options;
        client_options.user_agent = board_.options.user_agent.empty() ? "moontide" : board_.options.user_agent;
        client_options.on_answer = [this](std::string_view method, std::string_view host, int status,
                                          Milliseconds took) { board_.metrics.request(method, host, status, took); };
        board_.client = TRY(kube::Client::create(io_, std::move(access), std::move(client_options)));
        watch::IngestOptions ingest_options;
        ingest_options.silent_after = board_.options.silent_after;
        ingest_options.watch_list = board_.options.watch_list;
        ingest_options.backoff_last = std::min(ingest_options.backoff_last, board_.options.backoff_last);
        ingest_options.seed = seed_;
        board_.ingest = std::make_unique<watch::Ingest>(io_, *board_.client, ingest_options);
        board_.foreigners = std::make_unique<Foreigners>(board_);
        OwnerSources::Hooks hooks;
        hooks.completed = [this](plan::UnitId owner, const std::vector<plan::UnitId>& units) {
            activation_.owner_completed(owner, units);
        };
        hooks.vanished = [this](std::size_t policy) { activation_.sources_vanished(policy); };
        board_.owner_sources = std::make_unique<OwnerSources>(board_, io_, std::move(hooks));
        board_.finalizers = std::make_unique<Finalizers>(board_, io_);
        if (!board_.options.dry_run) {
            status::StatusWriterOptions status_options;
            status_options.every = board_.options.told_again;
            status_options.backoff_first = std::min(status_options.backoff_first, board_.options.told_again);
            status_options.backoff_last = std::min(status_options.backoff_last, board_.options.backoff_last);
            status_options.seed = seed_;
            status_options.may_write = board_.options.may_write;
            board_.statuses = std::make_unique<Statuses>(board_, io_, std::move(status_options));
            board_.rows = std::make_unique<StoredRows>(board_, io_);
        }
        board_.alive = std::make_unique<Alive>(board_, io_);
        board_.events = board_.options.dry_run
                            ? status::no_events()
                            : status::event_recorder(io_, *board_.client, "moontide", system_clock());
        board_.applier = make_applier();
        board_.metrics.readings([this] { return readings(); });
        running_ = true;
        io_thread_ = std::jthread([this] {
            name_thread("io");
            io_.run();
        });
        io_.post([this] {
            activation_.begin();
            audit_.begin();
            forgetting_.begin();
        });

        const unsigned workers =
            board_.options.workers > 0 ? board_.options.workers : std::max(1U, std::thread::hardware_concurrency());
        for (unsigned i = 0; i < workers; ++i) {
            workers_.emplace_back([this, i](std::stop_token token) {
                name_thread(("evaluate-" + std::to_string(i)).c_str());
                work(token, i);
            });
        }
        return {};
    }

    std::unique_ptr<apply::Applier> make_applier() {
        apply::ApplierHooks hooks;
        hooks.may_send = [this](const apply::Order& order) { return outcomes_.may_send(order); };
        hooks.address = [this](const plan::TargetKey& target) {
            return apply::Address{board_.kinds.resource(target.kind), board_.names.text(target.namespace_name),
                                  board_.names.text(target.name)};
        };
        hooks.signature = [this] { return apply::Signature{board_.options.instance, board_.cluster}; };
        hooks.outcome = [this](apply::Outcome outcome) { outcomes_.take(std::move(outcome)); };
        hooks.rested = [this] { board_.stirred(); };
        hooks.unanswered = [this](const apply::Order& order, const std::string& why) {
            outcomes_.unanswered(order, why);
        };
        apply::ApplierOptions options;
        options.most_in_flight = board_.options.most_in_flight;
        options.backoff_last = std::min(options.backoff_last, board_.options.backoff_last);
        options.seed = seed_;
        return std::make_unique<apply::Applier>(io_, *board_.client, options, std::move(hooks));
    }

    void stop(Milliseconds deadline) override { end(deadline); }
    void stop() { end(Milliseconds(4'000)); }
    void abandon() override { end(Milliseconds(0)); }

    std::vector<Ailment> ailments() const override;
    std::vector<Tally> tallies() const override;
    std::vector<Pause> pauses() const override;
    bool confirm(const std::string& plan) override { return activation_.confirm(plan); }
    bool settled() const override;
    bool wait_settled(Milliseconds deadline) const override;

private:
    void work(std::stop_token token, unsigned number);
    void end(Milliseconds deadline);
    /// `begin` starts something on the loop's thread and calls back when it is over; whether that was in time.
    bool wait_for(Milliseconds deadline, std::function<void(std::function<void()>)> begin);
    /// What owners were to be told in a moment is told now.
    void tell_owners();
    std::vector<status::Reading> readings() const;

    mutable Board board_;
    const std::uint64_t seed_;
    Loop io_;
    Reach reach_;
    Report report_;
    Outcomes outcomes_;
    Companions companions_;
    Audit audit_;
    Activation activation_;
    Forgetting forgetting_;
    std::jthread io_thread_;
    std::vector<std::jthread> workers_;
    bool running_ = false;
};

void Engine::work(std::stop_token token, unsigned number) {
    Planner planner(
        board_, reach_, report_, companions_, [this](plan::UnitId unit) { prove_gone(board_, io_, unit); },
        seed_ + number);
    while (const auto work = board_.queue.take(token)) {
        const auto unit = board_.units.get(work->key.unit);
        const auto* running = unit ? board_.running(unit->policy) : nullptr;
        const auto began = std::chrono::steady_clock::now();
        if (running != nullptr) {
            board_.metrics.queue_added(queue_name);
            board_.metrics.queue_waited(queue_name, work->waited);
        }
        if (work->key.spot == audit_spot) {
            audit_.found(work->key.unit, planner.audit(work->key.unit));
        } else {
            planner.look_at(work->key, work->urgency);
        }
        if (running != nullptr) {
            board_.metrics.queue_worked(queue_name, std::chrono::steady_clock::now() - began);
        }
        if (work->key.is_unit()) activation_.looked_at(work->key.unit);
        board_.queue.done(work->key);
        board_.stirred();
    }
}

void Engine::end(Milliseconds deadline) {
    if (!std::exchange(running_, false)) return;
    board_.stopping = true;
    board_.metrics.readings({});
    for (auto& worker : workers_) worker.request_stop();
    workers_.clear();
    if (board_.rows) board_.rows->close();
    if (deadline > Milliseconds(0)) {
        const auto until = std::chrono::steady_clock::now() + deadline;
        if (!wait_for(deadline, [this](auto drained) { board_.applier->close(std::move(drained)); })) {
            // What was sent and not answered is found again at the next start, by its claim.
            log::warn("stopped before every answer had come");
        }
        const auto left = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
        if (board_.statuses && left > Milliseconds(0)) {
            tell_owners();
            wait_for(left, [this](auto drained) { board_.statuses->close(std::move(drained)); });
        }
    }
    board_.ingest->stop();
    if (board_.rows) board_.rows->join();
    // On the thread that uses them: what it is at finds none of them gone, and after this it does nothing more.
    io_.post([this] {
        board_.ingest.reset();
        board_.applier.reset();
        board_.statuses.reset();
        board_.events.reset();
        board_.client.reset();
        io_.stop();
    });
    io_thread_.join();
}

bool Engine::wait_for(Milliseconds deadline, std::function<void(std::function<void()>)> begin) {
    // Shared, since it may be over when nobody waits any more.
    auto over = std::make_shared<std::promise<void>>();
    auto future = over->get_future();
    io_.post([begin = std::move(begin), over] { begin([over] { over->set_value(); }); });
    return future.wait_for(deadline) == std::future_status::ready;
}

void Engine::tell_owners() {
    std::set<plan::UnitId> owners;
    board_.queue.each_key([&](const queue::Key& key) {
        if (key.spot == settle_spot) owners.insert(key.unit);
    });
    Evaluation evaluation(board_, reach_, companions_);
    OwnerSettling settling(board_, report_, evaluation);
    for (const auto id : owners) {
        const auto owner = board_.units.get(id);
        const auto* running = owner ? board_.running(owner->policy) : nullptr;
        if (running != nullptr && running->ready) settling.tell_at_end(*owner, *running);
    }
}

std::vector<Ailment> Engine::ailments() const {
    std::vector<Ailment> found;
    const bool some_work = std::any_of(board_.policies.begin(), board_.policies.end(),
                                       [](const auto& running) { return running->ready.load(); });
    const auto watches = board_.ingest->health();
    const auto is_owner_of = [](const RunningPolicy& running, const kube::Kind& kind) {
        const auto& kinds = running.shape().owner_kinds;
        return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    };
    // Owners that were never ours to see: whoever gave us the rights of one policy did not mean the others.
    const auto denied = [&](const watch::Health& health) {
        if (health.synced || !health.last_error.starts_with("403") || !some_work) return false;
        const auto& kind = health.scope.resource.kind;
        return std::any_of(board_.policies.begin(), board_.policies.end(), [&](const auto& running) {
            const auto& copies = running->shape().copy_kinds;
            const bool one_of_several =
                copies.size() > 1 && running->ready && std::find(copies.begin(), copies.end(), kind) != copies.end();
            return one_of_several || is_owner_of(*running, kind);
        });
    };
    for (const auto& running : board_.policies) {
        const auto waiting = running->waiting_for.with([](const auto& text) { return text; });
        if (!waiting.empty()) {
            const bool others_work = board_.namespaces_hidden && some_work;
            found.push_back(
                {"policy " + running->shape().name, "waits for " + waiting, running->unasked || others_work});
        } else if (!running->ready) {
            const bool unseen = std::any_of(watches.begin(), watches.end(), [&](const auto& health) {
                return denied(health) && is_owner_of(*running, health.scope.resource.kind);
            });
            found.push_back({"policy " + running->shape().name, "its caches are not synced yet", unseen});
        }
    }
    const auto now = std::chrono::steady_clock::now();
    for (const auto& health : watches) {
        if (board_.foreigners->owns(health.id)) continue;
        if (!health.synced) {
            found.push_back({"watch " + health.scope.text(),
                             health.last_error.empty() ? "not synced yet" : "not synced: " + health.last_error,
                             denied(health)});
        } else if (health.failing_since &&
                   now - *health.failing_since > board_.options.silent_after / failing_after_part) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - *health.failing_since).count();
            found.push_back({"watch " + health.scope.text(),
                             "failing for " + std::to_string(seconds) + " s: " + health.last_error});
        } else if (now - health.last_heard > board_.options.silent_after * stuck_after) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - health.last_heard).count();
            found.push_back(
                {"watch " + health.scope.text(), "silent for " + std::to_string(seconds) + " s" +
                                                     (health.last_error.empty() ? "" : ": " + health.last_error)});
        }
    }
    return found;
}

std::vector<Tally> Engine::tallies() const {
    std::vector<Tally> tallies;
    for (const auto& running : board_.policies) {
        Tally tally;
        tally.policy = running->shape().name;
        std::vector<plan::UnitId> units;
        board_.units.each_of_policy(running->index, [&](const Unit& unit) {
            units.push_back(unit.id);
            if (unit.presence == Presence::present && unit.bond.group.empty() && !unit.is_owner()) ++tally.sources;
        });
        board_.have.with([&](const plan::Have& have) {
            for (const auto unit : units) {
                tally.copies += have.count_of(unit);
                have.troubles().each_of(unit, 0, [&](const plan::TargetKey&, const plan::Trouble& trouble) {
                    ++(trouble.refused ? tally.refused : tally.failed);
                });
            }
            have.each_ticket([&](const plan::TargetKey&, const plan::Ticket& ticket) {
                const auto unit = board_.units.get(ticket.unit);
                if (unit && unit->policy == running->index) ++tally.pending;
            });
        });
        tallies.push_back(std::move(tally));
    }
    return tallies;
}

std::vector<Pause> Engine::pauses() const {
    std::vector<Pause> pauses;
    for (const auto& running : board_.policies) {
        Pause pause;
        pause.policy = running->shape().name;
        pause.plan = running->gate.plan_id(pause.policy);
        if (pause.plan.empty()) continue;
        for (const auto id : running->gate.paused_units()) {
            const auto unit = board_.units.get(id);
            if (unit) pause.vanished.push_back(source_text(unit->bond));
            pause.copies += copies_with(board_, id);
        }
        std::set<plan::NameId> namespaces;
        for (const auto& [unit, name] : running->gate.paused_drops()) {
            namespaces.insert(name);
            ++pause.copies;
        }
        for (const auto name : namespaces) pause.vanished.push_back("namespace " + board_.names.text(name));
        pauses.push_back(std::move(pause));
    }
    return pauses;
}

bool Engine::settled() const {
    const auto idle_at = board_.queue.idle_at();
    if (!idle_at || !activation_.all_looked() || board_.applier->waiting() > 0 || board_.inquiries > 0) return false;
    if (!companions_.synced() || !board_.owner_sources->settled() || !board_.finalizers->settled()) return false;
    if (board_.statuses && board_.statuses->waiting() > 0) return false;
    const auto health = board_.ingest->health();
    if (health.empty() || !std::all_of(health.begin(), health.end(),
                                       [](const auto& one) { return one.synced || !one.last_error.empty(); })) {
        return false;
    }
    if (board_.have.with([](const plan::Have& have) { return have.own_writes_unseen(); }) > 0) return false;
    // What ended meanwhile has handed on to the queue what it left to do.
    return board_.queue.idle_at() == idle_at;
}

bool Engine::wait_settled(Milliseconds deadline) const {
    const auto until = std::chrono::steady_clock::now() + deadline;
    std::unique_lock lock(board_.stir_mutex);
    while (true) {
        lock.unlock();
        const bool reached = settled();
        lock.lock();
        if (reached) return true;
        if (std::chrono::steady_clock::now() >= until) return false;
        // A change between the look and the wait is caught by the short wait.
        board_.stir.wait_for(lock, std::min<std::chrono::steady_clock::duration>(
                                       until - std::chrono::steady_clock::now(), Milliseconds(20)));
    }
}

std::vector<status::Reading> Engine::readings() const {
    std::vector<status::Reading> out;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& health : board_.ingest->health()) {
        if (board_.foreigners->owns(health.id)) continue;
        const auto watch = health.scope.text();
        const auto seconds = std::chrono::duration<double>(now - health.last_heard).count();
        out.push_back({"moontide_watch_staleness_seconds", {{"watch", watch}}, seconds});
        out.push_back({"moontide_watch_relists_total", {{"watch", watch}}, static_cast<double>(health.relists)});
    }
    out.push_back({"moontide_units", {}, static_cast<double>(board_.units.size())});
    out.push_back({"moontide_names", {}, static_cast<double>(board_.names.size())});
    out.push_back({"workqueue_depth", {{"name", queue_name}}, static_cast<double>(board_.queue.depth())});
    out.push_back({"moontide_writes_in_flight", {}, static_cast<double>(board_.applier->in_flight())});
    out.push_back({"moontide_writes_in_flight_limit", {}, static_cast<double>(board_.applier->limit())});
    return out;
}

}  // namespace

Result<std::unique_ptr<Sync>> Sync::start(kube::Access access, std::vector<policy::PolicyPtr> policies,
                                          SyncOptions options, status::Metrics& metrics,
                                          std::function<void(const Deed&)> on_deed) {
    for (std::size_t i = 0; i < policies.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (policies[i]->shape().name == policies[j]->shape().name) {
                return fail("two policies are named '" + policies[i]->shape().name + "': " + policies[j]->shape().file +
                            " and " + policies[i]->shape().file);
            }
        }
    }
    const auto make = [access, policies, options, &metrics,
                       on_deed](std::function<bool()> may_write) -> Result<std::unique_ptr<Sync>> {
        auto chosen = options;
        chosen.may_write = std::move(may_write);
        const std::uint64_t seed = options.seed == 0 ? std::random_device{}() : options.seed;
        auto engine = std::make_unique<Engine>(policies, std::move(chosen), metrics, on_deed, seed);
        TRY_VOID(engine->start(access));
        return std::unique_ptr<Sync>(std::move(engine));
    };
    if (options.lead && !options.dry_run) return follow_the_lease(access, options, metrics, make);
    return make({});
}

}  // namespace moontide

#include "sync/led.hpp"

#include "base/log.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"
#include "status/events.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <random>
#include <shared_mutex>
#include <thread>
#include <utility>

#include <pthread.h>

namespace moontide::sync {

namespace {

/// An engine that could not be started is tried again after this long.
constexpr Milliseconds start_again{5'000};
/// Of the time to stop, what giving the Lease up may take.
constexpr Milliseconds release_takes{500};

class LedSync final : public Sync {
public:
    LedSync(SyncOptions options, status::Metrics& metrics, MakeEngine make_engine)
        : options_(std::move(options)), metrics_(metrics), make_engine_(std::move(make_engine)) {}

    ~LedSync() override { end(Milliseconds(4'000), true); }

    Result<void> start(const kube::Access& access) {
        kube::ClientOptions client_options;
        client_options.user_agent = options_.user_agent.empty() ? "moontide" : options_.user_agent;
        client_options.on_answer = [this](std::string_view method, std::string_view host, int status,
                                          Milliseconds took) { metrics_.request(method, host, status, took); };
        client_ = TRY(kube::Client::create(io_, access, std::move(client_options)));
        events_ = status::event_recorder(io_, *client_, "moontide", system_clock());
        auto election = *options_.lead;
        if (election.identity.empty()) election.identity = lead::host_identity();
        if (election.seed == 0) election.seed = std::random_device{}();
        identity_ = election.identity;
        lead::Elector::Hooks hooks;
        hooks.began = [this](const std::string& uid) {
            lease_uid_ = uid;
            tell("became leader");
            want(true);
        };
        hooks.ended = [this] {
            tell("stopped leading");
            want(false);
        };
        hooks.followed = [this](const std::string& holder) {
            log::info("another replica leads; this one stands by", {{"holder", holder}, {"lease", lease_text()}});
        };
        elector_ = std::make_unique<lead::Elector>(io_, *client_, std::move(election), std::move(hooks));
        metrics_.readings("lead", [this] {
            const double leads = leads_ ? 1 : 0;
            return std::vector<status::Reading>{
                {"leader_election_master_status", {{"name", options_.lead->name}}, leads}};
        });
        running_ = true;
        io_thread_ = std::jthread([this] {
            ::pthread_setname_np(::pthread_self(), "lead");
            io_.run();
        });
        terms_thread_ = std::jthread([this](const std::stop_token& stop) {
            ::pthread_setname_np(::pthread_self(), "terms");
            serve_terms(stop);
        });
        io_.post([this] { elector_->start(); });
        return {};
    }

    void stop(Milliseconds deadline) override { end(deadline, true); }
    void abandon() override { end(Milliseconds(0), false); }

    std::vector<Ailment> ailments() const override {
        return ask(leads_ ? std::vector<Ailment>{{"engine", "its term is beginning"}} : std::vector<Ailment>(),
                   [](const Sync& engine) { return engine.ailments(); });
    }
    std::vector<Tally> tallies() const override {
        return ask(std::vector<Tally>(), [](const Sync& engine) { return engine.tallies(); });
    }
    std::vector<Pause> pauses() const override {
        return ask(std::vector<Pause>(), [](const Sync& engine) { return engine.pauses(); });
    }
    bool confirm(const std::string& plan) override {
        return ask(false, [&](Sync& engine) { return engine.confirm(plan); });
    }
    /// A standby has nothing to do.
    bool settled() const override {
        return ask(!leads_, [](const Sync& engine) { return engine.settled(); });
    }
    bool wait_settled(Milliseconds deadline) const override {
        const auto until = std::chrono::steady_clock::now() + deadline;
        while (!settled()) {
            const auto left = std::chrono::ceil<Milliseconds>(until - std::chrono::steady_clock::now());
            if (left <= Milliseconds(0)) return false;
            std::unique_lock lock(mutex_);
            changed_.wait_for(lock, std::min(left, Milliseconds(20)));
        }
        return true;
    }

private:
    std::string lease_text() const { return options_.lead->namespace_name + "/" + options_.lead->name; }

    /// What the engine of this term says; it does not end meanwhile.
    template <typename Answer, typename Ask>
    Answer ask(Answer without, Ask&& question) const {
        std::shared_lock lock(engine_mutex_);
        return engine_ ? question(*engine_) : std::move(without);
    }

    void want(bool leads) {
        {
            std::scoped_lock lock(mutex_);
            leads_ = leads;
            ++term_;
        }
        changed_.notify_all();
        if (leads) log::info("this replica leads", {{"identity", identity_}, {"lease", lease_text()}});
    }

    void tell(const std::string& what) {
        if (lease_uid_.empty()) return;  // without an election
        status::Notice notice;
        notice.about = {{"coordination.k8s.io/v1", "Lease"}, options_.lead->namespace_name, options_.lead->name};
        notice.uid = lease_uid_;
        notice.reason = "LeaderElection";
        notice.message = identity_ + " " + what;
        notice.subject = notice.message;
        events_->tell(std::move(notice));
    }

    /// On its own thread, since an engine's end joins threads, which the election must not wait for.
    void serve_terms(const std::stop_token& stop) {
        std::uint64_t served = 0;
        bool again = false;
        while (true) {
            bool leads = false;
            {
                std::unique_lock lock(mutex_);
                const auto moved = [&] { return term_ != served; };
                if (again) {
                    changed_.wait_for(lock, stop, start_again, moved);
                } else {
                    changed_.wait(lock, stop, moved);
                }
                if (stop.stop_requested()) return;
                leads = leads_;
                served = term_;
            }
            // Also between two terms that follow each other closely: each begins with fresh lists.
            if (auto ended = take_engine()) ended->abandon();
            again = leads && !begin_term();
        }
    }

    bool begin_term() {
        auto made = make_engine_([this] { return elector_->may_write(); });
        if (!made) {
            log::error("the engine cannot be started; tried again", {{"message", made.error().message}});
            return false;
        }
        std::scoped_lock lock(engine_mutex_);
        engine_ = std::move(*made);
        return true;
    }

    std::unique_ptr<Sync> take_engine() {
        std::scoped_lock lock(engine_mutex_);
        return std::exchange(engine_, nullptr);
    }

    void end(Milliseconds deadline, bool orderly) {
        if (!std::exchange(running_, false)) return;
        terms_thread_.request_stop();
        changed_.notify_all();
        terms_thread_.join();
        if (const auto engine = take_engine()) {
            if (orderly) {
                engine->stop(std::max(deadline - release_takes, Milliseconds(1)));
            } else {
                engine->abandon();
            }
        }
        metrics_.readings("lead", {});
        if (orderly) {
            auto answered = std::make_shared<std::promise<void>>();
            io_.post([this, answered] { elector_->release([answered] { answered->set_value(); }); });
            answered->get_future().wait_for(release_takes);
        }
        std::promise<void> closed;
        io_.post([&] {
            elector_.reset();
            events_.reset();
            client_.reset();
            closed.set_value();
        });
        closed.get_future().wait();
        io_.stop();
        io_thread_.join();
    }

    const SyncOptions options_;
    status::Metrics& metrics_;
    const MakeEngine make_engine_;
    std::string identity_;
    std::string lease_uid_;  // of the loop's thread
    Loop io_;
    std::unique_ptr<kube::Client> client_;    // of the loop's thread
    std::unique_ptr<status::Events> events_;  // of the loop's thread, but tell()
    std::unique_ptr<lead::Elector> elector_;  // of the loop's thread, but may_write()

    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    std::atomic<bool> leads_{false};
    std::uint64_t term_ = 0;  // guarded by mutex_; moves with each beginning and end
    mutable std::shared_mutex engine_mutex_;
    std::unique_ptr<Sync> engine_;  // guarded by engine_mutex_
    bool running_ = false;
    std::jthread io_thread_;
    std::jthread terms_thread_;
};

}  // namespace

Result<std::unique_ptr<Sync>> follow_the_lease(const kube::Access& access, const SyncOptions& options,
                                               status::Metrics& metrics, MakeEngine make_engine) {
    if (const auto complaint = lead::complaint_about(options.lead->timing); !complaint.empty()) {
        return fail("leader election: " + complaint);
    }
    auto led = std::make_unique<LedSync>(options, metrics, std::move(make_engine));
    TRY_VOID(led->start(access));
    return std::unique_ptr<Sync>(std::move(led));
}

}  // namespace moontide::sync

#include "play.hpp"

#include "checker.hpp"
#include "engine.hpp"
#include "policies.hpp"
#include "proof_server.hpp"
#include "users.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace moontide::plans {

namespace {

/// How often each rule fired; the server's thread counts.
using Counters = std::vector<std::atomic<std::size_t>>;

constexpr auto* REFUSING = R"(local PREFIX = "flux-extension.nrfcloud.com/"
return {
  api         = "moontide/v1",
  from        = { kind = "ConfigMap", namespace = "@SOURCES@", annotations = { [PREFIX .. "sync-configmap"] = "true" } },
  into        = { annotations = { [PREFIX .. "sync-target"] = "true" } },
  existing    = "refuse",
  annotations = { [PREFIX .. "sync-source"] = "{source.namespace}/{source.name}" },
})";

class Player {
public:
    Player(const Plan& plan, std::string replay, const Patience& patience)
        : plan_(plan),
          replay_(std::move(replay)),
          patience_(patience),
          history_(server_.begin_history()),
          users_(Users::of(world_, plan.policy)) {
        for (const auto& rule : plan.faults.rules) terms_grace_ += rule.duration + rule.delay;
    }
    ~Player() {
        engine_.reset();
        server_.heal();
    }
    Player(const Player&) = delete;
    Player& operator=(const Player&) = delete;

    Outcome play() {
        Outcome outcome;
        try {
            begin_trouble();
            for (const auto& action : plan_.actions) act(action);
            end();
        } catch (const std::exception& error) {
            outcome.complaint = error.what();
        }
        engine_.reset();
        server_.heal();
        proof::keep_history(*history_);
        if (outcome.complaint.empty()) {
            auto terms = users_->terms();
            terms.grace += terms_grace_ + server_.lag();
            outcome.complaint = proof::check(*history_, terms, replay_);
        } else {
            outcome.complaint += "\nagain with: " + replay_ + "\n" + last_lines();
        }
        if (!outcome.complaint.empty()) proof::keep_broken_history(*history_, std::to_string(plan_.seed));
        count(outcome.sums);
        return outcome;
    }

private:
    void begin_trouble() {
        if (plan_.faults.rules.empty()) return;
        server_.inject(plan_.faults, [fired = fired_](const proof::Fired& told) { ++fired->at(told.rule); });
    }

    bool runs() const { return engine_ && runs_; }

    void start() {
        if (runs()) return;
        history_->note("run started");
        ++starts_;
        runs_ = true;
        if (engine_) return engine_->start();
        test::Setup setup;
        if (plan_.policy == Policy::refuse) setup.policies = {test::policy_of(world_, REFUSING, "refusing")};
        if (users_->terms().has_owners()) setup.policies = {test::shipped_policy(std::string(word(plan_.policy)))};
        setup.adjust = [](SyncOptions& options) {
            options.backoff_last = Milliseconds(100);
            options.refused_again = Milliseconds(200);
            options.told_again = Milliseconds(10);
            options.together = Milliseconds(5);
            options.kind_leaving = Milliseconds(10);
            options.secrets_again = Milliseconds(100);
            options.database.backoff_first = Milliseconds(10);
            options.database.backoff_last = Milliseconds(100);
        };
        engine_ = std::make_unique<test::Engine>(world_, std::move(setup));
    }

    void stop() {
        if (runs()) engine_->stop();
        runs_ = false;
    }

    void kill() {
        if (!runs()) return;
        history_->note("killed");
        engine_->crash();
        runs_ = false;
    }

    void act(const Action& action) {
        switch (action.what) {
            case What::engine_start:
                return start();
            case What::engine_stop:
                return stop();
            case What::engine_kill:
                return kill();
            case What::engine_restart:
                kill();
                return start();
            case What::rest:
                return rest();
            default:
                return users_->act(action);
        }
    }

    std::string complaint(const test::Objects& objects) const { return users_->complaint(objects.all()); }

    void rest() {
        if (!runs()) return;
        if (plan_.faults.rules.empty() && !users_->in_trouble()) return come_to_rest();
        world_.mirror.await([this](const test::Objects& objects) { return complaint(objects); }, patience_.troubled);
    }

    void await(const std::string& when) {
        const auto missing =
            world_.mirror.await([this](const test::Objects& objects) { return complaint(objects); }, patience_.rest);
        if (missing.empty()) return;
        throw std::runtime_error(fmt::format("broken: model: {}: {}\n{}", when, missing, engine_->story()));
    }

    void settle() {
        if (engine_->sync().wait_settled(patience_.rest)) return;
        std::string why;
        for (const auto& ailment : engine_->sync().ailments()) why += ailment.name + ": " + ailment.message + "\n";
        for (const auto& tally : engine_->sync().tallies()) {
            why += fmt::format("{}: {} steps pending, {} failed, {} refused\n", tally.policy, tally.pending,
                               tally.failed, tally.refused);
        }
        throw std::runtime_error("broken: settling: the engine does not settle\n" + why + engine_->story());
    }

    /// What is marked and not asked for may go later.
    bool is_certain() const { return users_->given().marked.empty(); }

    void come_to_rest() {
        await("what users asked for");
        users_->call();
        await("what users asked for, once all was seen");
        settle();
        if (is_certain()) history_->note("settled");
    }

    void end() {
        server_.heal();
        users_->heal();
        start();
        come_to_rest();
        if (plan_.quiet_restart && is_certain()) {
            stop();
            start();
            settle();
            history_->note("settled");
        }
        stop();
        Seen seen;
        for (const char* kind : {"ConfigMap", "Secret", "Namespace"}) {
            for (auto& object : world_.api.list(kind)) {
                object["apiVersion"] = "v1";
                object["kind"] = kind;
                auto ref = test::ref_of(object);
                seen.emplace(std::move(ref), std::move(object));
            }
        }
        const auto missing = users_->complaint(seen);
        if (!missing.empty()) throw std::runtime_error("broken: model: at the end: " + missing);
    }

    /// What no invariant points at: how the history ends.
    std::string last_lines() const {
        constexpr std::size_t MOST = 40;
        constexpr std::size_t LONGEST = 400;
        const auto entries = history_->entries();
        std::string text = "The end of the history:\n";
        for (auto at = entries.size() - std::min(entries.size(), MOST); at < entries.size(); ++at) {
            text += "  " + sandbox::line_of(entries[at]).substr(0, LONGEST) + "\n";
        }
        return text;
    }

    void count(Sums& sums) const {
        sums.plans = 1;
        sums.actions = plan_.actions.size();
        sums.restarts = starts_ > 0 ? starts_ - 1 : 0;
        for (std::size_t index = 0; index < fired_->size(); ++index) {
            sums.faults[std::string(sandbox::word(plan_.faults.rules[index].fault))] += fired_->at(index);
        }
        for (const auto& entry : history_->entries()) {
            const auto* asked = std::get_if<sandbox::Asked>(&entry.what);
            if (!asked || asked->client != users_->terms().client) continue;
            ++sums.requests;
            if (asked->writes() && users_->terms().copies.contains(asked->resource)) ++sums.writes;
        }
    }

    const Plan& plan_;
    std::string replay_;
    Patience patience_;
    proof::ProofServer& server_ = proof::ProofServer::under_test();
    std::shared_ptr<sandbox::History> history_;
    std::shared_ptr<Counters> fired_ = std::make_shared<Counters>(plan_.faults.rules.size());
    Milliseconds terms_grace_{0};
    test::World world_;
    std::unique_ptr<Users> users_;
    std::unique_ptr<test::Engine> engine_;
    bool runs_ = false;
    std::size_t starts_ = 0;
};

}  // namespace

void Sums::add(const Sums& other) {
    plans += other.plans;
    actions += other.actions;
    restarts += other.restarts;
    requests += other.requests;
    writes += other.writes;
    for (const auto& [fault, count] : other.faults) faults[fault] += count;
}

Outcome play(const Plan& plan, const std::string& replay, const Patience& patience) {
    return Player(plan, replay, patience).play();
}

}  // namespace moontide::plans

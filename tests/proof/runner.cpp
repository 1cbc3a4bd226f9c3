#include "runner.hpp"

#include "policies.hpp"
#include "process.hpp"
#include "timeline.hpp"

#include <csignal>
#include <optional>
#include <utility>

namespace moontide::proof {

namespace {

class InProcess final : public Runner {
public:
    InProcess(test::World& world, const std::string& lua, std::optional<Driven> driven) : world_(world) {
        if (!lua.empty()) policies_.push_back(test::policy_of(world, lua, "told"));
        if (driven) policies_.push_back(test::shipped_policy(policy_of(*driven).name));
    }

    void start() override {
        if (engine_) return engine_->start();
        test::Setup setup;
        setup.policies = policies_;
        setup.adjust = [](SyncOptions& options) {
            options.told_again = Milliseconds(10);
            options.together = Milliseconds(5);
            options.kind_leaving = Milliseconds(10);
        };
        engine_ = std::make_unique<test::Engine>(world_, std::move(setup));
    }
    void stop() override { engine_->stop(); }
    void crash() override { engine_->crash(); }
    bool settle(Milliseconds deadline) override { return engine_->sync().wait_settled(deadline); }
    bool has_told_of_a_deed() const override { return !engine_->deeds().empty(); }
    std::vector<std::pair<std::string, std::string>> pages() const override {
        std::string failing;
        for (const auto& ailment : engine_->sync().ailments()) failing += ailment.name + ": " + ailment.message + "\n";
        return {{"/metrics", engine_->page()}, {"/readyz", failing}};
    }
    std::string story() const override { return engine_->story(); }

private:
    test::World& world_;
    std::vector<policy::PolicyPtr> policies_;
    std::unique_ptr<test::Engine> engine_;
};

/// Nothing written for so long counts as settled: a process does not say.
constexpr Milliseconds QUIET{100};

ProcessOptions options_of(const test::World& world, std::string lua, std::optional<Driven> driven) {
    ProcessOptions options;
    options.kubeconfig_file = world.server.kubeconfig_file();
    options.config = "controller:\n  instance: " + world.id() + "\n";
    if (driven) {
        options.flags = {"--only", policy_of(*driven).name};
        return options;
    }
    if (lua.empty()) {
        options.config += "policies:\n  annotation-sync:\n    settings:\n      namespace: " + world.sources() + "\n";
        return options;
    }
    const std::string hole = "@SOURCES@";
    for (auto at = lua.find(hole); at != std::string::npos; at = lua.find(hole)) {
        lua.replace(at, hole.size(), world.sources());
    }
    // One of its name replaces the built-in one.
    options.policies.emplace_back("annotation-sync", std::move(lua));
    return options;
}

class AsProcess final : public Runner {
public:
    AsProcess(test::World& world, std::shared_ptr<sandbox::History> history, std::string lua,
              std::optional<Driven> driven)
        : world_(world), history_(std::move(history)), process_(options_of(world, std::move(lua), driven)) {}

    void start() override { process_.start(); }
    void stop() override { end(SIGTERM); }
    void crash() override { end(SIGKILL); }

    bool settle(Milliseconds deadline) override {
        const auto until = std::chrono::steady_clock::now() + deadline;
        auto seen = writes();
        auto since = std::chrono::steady_clock::now();
        // The mirror's wait looks again every few milliseconds.
        const auto restless = world_.mirror.await(
            [&](const test::Objects&) -> std::string {
                const auto now = writes();
                if (now != seen) {
                    seen = now;
                    since = std::chrono::steady_clock::now();
                }
                return std::chrono::steady_clock::now() - since >= QUIET ? "" : "it still writes";
            },
            std::chrono::duration_cast<Milliseconds>(until - std::chrono::steady_clock::now()));
        return restless.empty();
    }
    bool has_told_of_a_deed() const override { return true; }
    std::vector<std::pair<std::string, std::string>> pages() const override {
        return {{"/metrics", process_.metrics().text}, {"/readyz", process_.ready().text}};
    }
    std::string story() const override { return process_.log(); }

private:
    std::size_t writes() const {
        std::size_t count = 0;
        for (const auto& entry : history_->entries()) {
            const auto* asked = std::get_if<Asked>(&entry.what);
            if (asked && asked->writes() && asked->client.starts_with("moontide/")) ++count;
        }
        return count;
    }

    void end(int signal) {
        if (!process_.runs()) return;
        process_.end(signal);
        history_->note("said", {{"where", "the log"}, {"text", process_.log()}});
    }

    test::World& world_;
    std::shared_ptr<sandbox::History> history_;
    Process process_;
};

}  // namespace

std::unique_ptr<Runner> runner_in_process(test::World& world, const std::string& lua, std::optional<Driven> driven) {
    return std::make_unique<InProcess>(world, lua, driven);
}

std::unique_ptr<Runner> runner_as_process(test::World& world, std::shared_ptr<sandbox::History> history,
                                          const std::string& lua, std::optional<Driven> driven) {
    return std::make_unique<AsProcess>(world, std::move(history), lua, driven);
}

}  // namespace moontide::proof

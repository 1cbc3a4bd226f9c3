#include "runner.hpp"

#include "policies.hpp"
#include "timeline.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace moontide::proof {

namespace {

class InProcess final : public Runner {
public:
    InProcess(test::World& world, const std::string& lua) : world_(world) {
        if (!lua.empty()) policies_.push_back(test::policy_of(world, lua, "told"));
    }

    void start() override {
        if (engine_) return engine_->start();
        test::Setup setup;
        setup.policies = policies_;
        engine_ = std::make_unique<test::Engine>(world_, std::move(setup));
    }
    void stop() override { engine_->stop(); }
    void crash() override { engine_->crash(); }
    bool settle(Milliseconds deadline) override { return engine_->sync().wait_settled(deadline); }
    bool has_told_of_a_deed() const override { return !engine_->deeds().empty(); }
    std::string story() const override { return engine_->story(); }

private:
    test::World& world_;
    std::vector<policy::PolicyPtr> policies_;
    std::unique_ptr<test::Engine> engine_;
};

/// Nothing written for so long counts as settled: a process does not say.
constexpr Milliseconds QUIET{100};

std::string text_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

class AsProcess final : public Runner {
public:
    AsProcess(test::World& world, std::shared_ptr<sandbox::History> history, std::string lua)
        : world_(world), history_(std::move(history)) {
        std::string name = (std::filesystem::temp_directory_path() / "moontide-proof-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        folder_ = name;
        std::filesystem::create_directory(folder_ / "policies");
        std::ofstream config(folder_ / "config.yaml");
        config << "controller:\n  instance: " << world.id() << "\n";
        if (lua.empty()) {
            config << "policies:\n  annotation-sync:\n    settings:\n      namespace: " << world.sources() << "\n";
        } else {
            // One of its name replaces the built-in one.
            const std::string hole = "@SOURCES@";
            for (auto at = lua.find(hole); at != std::string::npos; at = lua.find(hole)) {
                lua.replace(at, hole.size(), world.sources());
            }
            std::ofstream(folder_ / "policies" / "annotation-sync.lua") << lua;
        }
    }
    AsProcess(const AsProcess&) = delete;
    AsProcess& operator=(const AsProcess&) = delete;
    ~AsProcess() override {
        end(SIGKILL);
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    void start() override {
        const auto log = (folder_ / "log").string();
        const std::vector<std::string> words = {MOONTIDE_PROGRAM,
                                                "run",
                                                "--kubeconfig",
                                                world_.server.kubeconfig_file(),
                                                "--config",
                                                (folder_ / "config.yaml").string(),
                                                "--policies",
                                                (folder_ / "policies").string(),
                                                "--metrics-bind-address",
                                                "0",
                                                "--health-probe-bind-address",
                                                "0"};
        std::vector<char*> arguments;
        for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
        ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
        const int failed = ::posix_spawn(&process_, arguments[0], &files, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&files);
        if (failed != 0) throw std::runtime_error(std::string("cannot start moontide: ") + std::strerror(failed));
    }
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
    std::string story() const override { return text_of(folder_ / "log"); }

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
        if (process_ <= 0) return;
        ::kill(process_, signal);
        int status = 0;
        while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
        }
        process_ = 0;
        history_->note("said", {{"where", "the log"}, {"text", story()}});
    }

    test::World& world_;
    std::shared_ptr<sandbox::History> history_;
    std::filesystem::path folder_;
    pid_t process_ = 0;
};

}  // namespace

std::unique_ptr<Runner> runner_in_process(test::World& world, const std::string& lua) {
    return std::make_unique<InProcess>(world, lua);
}

std::unique_ptr<Runner> runner_as_process(test::World& world, std::shared_ptr<sandbox::History> history,
                                          const std::string& lua) {
    return std::make_unique<AsProcess>(world, std::move(history), lua);
}

}  // namespace moontide::proof

// moontide run: the controller.
#include "base/log.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "cli/log_flags.hpp"
#include "cli/policies.hpp"
#include "cli/program.hpp"
#include "cli/signals.hpp"
#include "cli/turned_off.hpp"
#include "kube/kubeconfig.hpp"
#include "lead/elector.hpp"
#include "serve/address.hpp"
#include "serve/pages.hpp"
#include "serve/server.hpp"
#include "status/metrics.hpp"
#include "sync.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <map>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace moontide::cli {

namespace {

/// SIGTERM stops within 5 s: the engine's answers have most of it, the rest comes by force.
constexpr Milliseconds answers_awaited{3'500};
constexpr Milliseconds whole_end{4'800};
constexpr Milliseconds pages_awaited{500};

struct RunFlags {
    kube::AccessOptions access;
    std::string config;
    std::vector<std::string> policies;
    std::vector<std::string> only;
    bool dry_run = false;
    std::string metrics = ":8080";
    std::string health = ":8081";
    bool leader_elect = false;
    std::string leader_namespace;
    lead::Timing leader_timing;
    LogFlags log;
};

/// What the command line and the config file say together, checked.
struct Settings {
    Config config;
    PolicyTexts texts;
    std::optional<serve::Address> metrics;
    std::optional<serve::Address> health;
};

Result<Settings> settings_from(const RunFlags& flags, const Bindings& bindings) {
    Settings settings;
    settings.metrics = TRY(serve::parse_address(flags.metrics, "--metrics-bind-address"));
    settings.health = TRY(serve::parse_address(flags.health, "--health-probe-bind-address"));
    if (const auto complaint = lead::complaint_about(flags.leader_timing); !complaint.empty()) {
        return fail("--leader-election-...: " + complaint);
    }
    settings.texts = TRY(gather_policies(bindings.builtins, flags.policies));
    TRY_VOID(keep_only(flags.only, settings.texts));
    if (!flags.config.empty()) {
        const auto text = TRY(read_text(flags.config));
        settings.config = TRY(parse_config(text, flags.config, settings.texts.names));
    }
    return settings;
}

/// The Lease of this instance: engines of other instances have copies of their own, and do not wait for this one.
lead::ElectorOptions election(const RunFlags& flags, const Config& config, const kube::Access& access) {
    lead::ElectorOptions options;
    options.namespace_name = flags.leader_namespace.empty() ? access.default_namespace : flags.leader_namespace;
    // An instance is a label's value, which knows more characters than an object's name.
    options.name = config.instance;
    std::ranges::transform(options.name, options.name.begin(),
                           [](unsigned char c) { return c == '_' ? '-' : static_cast<char>(std::tolower(c)); });
    options.timing = flags.leader_timing;
    return options;
}

SyncOptions sync_options(const Config& config, bool dry_run) {
    SyncOptions options;
    options.instance = config.instance;
    options.excluded_namespaces = config.excluded_namespaces;
    options.dry_run = dry_run;
    options.user_agent = user_agent();
    if (config.workers) options.workers = *config.workers;
    if (config.most_in_flight) options.most_in_flight = *config.most_in_flight;
    if (config.vanished_least) options.vanished_least = *config.vanished_least;
    if (config.vanished_percent) options.vanished_percent = *config.vanished_percent;
    return options;
}

std::vector<status::Reading> readings_of(const Sync& sync) {
    std::vector<status::Reading> readings;
    for (const auto& tally : sync.tallies()) {
        const auto copies = [&](const char* state, std::size_t count) {
            readings.push_back(
                {"moontide_copies", {{"policy", tally.policy}, {"state", state}}, static_cast<double>(count)});
        };
        copies("synced", tally.copies);
        copies("pending", tally.pending);
        copies("refused", tally.refused);
        copies("failed", tally.failed);
        readings.push_back({"moontide_sources", {{"policy", tally.policy}}, static_cast<double>(tally.sources)});
        const auto pauses = sync.pauses();
        const auto waiting = std::ranges::count(pauses, tally.policy, &Pause::policy);
        readings.push_back({"moontide_paused", {{"policy", tally.policy}}, static_cast<double>(waiting)});
    }
    return readings;
}

/// The engine, what it serves, and the order of their ends.
class Controller {
public:
    /// The addresses first, so that a port that is taken ends the start before anything is written.
    Result<void> start(const Settings& settings, kube::Access access, std::vector<policy::PolicyPtr> policies,
                       const RunFlags& flags) {
        if (settings.metrics) {
            metrics_server_ = TRY(
                serve::Server::listen(*settings.metrics, {serve::metrics_page([this] { return metrics_.page(); })}));
        }
        if (settings.health) health_server_ = TRY(serve::Server::listen(*settings.health, health_routes()));
        auto options = sync_options(settings.config, flags.dry_run);
        if (flags.leader_elect) options.lead = election(flags, settings.config, access);
        sync_ = TRY(Sync::start(std::move(access), std::move(policies), std::move(options), metrics_));
        metrics_.readings("cli", [this] { return readings_of(*sync_); });
        running_ = sync_.get();
        return {};
    }

    ~Controller() {
        running_ = nullptr;
        health_server_.reset();
        metrics_server_.reset();
        metrics_.readings("cli", {});
    }

    void stop() {
        running_ = nullptr;
        sync_->stop(answers_awaited);
    }

private:
    std::vector<serve::Route> health_routes() {
        return {serve::health_page(), serve::ready_page([this] { return failing(); }),
                serve::confirm_page(
                    [this](const std::string& plan) {
                        auto* sync = running_.load();
                        return sync != nullptr && sync->confirm(plan);
                    },
                    [this] {
                        std::vector<std::string> plans;
                        if (const auto* sync = running_.load()) {
                            for (const auto& pause : sync->pauses()) plans.push_back(pause.plan);
                        }
                        return plans;
                    })};
    }

    std::vector<serve::Failing> failing() const {
        const auto* sync = running_.load();
        if (sync == nullptr) return {{"engine", "it is being started or stopped"}};
        std::vector<serve::Failing> failing;
        for (const auto& ailment : sync->ailments()) {
            // Policies are on by default, and most clusters have the owners of few of them.
            if (!ailment.unasked) failing.push_back({ailment.name, ailment.message});
        }
        return failing;
    }

    status::Metrics metrics_;
    std::unique_ptr<Sync> sync_;
    /// What the pages ask; null before the engine has started and once it stops. It stays alive until they are gone.
    std::atomic<Sync*> running_ = nullptr;
    std::unique_ptr<serve::Server> metrics_server_;
    std::unique_ptr<serve::Server> health_server_;
};

int run(const RunFlags& flags, const Surroundings& around) {
    const auto ended = [&](int code, std::string_view why) {
        fmt::print(around.err, "moontide run: {}\n", why);
        return code;
    };
    if (const auto set = flags.log.apply(); !set) return ended(exit_code::wrong_use, set.error().message);
    const auto settings = settings_from(flags, around.bindings);
    if (!settings) return ended(exit_code::wrong_use, settings.error().message);

    Signals signals;
    for (const auto& warning : settings->config.warnings) log::warn(warning);
    for (const auto& note : settings->texts.notes) log::info(note);
    for (const auto& problem : settings->texts.problems) log::error(problem);
    auto loaded = load_policies(settings->texts, settings->config, around.bindings);
    for (const auto& problem : loaded.problems) log::error(problem);
    for (const auto& name : loaded.disabled) {
        log::info("the policy is turned off; the copies that it made stay", {{"policy", name}});
    }
    if (loaded.policies.empty()) return ended(exit_code::failed, "there is no policy to run");

    auto access = kube::find_access(flags.access);
    if (!access) return ended(exit_code::failed, access.error().message);
    std::vector<std::string> names;
    names.reserve(loaded.policies.size());
    for (const auto& policy : loaded.policies) names.push_back(policy->shape().name);
    log::info(flags.dry_run ? "moontide starts, and writes nothing (--dry-run)" : "moontide starts",
              {{"version", MOONTIDE_VERSION},
               {"server", access->server},
               {"context", access->context},
               {"instance", settings->config.instance},
               {"policies", fmt::format("{}", fmt::join(names, ","))},
               {"excluded", fmt::format("{}", fmt::join(settings->config.excluded_namespaces, ","))},
               {"metrics", settings->metrics ? settings->metrics->text() : "off"},
               {"health", settings->health ? settings->health->text() : "off"}});

    const auto left = tell_of_owners_left(loaded.disabled, settings->texts, around.bindings, *access);
    Controller controller;
    if (const auto started = controller.start(*settings, std::move(*access), std::move(loaded.policies), flags);
        !started) {
        return ended(exit_code::failed, started.error().message);
    }
    signals.wait();
    signals.end_by(whole_end, exit_code::failed);
    log::info("stopping", {{"signal", *signals.seen()}});
    controller.stop();
    log::info("stopped");
    // All that matters is done; clients of the pages that say nothing are not waited for.
    signals.end_by(pages_awaited, exit_code::fine);
    return exit_code::fine;
}

}  // namespace

Work add_run(CLI::App& program) {
    auto* command = program.add_subcommand("run", "Run the controller against a cluster");
    auto flags = std::make_shared<RunFlags>();
    command->add_option("--kubeconfig", flags->access.kubeconfig,
                        "This kubeconfig; else KUBECONFIG, the pod's service account, ~/.kube/config");
    command->add_option("--context", flags->access.context, "The kubeconfig's context; else its current one");
    command->add_option("--config", flags->config, "The config file (see the README)");
    command
        ->add_option("--policies", flags->policies,
                     "A folder with <name>/policy.lua and <name>.lua; may be given several times")
        ->expected(1)
        ->take_all();
    command->add_option("--only", flags->only, "Run this policy alone; may be given several times")
        ->type_name("NAME")
        ->expected(1)
        ->take_all();
    command->add_flag("--dry-run", flags->dry_run, "Print what would be done and write nothing");
    command->add_option("--metrics-bind-address", flags->metrics, "Where /metrics is; 0 for nowhere")
        ->capture_default_str();
    command->add_option("--health-probe-bind-address", flags->health, "Where /healthz and /readyz are; 0 for nowhere")
        ->capture_default_str();
    command->add_flag("--leader-elect", flags->leader_elect,
                      "Work only while holding the Lease named after the instance, so that several replicas may run");
    command->add_option("--leader-election-namespace", flags->leader_namespace,
                        "Where the Lease is; else the pod's namespace, or that of the kubeconfig's context");
    const auto duration = [&](const char* name, Milliseconds& value, const char* help) {
        command
            ->add_option_function<std::int64_t>(
                name, [&value](std::int64_t milliseconds) { value = Milliseconds(milliseconds); }, help)
            ->transform(
                CLI::AsNumberWithUnit(std::map<std::string, std::int64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}},
                                      CLI::AsNumberWithUnit::UNIT_REQUIRED))
            ->type_name("DURATION");
    };
    duration("--leader-election-lease-duration", flags->leader_timing.lease,
             "A Lease that is not renewed for so long is free [15s]");
    duration("--leader-election-renew-deadline", flags->leader_timing.renew,
             "A leader that cannot renew it for so long stops [10s]");
    duration("--leader-election-retry-period", flags->leader_timing.retry, "The time between two tries [2s]");
    flags->log.add_to(*command);
    command->footer(
        "The built-in policies are on; `policies: {NAME: {enabled: false}}` in the config file turns one off, --only "
        "all\n"
        "others, and one of its name in --policies replaces it. Replicas with --leader-elect take turns; one whose\n"
        "Leases are denied says so at its start and works without an election. SIGTERM stops within 5 s, a second one "
        "at once.\n"
        "Examples:\n"
        "  moontide run --dry-run                         what would be done in the current context\n"
        "  moontide run --config config.yaml --context staging\n"
        "  moontide run --policies ./policies --metrics-bind-address 127.0.0.1:8080");
    return [flags](const Surroundings& around) { return run(*flags, around); };
}

}  // namespace moontide::cli

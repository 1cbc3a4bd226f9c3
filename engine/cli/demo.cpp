// moontide demo: a cluster in this process, the policy annotation-sync, and a short story told as it happens.
#include "cli/command.hpp"
#include "cli/embedded_files.hpp"
#include "cli/demo_steps.hpp"
#include "cli/kubeconfig_file.hpp"
#include "cli/log_flags.hpp"
#include "cli/program.hpp"
#include "cli/signals.hpp"
#include "cli/story.hpp"
#include "kube/blocking.hpp"
#include "kube/kubeconfig.hpp"
#include "sandbox/sandbox.hpp"
#include "status/metrics.hpp"
#include "sync.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace moontide::cli {

namespace {

constexpr std::string_view policy_name = "annotation-sync";

struct DemoFlags {
    bool once = false;
    LogFlags log{.format = "text", .level = "warn"};
};

/// A deed in a line, for those who play with the cluster.
std::string told(const moontide::Deed& deed) {
    const auto what = [&] {
        switch (deed.what) {
            case Deed::What::created:
                return "made";
            case Deed::What::replaced:
                return "put right";
            case Deed::What::deleted:
                return "removed";
            case Deed::What::released:
                return "released";
            case Deed::What::refused:
                return "refused";
            case Deed::What::failed:
                return "failed";
        }
        return "";
    }();
    return fmt::format("{} {}/{} ({})", what, deed.target.namespace_name, deed.target.name, deed.reason);
}

/// The sandbox, the engine and our own look at the API, in the order of their beginnings.
class Stage {
public:
    static Result<std::unique_ptr<Stage>> set(const Bindings& bindings, Story& story) {
        auto stage = std::make_unique<Stage>();
        stage->sandbox_ = TRY(sandbox::Sandbox::start({}));
        for (const auto& manifest : demo_manifests()) {
            TRY_VOID(stage->sandbox_->load(std::string(manifest.text), std::string(manifest.file)));
        }
        const auto access = TRY(kube::parse_kubeconfig(stage->sandbox_->kubeconfig(), "the sandbox's kubeconfig", "."));
        kube::ClientOptions client;
        client.user_agent = user_agent();
        stage->api_ = TRY(kube::Blocking::connect(access, client));
        stage->world_ = TRY(DemoWorld::look(*stage->api_));

        const auto text = std::ranges::find(bindings.builtins, policy_name, &PolicyText::name);
        if (text == bindings.builtins.end()) return fail(fmt::format("there is no built-in policy {}", policy_name));
        auto policy = TRY(bindings.load(*text, nlohmann::json::object(), {}));
        SyncOptions options;
        options.user_agent = user_agent();
        stage->began_ = system_clock().now();
        stage->sync_ = TRY(Sync::start(access, {std::move(policy)}, options, stage->metrics_,
                                       [stage = stage.get(), &story](const Deed& deed) {
                                           if (stage->deeds_are_told) story.detail(told(deed));
                                       }));
        return stage;
    }

    kube::Blocking& api() { return *api_; }
    const DemoWorld& world() const { return world_; }
    Instant began() const { return began_; }
    const sandbox::Sandbox& sandbox() const { return *sandbox_; }

    std::atomic<bool> deeds_are_told = false;

private:
    std::unique_ptr<sandbox::Sandbox> sandbox_;
    std::unique_ptr<kube::Blocking> api_;
    DemoWorld world_;
    Instant began_;
    status::Metrics metrics_;
    std::unique_ptr<Sync> sync_;
};

int demo(const DemoFlags& flags, const Surroundings& around) {
    const auto ended = [&](int code, const Error& why) {
        fmt::print(around.err, "moontide demo: {}\n", why.message);
        return code;
    };
    if (const auto set = flags.log.apply(); !set) return ended(exit_code::wrong_use, set.error());
    Signals signals;
    Story story(around.out, look_of_stdout());
    const auto stage = Stage::set(around.bindings, story);
    if (!stage) return ended(exit_code::failed, stage.error());
    const auto& world = (*stage)->world();

    story.title("moontide demo", fmt::format("an API server in this process, the policy {}, no cluster", policy_name));
    story.gap();
    std::vector<std::string> sources;
    sources.reserve(world.sources.size());
    for (const auto& [name, data] : world.sources) sources.push_back(world.home + "/" + name);
    story.fact("sources", sources);
    story.fact("targets", world.target_list());
    story.gap();

    DemoSteps steps((*stage)->api(), world, story, [&signals] { return signals.seen().has_value(); });
    if (!steps.tell((*stage)->began())) return exit_code::failed;
    if (flags.once) return exit_code::fine;

    const auto kubeconfig = TemporaryKubeconfig::write((*stage)->sandbox().kubeconfig());
    if (!kubeconfig) return ended(exit_code::failed, kubeconfig.error());
    story.text("It stays up until Ctrl-C; what you change is told here:");
    story.text(fmt::format("  kubectl --kubeconfig {} get configmaps -A", kubeconfig->file()));
    (*stage)->deeds_are_told = true;
    signals.wait();
    signals.end_by(Milliseconds(4'800), exit_code::failed);
    story.gap();
    return exit_code::fine;
}

}  // namespace

Work add_demo(CLI::App& program) {
    auto* command = program.add_subcommand("demo", "Show Moontide at work, without a cluster");
    auto flags = std::make_shared<DemoFlags>();
    command->add_flag("--once", flags->once, "End after the story: 0 when every step came true, else 1");
    flags->log.add_to(*command);
    command->footer(
        "Starts the embedded API server with examples/annotation-sync and the engine, and checks each step of its\n"
        "story through the API. NO_COLOR=1 turns colours off.\n"
        "Examples:\n"
        "  moontide demo           stays up to play with, until Ctrl-C\n"
        "  moontide demo --once");
    return [flags](const Surroundings& around) { return demo(*flags, around); };
}

}  // namespace moontide::cli

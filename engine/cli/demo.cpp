// moontide demo: a cluster in this process, one of the built-in policies, and a short story told as it happens.
#include "base/nearest.hpp"
#include "cli/command.hpp"
#include "cli/demo_database.hpp"
#include "cli/demo_steps.hpp"
#include "cli/embedded_files.hpp"
#include "cli/kubeconfig_file.hpp"
#include "cli/log_flags.hpp"
#include "cli/program.hpp"
#include "cli/signals.hpp"
#include "cli/story.hpp"
#include "cli/told_story.hpp"
#include "kube/blocking.hpp"
#include "kube/kubeconfig.hpp"
#include "sandbox/sandbox.hpp"
#include "status/metrics.hpp"
#include "sync.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace moontide::cli {

namespace {

/// The story of DemoSteps; the others are told from their story.yaml.
constexpr const char* first_story = "annotation-sync";
/// Each has the name of its policy and of its folder in examples/.
const std::vector<std::string> stories{first_story, "configmap-syncer", "config-mirror", "pod-configmap"};

/// Without a database, which it would wait for when it goes.
const kube::Ref mirror{{"mirror.configmirror.io/v1alpha1", "ConfigMirror"}, "ops", "app-config-mirror"};
constexpr const char* without_database = R"({"spec":{"database":{"enabled":false}}})";

struct DemoFlags {
    bool once = false;
    std::string story = first_story;
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

/// The manifests of a story, its namespaces first, and story.yaml itself, where there is one.
struct Manifests {
    std::vector<EmbeddedFile> files;
    std::optional<EmbeddedFile> told;
};

Manifests manifests_of(const std::string& story) {
    Manifests found;
    for (const auto& file : demo_manifests()) {
        if (!file.file.starts_with("examples/" + story + "/")) continue;
        if (file.file.ends_with("/story.yaml")) {
            found.told = file;
        } else {
            found.files.push_back(file);
        }
    }
    std::ranges::sort(found.files, {}, [](const EmbeddedFile& one) {
        return std::pair(!one.file.ends_with("/namespaces.yaml"), one.file);
    });
    return found;
}

/// The sandbox, the engine and our own look at the API, in the order of their beginnings.
class Stage {
public:
    static Result<std::unique_ptr<Stage>> set(const std::string& name, const Bindings& bindings, Story& story) {
        auto stage = std::make_unique<Stage>();
        stage->sandbox_ = TRY(sandbox::Sandbox::start({}));
        auto manifests = manifests_of(name).files;
        if (name != first_story) {
            const auto definitions = crd_files();
            manifests.insert(manifests.begin(), definitions.begin(), definitions.end());
        }
        for (const auto& manifest : manifests) {
            TRY_VOID(stage->sandbox_->load(std::string(manifest.text), std::string(manifest.file)));
        }
        const auto access = TRY(kube::parse_kubeconfig(stage->sandbox_->kubeconfig(), "the sandbox's kubeconfig", "."));
        kube::ClientOptions client;
        client.user_agent = user_agent();
        stage->api_ = TRY(kube::Blocking::connect(access, client));
        if (name == first_story) stage->world_ = TRY(DemoWorld::look(*stage->api_));
        if (name == "config-mirror") {
            TRY_VOID(stage->set_database(story));
        }

        const auto text = std::ranges::find(bindings.builtins, name, &PolicyText::name);
        if (text == bindings.builtins.end()) return fail(fmt::format("there is no built-in policy {}", name));
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

    bool has_database() const { return database_ != nullptr; }
    kube::Blocking& api() { return *api_; }
    const DemoWorld& world() const { return world_; }
    Instant began() const { return began_; }
    const sandbox::Sandbox& sandbox() const { return *sandbox_; }

    std::atomic<bool> deeds_are_told = false;

private:
    Result<void> set_database(Story& story) {
        database_ = TRY(DemoDatabase::start());
        if (!database_) {
            story.text("There is no PostgreSQL on this machine, so the mirror goes without a database.");
            TRY_VOID(kube::accepted("the mirror", api_->patch(mirror, kube::PatchType::merge, without_database)));
            return {};
        }
        story.text(fmt::format("The database is a PostgreSQL on a socket in {}.", database_->folder()));
        const nlohmann::json secret{
            {"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"namespace", "configmirror-system"}, {"name", "rds-credentials"}}},
            {"stringData",
             {{"host", database_->folder()}, {"dbname", "postgres"}, {"username", "postgres"}, {"password", "none"}}}};
        TRY_VOID(kube::accepted("the database's Secret", api_->create(secret.dump())));
        return {};
    }

    std::unique_ptr<DemoDatabase> database_;  // outlives the engine
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
    std::optional<ToldStory> told;
    if (const auto file = manifests_of(flags.story).told) {
        auto read = ToldStory::read(file->text, file->file);
        if (!read) return ended(exit_code::failed, read.error());
        told = std::move(*read);
    }
    story.title("moontide demo", fmt::format("an API server in this process, the policy {}, no cluster", flags.story));
    story.gap();
    const auto stage = Stage::set(flags.story, around.bindings, story);
    if (!stage) return ended(exit_code::failed, stage.error());

    const auto stopped = [&signals] { return signals.seen().has_value(); };
    if (told) {
        story.fact("story", {told->title()});
        story.gap();
        const auto database = (*stage)->has_database() ? ToldStory::Database::there : ToldStory::Database::none;
        if (!told->tell((*stage)->api(), story, database, stopped)) return exit_code::failed;
    } else {
        const auto& world = (*stage)->world();
        std::vector<std::string> sources;
        sources.reserve(world.sources.size());
        for (const auto& [name, data] : world.sources) sources.push_back(world.home + "/" + name);
        story.fact("sources", sources);
        story.fact("targets", world.target_list());
        story.gap();
        DemoSteps steps((*stage)->api(), world, story, stopped);
        if (!steps.tell((*stage)->began())) return exit_code::failed;
    }
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
    command->add_option("--story", flags->story, "Which policy's: " + fmt::format("{}", fmt::join(stories, ", ")))
        ->type_name("NAME")
        ->capture_default_str()
        ->check([](const std::string& name) {
            if (std::ranges::find(stories, name) != stories.end()) return std::string();
            return fmt::format("there is no story '{}'{}", name, suggestion(name, {stories.begin(), stories.end()}));
        });
    flags->log.add_to(*command);
    command->footer(
        "Starts the embedded API server with the manifests of examples/ and the engine, and checks each step of the\n"
        "story through the API. NO_COLOR=1 turns colours off.\n"
        "Examples:\n"
        "  moontide demo           stays up to play with, until Ctrl-C\n"
        "  moontide demo --story configmap-syncer --once");
    return [flags](const Surroundings& around) { return demo(*flags, around); };
}

}  // namespace moontide::cli

// moontide sandbox: the embedded API server by itself.
#include "sandbox/sandbox.hpp"

#include "cli/command.hpp"
#include "cli/config.hpp"
#include "cli/kubeconfig_file.hpp"
#include "cli/program.hpp"
#include "cli/signals.hpp"
#include "serve/address.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

namespace moontide::cli {

namespace {

constexpr std::size_t largest_manifest = 64UL << 20U;
constexpr std::size_t largest_plan = 16UL << 20U;

struct SandboxFlags {
    std::string listen = "127.0.0.1:0";
    std::vector<std::string> manifests;
    std::string kubeconfig_out;
    std::string faults;
    std::string history;
};

/// Its lines appear as things happen, so that a history is whole however its client ends.
std::shared_ptr<sandbox::History> history_into(const std::string& file, std::ofstream& out) {
    out.open(file, std::ios::trunc);
    if (!out) return nullptr;
    auto history = std::make_shared<sandbox::History>();
    history->on_entry([&out](const sandbox::Entry& entry) { out << sandbox::line_of(entry) << '\n' << std::flush; });
    return history;
}

/// The file, or what kubectl takes of a directory, in the order of the names.
Result<std::vector<std::string>> manifest_files(const std::string& path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) return std::vector{path};
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
        const auto extension = entry.path().extension();
        if (extension == ".yaml" || extension == ".yml" || extension == ".json") files.push_back(entry.path());
    }
    if (error) return fail(path + ": " + error.message());
    if (files.empty()) return fail(path + ": no .yaml, .yml or .json file is in this directory");
    std::ranges::sort(files);
    return files;
}

int serve_sandbox(const SandboxFlags& flags, const Surroundings& around) {
    const auto ended = [&](int code, const Error& why) {
        fmt::print(around.err, "moontide sandbox: {}\n", why.message);
        return code;
    };
    const auto address = serve::parse_address(flags.listen, "--listen");
    if (!address) return ended(exit_code::wrong_use, address.error());
    if (!*address || (*address)->host.empty()) {
        return ended(exit_code::wrong_use, {"--listen names an address and a port, as in 127.0.0.1:6443"});
    }
    Signals signals;
    sandbox::Options options;
    options.listen = (*address)->host;
    options.port = (*address)->port;
    if (!flags.faults.empty()) {
        const auto text = read_text(flags.faults, largest_plan);
        if (!text) return ended(exit_code::failed, text.error());
        auto plan = sandbox::parse_fault_plan(*text);
        if (!plan) return ended(exit_code::failed, {flags.faults + ": " + plan.error().message});
        options.faults = std::move(*plan);
    }
    std::ofstream history_file;
    if (!flags.history.empty()) {
        options.history = history_into(flags.history, history_file);
        if (!options.history) return ended(exit_code::failed, {"cannot write " + flags.history});
    }
    const auto sandbox = sandbox::Sandbox::start(options);
    if (!sandbox) return ended(exit_code::failed, sandbox.error());
    for (const auto& path : flags.manifests) {
        const auto files = manifest_files(path);
        if (!files) return ended(exit_code::failed, files.error());
        for (const auto& file : *files) {
            const auto text = read_text(file, largest_manifest);
            if (!text) return ended(exit_code::failed, text.error());
            if (const auto loaded = (*sandbox)->load(*text, file); !loaded)
                return ended(exit_code::failed, loaded.error());
        }
    }
    std::optional<TemporaryKubeconfig> temporary;
    std::string kubeconfig = flags.kubeconfig_out;
    if (kubeconfig.empty()) {
        auto written = TemporaryKubeconfig::write((*sandbox)->kubeconfig());
        if (!written) return ended(exit_code::failed, written.error());
        kubeconfig = temporary.emplace(std::move(*written)).file();
    } else if (const auto written = write_kubeconfig(kubeconfig, (*sandbox)->kubeconfig()); !written) {
        return ended(exit_code::failed, written.error());
    }
    fmt::print(around.out, "the sandbox is at {} until Ctrl-C\n  kubectl --kubeconfig {} get configmaps -A\n",
               (*sandbox)->server(), kubeconfig);
    around.out.flush();
    signals.wait();
    return exit_code::fine;
}

}  // namespace

Work add_sandbox(CLI::App& program) {
    auto* command =
        program.add_subcommand("sandbox", "Run the embedded API server by itself, for kubectl and policies");
    auto flags = std::make_shared<SandboxFlags>();
    command->add_option("--listen", flags->listen, "Address and port; port 0 takes a free one")->capture_default_str();
    command
        ->add_option("-f,--filename", flags->manifests,
                     "Manifests, or directories of them, to begin with; may be given several times")
        ->expected(1)
        ->take_all();
    command->add_option("--kubeconfig-out", flags->kubeconfig_out,
                        "Where to write the kubeconfig; else a temporary file");
    command->add_option("--faults", flags->faults,
                        "What goes wrong between clients and the sandbox: a plan as JSON (tests/README.md)");
    command->add_option("--history", flags->history, "Where to write requests and what they changed, as JSON lines");
    command->footer(
        "Everything is in memory and gone at the end.\n"
        "Examples:\n"
        "  moontide sandbox --listen 127.0.0.1:6443 -f examples/annotation-sync/sources.yaml \\\n"
        "      --kubeconfig-out sandbox.kubeconfig\n"
        "  moontide run --kubeconfig sandbox.kubeconfig");
    return [flags](const Surroundings& around) { return serve_sandbox(*flags, around); };
}

}  // namespace moontide::cli

// moontide crds: the CustomResourceDefinitions that the built-in policies need.
#include "cli/command.hpp"
#include "cli/embedded_files.hpp"
#include "cli/program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/ostream.h>

namespace moontide::cli {

Work add_crds(CLI::App& program) {
    auto* command = program.add_subcommand("crds", "Print the CRDs that the built-in policies need");
    command->footer(
        "Example:\n"
        "  moontide crds | kubectl apply --server-side -f -");
    return [](const Surroundings& around) {
        for (const auto& file : crd_files()) fmt::print(around.out, "---\n{}", file.text);
        return exit_code::fine;
    };
}

}  // namespace moontide::cli

// moontide test: the cases beside each policy.
#include "cli/command.hpp"
#include "cli/program.hpp"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

namespace moontide::cli {

Work add_test(CLI::App& program) {
    auto* command = program.add_subcommand("test", "Run the cases beside each policy");
    auto paths = std::make_shared<std::vector<std::string>>();
    command->add_option("path", *paths, "Folders with policies, a policy's file, or a file of cases")->required();
    command->footer(
        "Examples:\n"
        "  moontide test policies                       every policy below the folder\n"
        "  moontide test policies/copy                  one policy\n"
        "  moontide test policies/copy/cases/keys.yaml  one file of cases");
    return [paths](const Surroundings& around) {
        const auto count = around.bindings.run_cases(*paths, around.out);
        if (!count) {
            fmt::print(around.err, "moontide test: {}\n", count.error().message);
            return exit_code::failed;
        }
        return count->failed == 0 ? exit_code::fine : exit_code::failed;
    };
}

}  // namespace moontide::cli

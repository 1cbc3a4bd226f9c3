#include "cli/program.hpp"

#include "base/nearest.hpp"
#include "cli/command.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

namespace moontide::cli {

namespace {

constexpr std::array<AddCommand, 7> commands{add_run,  add_sandbox, add_demo,   add_test,
                                             add_crds, add_confirm, add_release};

constexpr std::string_view footer =
    "Exit codes: 0 fine, 1 failed, 2 wrong use.\n"
    "`moontide SUBCOMMAND --help` shows its flags and examples.";

std::vector<std::string_view> subcommand_names(const CLI::App& program) {
    std::vector<std::string_view> names;
    for (const auto* command : program.get_subcommands({})) names.emplace_back(command->get_name());
    return names;
}

/// The names that a command's options can be written with: "--config", "-f".
std::vector<std::string> option_names(const CLI::App& command) {
    std::vector<std::string> names;
    for (const auto* option : command.get_options()) {
        for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        for (const auto& name : option->get_snames()) names.push_back("-" + name);
    }
    return names;
}

/// A sentence for what the parser did not know, with the near name where there is one.
std::string unknown_text(const std::string& argument, const CLI::App& command) {
    if (!argument.starts_with('-')) return fmt::format("'{}' is one argument too many", argument);
    const auto name = argument.substr(0, argument.find('='));
    const auto names = option_names(command);
    return fmt::format("unknown option '{}'{}", name, suggestion(name, {names.begin(), names.end()}));
}

int wrong(std::ostream& err, std::string_view message, const std::string& command) {
    fmt::print(err, "moontide: {}\n{} --help tells more\n", message, command);
    return exit_code::wrong_use;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const Bindings& bindings, std::ostream& out,
                std::ostream& err) {
    CLI::App program("Moontide keeps copies of Kubernetes objects in step with their sources.", "moontide");
    program.set_version_flag("--version", std::string("moontide ") + MOONTIDE_VERSION);
    program.footer(std::string(footer));
    program.get_formatter()->column_width(34);

    std::vector<std::pair<const CLI::App*, Work>> works;
    for (const auto add : commands) {
        auto work = add(program);
        works.emplace_back(program.get_subcommands({}).back(), std::move(work));
    }

    if (arguments.empty()) {
        err << program.help();
        return exit_code::wrong_use;
    }
    if (const auto& first = arguments.front(); !first.starts_with('-')) {
        const auto names = subcommand_names(program);
        if (std::ranges::find(names, first) == names.end()) {
            return wrong(err, fmt::format("unknown subcommand '{}'{}", first, suggestion(first, names)), "moontide");
        }
    }

    try {
        program.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::Success& asked) {
        program.exit(asked, out, err);
        return exit_code::fine;
    } catch (const CLI::ParseError& error) {
        const auto chosen = program.get_subcommands();
        const CLI::App& command = chosen.empty() ? program : *chosen.front();
        const auto called = chosen.empty() ? std::string("moontide") : "moontide " + command.get_name();
        if (const auto left = program.remaining(true); !left.empty()) {
            return wrong(err, unknown_text(left.front(), command), called);
        }
        return wrong(err, error.what(), called);
    }
    for (const auto& [command, work] : works) {
        if (command->parsed()) return work({bindings, out, err});
    }
    return wrong(err, "a subcommand is missing", "moontide");
}

}  // namespace moontide::cli

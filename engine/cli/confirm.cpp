// moontide confirm: the yes to a plan that waits because too much vanished at once.
#include "cli/command.hpp"
#include "cli/program.hpp"
#include "serve/address.hpp"
#include "serve/pages.hpp"

#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ostream.h>

namespace moontide::cli {

namespace {

struct ConfirmFlags {
    std::string plan;
    std::string address = "127.0.0.1:8081";
};

}  // namespace

Work add_confirm(CLI::App& program) {
    auto* command = program.add_subcommand("confirm", "Let a plan go on that waits for a yes");
    auto flags = std::make_shared<ConfirmFlags>();
    command->add_option("plan", flags->plan, "The plan's id, as the log and the Event name it")->required();
    command->add_option("--address", flags->address, "The engine's health address, on this machine")
        ->capture_default_str();
    command->footer(
        "When more sources vanish at once than the limits allow, their copies stay until someone says yes.\n"
        "Examples:\n"
        "  moontide confirm 3f9a1c\n"
        "  kubectl exec -n flux-system deploy/flux-extension-controller -- moontide confirm 3f9a1c");
    return [flags](const Surroundings& around) {
        const auto address = serve::parse_address(flags->address, "--address");
        if (!address || !*address) {
            fmt::print(around.err, "moontide confirm: {}\n",
                       address ? "--address names no engine" : address.error().message);
            return exit_code::wrong_use;
        }
        const auto answer = serve::ask_confirm(**address, flags->plan);
        if (!answer) {
            fmt::print(around.err, "moontide confirm: {}\n", answer.error().message);
            return exit_code::failed;
        }
        fmt::print(around.out, "{}\n", *answer);
        return exit_code::fine;
    };
}

}  // namespace moontide::cli

// Joins the command line with the policies' language; nothing else of the engine sees bindings/.
#include "bindings/cases.hpp"
#include "bindings/load.hpp"
#include "cli/program.hpp"

#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace {

using namespace moontide;

Result<policy::PolicyPtr> load(const cli::PolicyText& text, const nlohmann::json& settings,
                               const std::vector<kube::Kind>& kinds) {
    bindings::PolicyText whole;
    whole.name = text.name;
    whole.file = text.file;
    whole.text = text.text;
    whole.settings_json = settings.dump();
    whole.extra_kinds = kinds;
    whole.builtin = text.builtin;
    return bindings::load(whole);
}

Result<policy::PolicyPtr> load_file(const std::filesystem::path& file, const nlohmann::json& settings) {
    auto text = TRY(bindings::read_policy_file(file.string()));
    text.settings_json = settings.dump();
    return bindings::load(text);
}

Result<cli::CaseCount> run_cases(const std::vector<std::string>& paths, std::ostream& out) {
    const auto totals = TRY(bindings::run_cases({paths.begin(), paths.end()}, load_file, out));
    return cli::CaseCount{totals.cases, totals.failed};
}

cli::Bindings all_bindings() {
    cli::Bindings all;
    for (auto& text : bindings::builtin_policies()) {
        all.builtins.push_back({std::move(text.name), std::move(text.file), std::move(text.text), true});
    }
    all.load = load;
    all.run_cases = run_cases;
    return all;
}

}  // namespace

int main(int count, char** arguments) {
    return moontide::cli::run_program({arguments + 1, arguments + count}, all_bindings(), std::cout, std::cerr);
}

#include "bindings/cases.hpp"

#include "bindings/case_file.hpp"
#include "bindings/case_report.hpp"
#include "bindings/case_run.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace moontide::bindings {
namespace {

namespace fs = std::filesystem;

/// A policy and the case files to run on it.
struct Suite {
    fs::path policy;
    std::vector<fs::path> files;
};

bool is_yaml(const fs::path& path) {
    return path.extension() == ".yaml" || path.extension() == ".yml";
}

std::vector<fs::path> sorted(std::vector<fs::path> paths) {
    std::ranges::sort(paths);
    return paths;
}

Suite suite_of(const fs::path& policy) {
    Suite suite{policy, {}};
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(policy.parent_path() / "cases", error)) {
        if (is_yaml(entry.path())) suite.files.push_back(entry.path());
    }
    suite.files = sorted(std::move(suite.files));
    return suite;
}

Result<std::vector<Suite>> find_suites(const fs::path& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return fail(fmt::format("{}: there is no such file or folder", path.string()));
    if (!fs::is_directory(path, error)) {
        if (path.extension() == ".lua") return std::vector{suite_of(path)};
        const fs::path policy = fs::path(path).parent_path().parent_path() / "policy.lua";
        if (!is_yaml(path)) return fail(fmt::format("{}: neither a policy (.lua) nor cases (.yaml)", path.string()));
        if (!fs::exists(policy, error)) {
            return fail(fmt::format("{}: its policy is not there: {}", path.string(), policy.string()));
        }
        return std::vector{Suite{policy, {path}}};
    }
    std::vector<fs::path> policies;
    for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().filename() == "policy.lua") policies.push_back(entry->path());
    }
    if (error) return fail(fmt::format("{}: {}", path.string(), error.message()));
    if (policies.empty()) return fail(fmt::format("{}: there is no policy.lua in it", path.string()));
    std::vector<Suite> suites;
    for (const fs::path& policy : sorted(std::move(policies))) suites.push_back(suite_of(policy));
    return suites;
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file) return fail(fmt::format("{}: cannot be read", path.string()));
    return text;
}

class Runner {
public:
    Runner(const PolicyLoader& load, std::ostream& out) : load_(load), out_(out) {}

    void run(const Suite& suite) {
        if (suite.files.empty()) {
            fmt::print(out_, "{}\n", suite.policy.string());
            failed("a policy has cases", {"there is no cases/*.yaml beside it: no policy without cases"});
        }
        for (const fs::path& file : suite.files) run(suite.policy, file);
    }

    CaseTotals totals() const { return totals_; }

private:
    void run(const fs::path& policy, const fs::path& file) {
        fmt::print(out_, "{}\n", file.string());
        const auto text = read_file(file);
        const auto cases = text ? read_cases(*text, file.string()) : std::unexpected(text.error());
        if (!cases) return failed("the file is read", {cases.error().message});
        for (const Case& one : *cases) {
            CaseOutcome outcome;
            if (const auto loaded = load_(policy, one.settings)) {
                outcome = run_case(**loaded, one);
            } else {
                outcome.errors.push_back(loaded.error().message);
            }
            const auto lines = differences(one, outcome);
            if (lines.empty()) {
                ++totals_.cases;
                fmt::print(out_, "  ok      {}\n", one.title);
            } else {
                failed(fmt::format("{} (line {})", one.title, one.line), lines);
            }
        }
    }

    void failed(const std::string& title, const std::vector<std::string>& lines) {
        ++totals_.cases;
        ++totals_.failed;
        fmt::print(out_, "  FAILED  {}\n", title);
        for (const std::string& line : lines) fmt::print(out_, "          {}\n", line);
    }

    const PolicyLoader& load_;
    std::ostream& out_;
    CaseTotals totals_;
};

}  // namespace

Result<CaseTotals> run_cases(const std::vector<fs::path>& paths, const PolicyLoader& load, std::ostream& out) {
    std::vector<Suite> suites;
    for (const fs::path& path : paths) {
        for (Suite& suite : TRY(find_suites(path))) suites.push_back(std::move(suite));
    }
    Runner runner(load, out);
    for (const Suite& suite : suites) runner.run(suite);
    const CaseTotals totals = runner.totals();
    fmt::print(out, "{} case{}, {} ok, {} failed\n", totals.cases, totals.cases == 1 ? "" : "s",
               totals.cases - totals.failed, totals.failed);
    return totals;
}

}  // namespace moontide::bindings

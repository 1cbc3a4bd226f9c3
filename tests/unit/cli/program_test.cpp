#include "cli/program.hpp"

#include "serve/pages.hpp"
#include "serve/server.hpp"
#include "source_directory.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

using namespace moontide;

namespace {

struct Outcome {
    int code;
    std::string out;
    std::string err;
};

Outcome run(const std::vector<std::string>& arguments, const cli::Bindings& bindings = {}) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = cli::run_program(arguments, bindings, out, err);
    return {code, out.str(), err.str()};
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("help and version are asked for, so they are fine") {
    const auto help = run({"--help"});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    for (const std::string name : {"run", "sandbox", "demo", "test", "crds", "confirm", "release"}) {
        INFO(name);
        CHECK(has(help.out, "\n  " + name + " "));
        const auto own = run({name, "--help"});
        CHECK(own.code == 0);
        CHECK(has(own.out, "Example"));
        CHECK(has(own.out, "moontide " + name));
    }
    CHECK(has(help.out, "Exit codes: 0 fine, 1 failed, 2 wrong use."));
    const auto version = run({"--version"});
    CHECK(version.code == 0);
    CHECK(version.out.starts_with("moontide "));
    CHECK(has(run({"run", "--help"}).out, "--health-probe-bind-address"));
}

TEST_CASE("wrong use is code 2, with a sentence that suggests") {
    struct Case {
        std::vector<std::string> arguments;
        std::string message;
    };
    const std::vector<Case> cases{
        {{"rnu"}, "unknown subcommand 'rnu', did you mean 'run'?"},
        {{"sandboks"}, "unknown subcommand 'sandboks', did you mean 'sandbox'?"},
        {{"xyzzy"}, "unknown subcommand 'xyzzy'\n"},
        {{"run", "--dryrun"}, "unknown option '--dryrun', did you mean '--dry-run'?"},
        {{"run", "--kubeconfg=x"}, "unknown option '--kubeconfg', did you mean '--kubeconfig'?"},
        {{"demo", "--onec"}, "unknown option '--onec', did you mean '--once'?"},
        {{"demo", "--story", "configmap-sync"}, "there is no story 'configmap-sync', did you mean 'configmap-syncer'?"},
        {{"demo", "now"}, "'now' is one argument too many"},
        {{"--verson"}, "unknown option '--verson', did you mean '--version'?"},
        {{"run", "--config"}, "--config"},
        {{"run", "--only", "nothing"}, "--only nothing: there is no such policy"},
        {{"release", "--owner", "Widget", "--finalizer", "a/b", "x"}, "--owner 'Widget' is not written as"},
        {{"release", "--finalizer", "a/b", "x"}, "--owner and --finalizer go together"},
        {{"release", "--owner", "a/v1/B", "--finalizer", "a/b"}, "are of one policy: name it"},
        {{"release", "--owners", "--copies"}, "--copies"},
        {{"confirm"}, "plan is required"},
        {{"test"}, "path is required"},
        {{"run", "--log-format", "jsn"}, "--log-format 'jsn' is none of text, json, did you mean 'json'?"},
        {{"run", "--log-level", "trace"}, "--log-level 'trace' is none of debug, info, warn, error"},
        {{"run", "--metrics-bind-address", "8080"}, "--metrics-bind-address '8080': the port is missing"},
        {{"run", "--health-probe-bind-address", ":x"}, "--health-probe-bind-address ':x'"},
        {{"run", "--config", "/nowhere.yaml"}, "/nowhere.yaml cannot be opened"},
        {{"run", "--policies", "/nowhere"}, "--policies /nowhere: No such file or directory"},
        {{"sandbox", "--listen", ":6443"}, "--listen names an address"},
        {{"confirm", "x", "--address", "nowhere"}, "--address 'nowhere'"},
    };
    for (const auto& one : cases) {
        const auto outcome = run(one.arguments);
        INFO(fmt::format("{}: {}", one.arguments.back(), outcome.err));
        CHECK(outcome.code == 2);
        CHECK(has(outcome.err, one.message));
        CHECK(outcome.out.empty());
    }
    const auto nothing = run({});
    CHECK(nothing.code == 2);
    CHECK(has(nothing.err, "sandbox"));
}

TEST_CASE("a config with a mistake ends the start, naming it and the near key") {
    const auto file = std::filesystem::temp_directory_path() / "moontide-config-test.yaml";
    std::ofstream(file) << "controller:\n  excludeNamespaces: []\n";
    const auto outcome = run({"run", "--config", file.string()});
    std::filesystem::remove(file);
    CHECK(outcome.code == 2);
    CHECK(has(outcome.err, ":2: unknown key 'excludeNamespaces' in 'controller', did you mean 'excludedNamespaces'?"));
}

TEST_CASE("a directory of manifests is read in the order of the names, and has to have some") {
    const auto directory = std::filesystem::temp_directory_path() / "moontide-manifests-test";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    std::ofstream(directory / "README.md") << "nothing to load";
    const auto empty = run({"sandbox", "-f", directory.string()});
    CHECK(empty.code == 1);
    CHECK(has(empty.err, "no .yaml, .yml or .json file is in this directory"));
    std::ofstream(directory / "b.yaml") << "apiVersion: v1\nkind: Second\nmetadata: {name: x}\n";
    std::ofstream(directory / "a.json") << R"({"apiVersion":"v1","kind":"First","metadata":{"name":"x"}})";
    const auto first = run({"sandbox", "-f", directory.string()});
    CHECK(first.code == 1);
    CHECK(has(first.err, "a.json:1: the sandbox does not serve kind 'First'"));
    std::filesystem::remove_all(directory);
}

TEST_CASE("crds prints the files of deploy/crds as one stream") {
    const auto outcome = run({"crds"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    std::size_t size = 0;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(test::source_directory() + "/deploy/crds")) {
        files.push_back(entry.path());
    }
    CHECK(files.size() == 3);
    for (const auto& path : files) {
        std::ostringstream text;
        text << std::ifstream(path).rdbuf();
        INFO(path.string());
        CHECK(has(outcome.out, "---\n" + text.str()));
        size += 4 + text.str().size();
    }
    CHECK(outcome.out.size() == size);
}

TEST_CASE("test fails when a case fails, or cannot be run") {
    cli::Bindings bindings;
    std::vector<std::string> asked;
    Result<cli::CaseCount> count = cli::CaseCount{3, 0};
    bindings.run_cases = [&](const std::vector<std::string>& paths, std::ostream& out) {
        asked = paths;
        out << "told\n";
        return count;
    };
    const auto fine = run({"test", "policies/a", "policies/b"}, bindings);
    CHECK(fine.code == 0);
    CHECK(fine.out == "told\n");
    CHECK(asked == std::vector<std::string>{"policies/a", "policies/b"});
    count = cli::CaseCount{3, 1};
    CHECK(run({"test", "policies"}, bindings).code == 1);
    count = fail("policies: no such folder");
    const auto failed = run({"test", "policies"}, bindings);
    CHECK(failed.code == 1);
    CHECK(has(failed.err, "policies: no such folder"));
}

TEST_CASE("confirm asks the engine at its health address") {
    const auto server = serve::Server::listen(
        {"127.0.0.1", 0}, {serve::confirm_page([](const std::string& plan) { return plan == "3f9a1c"; },
                                               [] { return std::vector<std::string>{"3f9a1c"}; })});
    REQUIRE(server);
    const auto address = fmt::format("127.0.0.1:{}", (*server)->port());
    const auto fine = run({"confirm", "3f9a1c", "--address", address});
    CHECK(fine.code == 0);
    CHECK(fine.out == "plan 3f9a1c is confirmed\n");
    const auto unknown = run({"confirm", "000000", "--address", address});
    CHECK(unknown.code == 1);
    CHECK(has(unknown.err, "waiting: 3f9a1c"));
}

// What kubectl prints on the sandbox and on a real server, compared:
// `tests/cluster/with-cluster build/dev/tests/test_sandbox "[kubectl]"`.
#include "sandbox/sandbox.hpp"
#include "source_directory.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

using namespace moontide;

namespace {

/// A command and what it printed.
struct Said {
    std::string command;
    std::string text;
    std::multiset<std::string> causes;  ///< of a refusal; a real server names them in any order
};

std::vector<Said> session(const std::string& kubectl, const std::string& kubeconfig) {
    const auto script = moontide::test::source_directory() + "/tests/cluster/kubectl-session";
    const auto line = "'" + script + "' '" + kubectl + "' '" + kubeconfig + "'";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(line.c_str(), "r"), pclose);
    REQUIRE(pipe);
    std::string all;
    char piece[4096];
    while (const auto size = std::fread(piece, 1, sizeof piece, pipe.get())) all.append(piece, size);
    std::vector<Said> said;
    std::istringstream lines(all);
    for (std::string text; std::getline(lines, text);) {
        if (text.starts_with("$ ")) {
            said.push_back({text, {}, {}});
        } else if (text.starts_with("* ") && !said.empty()) {
            said.back().causes.insert(text);
        } else if (!said.empty()) {
            said.back().text += text + "\n";
        }
    }
    return said;
}

/// The commands that may print something else, as the sandbox's README lists them.
std::set<std::string> allowed() {
    std::ifstream readme(moontide::test::source_directory() + "/engine/sandbox/README.md");
    std::set<std::string> commands;
    for (std::string line; std::getline(readme, line);) {
        const auto begin = line.find("- `kubectl ");
        const auto end = line.find('`', begin == std::string::npos ? begin : begin + 3);
        if (begin == 0 && end != std::string::npos) commands.insert("$ " + line.substr(3, end - 3));
    }
    return commands;
}

}  // namespace

TEST_CASE("kubectl prints the same on the sandbox and on a kube-apiserver", "[.][cluster][kubectl]") {
    const char* kubeconfig = std::getenv("MOONTIDE_TEST_KUBECONFIG");
    const char* kubectl = std::getenv("MOONTIDE_TEST_KUBECTL");
    REQUIRE(kubeconfig);
    REQUIRE(kubectl);
    auto sandbox = sandbox::Sandbox::start({});
    REQUIRE(sandbox);
    const auto file =
        (std::filesystem::temp_directory_path() / ("moontide-kubectl-" + std::to_string(getpid()))).string();
    std::ofstream(file) << (*sandbox)->kubeconfig();
    const auto here = session(kubectl, file);
    std::filesystem::remove(file);
    const auto there = session(kubectl, kubeconfig);

    const auto may_differ = allowed();
    REQUIRE(here.size() == there.size());
    REQUIRE(here.size() > 150);
    for (std::size_t i = 0; i < here.size(); ++i) {
        INFO(here[i].command);
        CHECK(here[i].command == there[i].command);
        if (may_differ.contains(here[i].command)) continue;
        CHECK(here[i].text == there[i].text);
        CHECK(here[i].causes == there[i].causes);
    }
}

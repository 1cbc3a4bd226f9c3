#include "shell.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include <catch2/catch.hpp>
#include <sys/wait.h>

namespace moontide::test {
namespace {

std::string quoted(const std::string& text) {
    std::string safe = "'";
    for (const char character : text) {
        if (character == '\'') {
            safe += "'\\''";
        } else {
            safe += character;
        }
    }
    return safe + "'";
}

}  // namespace

Outcome run(Server& server, const std::string& command) {
    std::string setting = "export KUBECONFIG=" + quoted(server.kubeconfig_file()) + "\n";
    if (const char* kubectl = std::getenv("MOONTIDE_TEST_KUBECTL"); kubectl != nullptr && *kubectl != '\0') {
        setting += "kubectl() { " + quoted(std::filesystem::absolute(kubectl).string()) + " \"$@\"; }\n";
    }
    const std::string script = "exec 2>&1\n" + setting + command;
    FILE* pipe = ::popen(("exec sh -c " + quoted(script) + " </dev/null").c_str(), "r");
    if (pipe == nullptr) throw std::runtime_error("cannot run sh");
    Outcome outcome;
    std::array<char, 4096> buffer{};
    for (auto size = std::fread(buffer.data(), 1, buffer.size(), pipe); size > 0;
         size = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        outcome.output.append(buffer.data(), size);
    }
    const int status = ::pclose(pipe);
    outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return outcome;
}

bool has_programs(Server& server) {
    for (const char* program : {"kubectl version --client", "jq --version"}) {
        if (run(server, program).code == 0) continue;
        WARN("skipped: '" << program << "' does not run here");
        return false;
    }
    return true;
}

}  // namespace moontide::test

#include "instructions.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <stdlib.h>

namespace moontide::bench {

namespace {

/// https://valgrind.org/docs/manual/cl-manual.html#cl-manual.monitor-commands
void tell(pid_t process, const char* command) {
    const auto line = fmt::format("vgdb --pid={} --max-invoke-ms=100 --wait=10 {} >/dev/null 2>&1", process, command);
    if (std::system(line.c_str()) != 0) throw std::runtime_error("this failed: " + line);
}

}  // namespace

Instructions::Instructions() {
    std::string name = (std::filesystem::temp_directory_path() / "moontide-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    folder_ = name;
    if (std::system("command -v valgrind >/dev/null && command -v vgdb >/dev/null") != 0) {
        throw std::runtime_error("instructions are counted by valgrind, which is not here: apt-get install valgrind");
    }
}

Instructions::~Instructions() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> Instructions::words() const {
    return {"/usr/bin/env", "valgrind", "--tool=callgrind", "--instr-atstart=no",
            "--callgrind-out-file=" + (folder_ / "counted").string()};
}

void Instructions::begin(pid_t process) const {
    tell(process, "instrumentation on");
    tell(process, "zero");
}

void Instructions::end(pid_t process) const {
    tell(process, "instrumentation off");
}

double Instructions::take(pid_t process) {
    constexpr std::string_view summary = "summary: ";
    tell(process, "dump");
    const auto file = folder_ / fmt::format("counted.{}", ++dumps_);
    std::ifstream lines(file);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(summary)) return std::stod(line.substr(summary.size()));
    }
    throw std::runtime_error("no summary in " + file.string());
}

}  // namespace moontide::bench

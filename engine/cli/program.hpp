// The command line: finds the subcommand, reads its flags, and runs it.
#pragma once

#include "cli/bindings.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace moontide::cli {

/// As README.md and --help promise them.
namespace exit_code {
constexpr int fine = 0;
constexpr int failed = 1;
constexpr int wrong_use = 2;
}  // namespace exit_code

/// `arguments` without the program's name. Gives the exit code. Main thread, before any other thread is there, since
/// `run`, `sandbox` and `demo` block signals for all threads that come.
int run_program(const std::vector<std::string>& arguments, const Bindings& bindings, std::ostream& out,
                std::ostream& err);

}  // namespace moontide::cli

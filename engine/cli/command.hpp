// One subcommand: its flags, and what it does. The list of all is in program.cpp.
#pragma once

#include "cli/bindings.hpp"

#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace moontide::cli {

/// Where a subcommand prints, and what it may use.
struct Surroundings {
    const Bindings& bindings;
    std::ostream& out;
    std::ostream& err;
};

/// Does the work and gives the exit code.
using Work = std::function<int(const Surroundings&)>;

/// Adds the subcommand to the program; the Work reads its flags, so it is called after they are parsed.
using AddCommand = Work (*)(CLI::App& program);

Work add_run(CLI::App& program);
Work add_sandbox(CLI::App& program);
Work add_demo(CLI::App& program);
Work add_test(CLI::App& program);
Work add_crds(CLI::App& program);
Work add_confirm(CLI::App& program);
Work add_release(CLI::App& program);

}  // namespace moontide::cli

// --log-format and --log-level, and the name under which the subcommands speak to servers.
#pragma once

#include "base/result.hpp"

#include <string>

namespace CLI {
class App;
}

namespace moontide::cli {

struct LogFlags {
    std::string format = "text";
    std::string level = "info";

    /// Keep them until the flags are parsed.
    void add_to(CLI::App& command);
    /// Configures the log.
    Result<void> apply() const;
};

/// "moontide/0.1.0 (linux)"
std::string user_agent();

}  // namespace moontide::cli

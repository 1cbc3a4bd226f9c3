// Commands as a user types them, against the server under test.
#pragma once

#include "server.hpp"

#include <string>

namespace moontide::test {

struct Outcome {
    int code = 0;
    std::string output;  ///< stdout and stderr
};

/// With sh, a kubectl on the PATH that reaches the server under test.
Outcome run(Server& server, const std::string& command);

/// Says once which program is missing, where one is.
bool has_programs(Server& server);

}  // namespace moontide::test

// A PostgreSQL for the demo: on a socket in a folder of its own, gone with it.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace moontide::cli {

/// Main thread. Its end stops the server and removes the folder.
class DemoDatabase {
public:
    /// Null where Debian's package is not installed.
    static Result<std::unique_ptr<DemoDatabase>> start();
    ~DemoDatabase();
    DemoDatabase(const DemoDatabase&) = delete;
    DemoDatabase& operator=(const DemoDatabase&) = delete;

    /// Of the socket: what a client takes for its host.
    const std::string& folder() const { return folder_; }

private:
    DemoDatabase(std::string programs, std::string folder)
        : programs_(std::move(programs)), folder_(std::move(folder)) {}

    Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& arguments) const;

    std::string programs_;
    std::string folder_;
    pid_t server_ = 0;
};

}  // namespace moontide::cli

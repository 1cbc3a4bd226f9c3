// A child process whose output is read on the loop.
#pragma once

#include "base/loop.hpp"
#include "base/result.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

namespace moontide::kube {

struct Command {
    std::string program;  ///< with a slash a path, else found in PATH
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;  ///< laid over ours
    Milliseconds timeout{60'000};
};

struct Output {
    int exit_code = 0;  ///< 128 and the signal's number where a signal ended it
    std::string out;
    std::string err;  ///< its first 4 KiB
};

/// Runs a Command without input, in a process group of its own. All calls on the loop's thread; `done` is called once,
/// never from within the constructor. Dropped, or at its timeout, it kills the group.
class Process {
public:
    Process(Loop& loop, const Command& command, std::function<void(Result<Output>)> done);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

private:
    struct Pipe {
        int descriptor = -1;
        std::string* to = nullptr;
        std::size_t limit = 0;
    };

    Result<void> spawn(const Command& command);
    void watch(Pipe& pipe);
    void read(Pipe& pipe);
    void reap();
    void close(Pipe& pipe);
    void kill();
    void finish(Result<Output> result);

    Loop& loop_;
    std::string program_;
    std::function<void(Result<Output>)> done_;
    pid_t pid_ = -1;
    Output output_;
    Pipe out_;
    Pipe err_;
    Loop::TimerId timeout_ = 0;
    Loop::TimerId reap_ = 0;
};

}  // namespace moontide::kube

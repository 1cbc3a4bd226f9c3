// Instructions that a process executes, as valgrind's callgrind counts them: the same figure on a busy machine and a
// quiet one, and none of the kernel's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace moontide::bench {

/// What callgrind writes lies in a folder of its own, which goes with this.
class Instructions {
public:
    Instructions();
    ~Instructions();
    Instructions(const Instructions&) = delete;
    Instructions& operator=(const Instructions&) = delete;

    /// The words before a program's that make it one whose instructions can be counted. It does not count yet, and is
    /// some times slower; while it counts, some fifty times.
    std::vector<std::string> words() const;
    /// These throw where that process was not started so, or valgrind does not answer.
    void begin(pid_t process) const;
    void end(pid_t process) const;
    /// Executed by all its threads since begin() or the last call of this.
    double take(pid_t process);

private:
    std::filesystem::path folder_;
    int dumps_ = 0;
};

}  // namespace moontide::bench

// What a process has used so far, as the kernel counts it.
#pragma once

#include <cstddef>

#include <sys/types.h>

namespace moontide::bench {

/// Processor time of all its threads, those that have ended too, in milliseconds; throws where there is no such
/// process.
double cpu_of(pid_t process);

struct Memory {
    std::size_t now_kib = 0;   ///< VmRSS
    std::size_t peak_kib = 0;  ///< VmHWM
};
Memory memory_of(pid_t process);

}  // namespace moontide::bench

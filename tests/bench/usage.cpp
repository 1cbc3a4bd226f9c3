#include "usage.hpp"

#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>

namespace moontide::bench {

double cpu_of(pid_t process) {
    clockid_t clock{};
    timespec used{};
    const int error = ::clock_getcpuclockid(process, &clock);
    if (error != 0 || ::clock_gettime(clock, &used) != 0) {
        throw std::runtime_error("no processor time of process " + std::to_string(process));
    }
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

Memory memory_of(pid_t process) {
    Memory memory;
    std::ifstream in("/proc/" + std::to_string(process) + "/status");
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("VmRSS:")) memory.now_kib = std::stoul(line.substr(std::strlen("VmRSS:")));
        if (line.starts_with("VmHWM:")) memory.peak_kib = std::stoul(line.substr(std::strlen("VmHWM:")));
    }
    return memory;
}

}  // namespace moontide::bench

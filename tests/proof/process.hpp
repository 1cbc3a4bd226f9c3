// `moontide run` as a process: started, asked for its pages, ended.
#pragma once

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace moontide::proof {

/// What it is started with. Its pages are on ports of their own.
struct ProcessOptions {
    std::string kubeconfig_file;
    std::string config;                                         ///< the config file's text
    std::vector<std::pair<std::string, std::string>> policies;  ///< name and Lua text, beside the built-in ones
    std::vector<std::string> flags;
    std::vector<std::string> runner;  ///< a program and its words that start it: valgrind and the like
};

struct PageText {
    int status = 0;  ///< 0: no answer
    std::string text;
};

/// Used by one thread, but for log(), page() and metric(). Killed at its end.
class Process {
public:
    explicit Process(ProcessOptions options);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void start();
    /// Waits until it is gone; nothing where it does not run.
    void end(int number = SIGTERM);
    void signal(int number) const;
    bool runs() const { return process_ > 0; }
    pid_t pid() const { return process_; }

    /// Everything that it has said since it was first started.
    std::string log() const;
    /// How often the log has that text, from that place in it on.
    std::size_t times_logged(const std::string& text, std::size_t from = 0) const;
    PageText metrics() const { return page(metrics_port_, "/metrics"); }
    PageText ready() const { return page(health_port_, "/readyz?verbose"); }
    /// Of the series with that name and those labels as the page has them, or the sum of a family's where only its
    /// name is given.
    std::optional<double> metric(const std::string& name) const;

private:
    static PageText page(int port, const std::string& path);

    ProcessOptions options_;
    std::filesystem::path folder_;
    int metrics_port_;
    int health_port_;
    pid_t process_ = 0;
};

}  // namespace moontide::proof

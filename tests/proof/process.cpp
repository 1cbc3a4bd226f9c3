#include "process.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <httplib.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace moontide::proof {

namespace {

/// One that nobody uses now.
int free_port() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    const bool bound = ::bind(listener, any, size) == 0 && ::getsockname(listener, any, &size) == 0;
    ::close(listener);
    if (!bound) throw std::runtime_error(std::string("no free port: ") + std::strerror(errno));
    return ntohs(address.sin_port);
}

}  // namespace

Process::Process(ProcessOptions options)
    : options_(std::move(options)), metrics_port_(free_port()), health_port_(free_port()) {
    std::string name = (std::filesystem::temp_directory_path() / "moontide-proof-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    folder_ = name;
    std::filesystem::create_directory(folder_ / "policies");
    std::ofstream(folder_ / "config.yaml") << options_.config;
    for (const auto& [policy, lua] : options_.policies) {
        std::ofstream(folder_ / "policies" / (policy + ".lua")) << lua;
    }
}

Process::~Process() {
    end(SIGKILL);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void Process::start() {
    std::vector<std::string> words = options_.runner;
    words.insert(words.end(), {MOONTIDE_PROGRAM, "run", "--kubeconfig", options_.kubeconfig_file, "--config",
                               (folder_ / "config.yaml").string(), "--policies", (folder_ / "policies").string(),
                               "--metrics-bind-address", "127.0.0.1:" + std::to_string(metrics_port_),
                               "--health-probe-bind-address", "127.0.0.1:" + std::to_string(health_port_)});
    words.insert(words.end(), options_.flags.begin(), options_.flags.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, (folder_ / "log").c_str(), O_CREAT | O_WRONLY | O_APPEND,
                                       0600);
    ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    const int failed = ::posix_spawn(&process_, arguments[0], &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    if (failed != 0) throw std::runtime_error(std::string("cannot start moontide: ") + std::strerror(failed));
}

void Process::end(int number) {
    if (process_ <= 0) return;
    ::kill(process_, number);
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
}

void Process::signal(int number) const {
    if (process_ > 0) ::kill(process_, number);
}

std::string Process::log() const {
    std::ifstream in(folder_ / "log");
    return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t Process::times_logged(const std::string& text, std::size_t from) const {
    const auto all = log();
    std::size_t count = 0;
    for (auto at = all.find(text, from); at != std::string::npos; at = all.find(text, at + text.size())) ++count;
    return count;
}

std::optional<double> Process::metric(const std::string& name) const {
    std::istringstream lines(metrics().text);
    std::optional<double> sum;
    for (std::string line; std::getline(lines, line);) {
        const auto value = line.rfind(' ');
        if (line.starts_with('#') || value == std::string::npos) continue;
        const auto series = line.substr(0, value);
        if (series != name && !series.starts_with(name + "{")) continue;
        sum = sum.value_or(0) + std::stod(line.substr(value + 1));
    }
    return sum;
}

PageText Process::page(int port, const std::string& path) {
    httplib::Client client("127.0.0.1", port);
    client.set_connection_timeout(1);
    client.set_read_timeout(5);
    const auto answer = client.Get(path.c_str());
    if (!answer) return {};
    return {answer->status, answer->body};
}

}  // namespace moontide::proof

#include "kube/exec_process.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace moontide::kube {

namespace {

std::vector<std::string> environment_with(const std::map<std::string, std::string>& more) {
    std::vector<std::string> all;
    for (char** one = environ; *one != nullptr; ++one) {
        const std::string entry(*one);
        if (!more.contains(entry.substr(0, entry.find('=')))) all.push_back(entry);
    }
    for (const auto& [name, value] : more) all.push_back(std::string(name).append("=").append(value));
    return all;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    out.reserve(texts.size() + 1);
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

Process::Process(Loop& loop, const Command& command, std::function<void(Result<Output>)> done)
    : loop_(loop), program_(command.program), done_(std::move(done)) {
    out_ = {-1, &output_.out, 1U << 20};
    err_ = {-1, &output_.err, 4096};
    if (auto spawned = spawn(command); !spawned) {
        timeout_ = loop_.after(Milliseconds(0),
                               [this, error = std::move(spawned).error()] { finish(std::unexpected(error)); });
        return;
    }
    watch(out_);
    watch(err_);
    timeout_ = loop_.after(command.timeout, [this, limit = command.timeout] {
        finish(fail("'" + program_ + "' did not end within " + std::to_string(limit.count()) + " ms", Retry::later));
    });
}

Process::~Process() {
    loop_.cancel(timeout_);
    loop_.cancel(reap_);
    close(out_);
    close(err_);
    kill();
}

Result<void> Process::spawn(const Command& command) {
    std::array<int, 2> out{-1, -1};
    std::array<int, 2> err{-1, -1};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) {
        for (const int descriptor : out) {
            if (descriptor >= 0) ::close(descriptor);
        }
        return fail("cannot run '" + program_ + "': " + std::strerror(errno), Retry::later);
    }

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, err[1], STDERR_FILENO);

    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);  // ours blocks what main waits for
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    std::vector<std::string> words{command.program};
    words.insert(words.end(), command.arguments.begin(), command.arguments.end());
    auto variables = environment_with(command.environment);
    const int error = ::posix_spawnp(&pid_, command.program.c_str(), &files, &attributes, pointers(words).data(),
                                     pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    ::close(err[1]);
    out_.descriptor = out[0];
    err_.descriptor = err[0];
    if (error != 0) {
        pid_ = -1;
        const bool named = error == ENOENT && program_.find('/') == std::string::npos;
        return fail("cannot run '" + program_ + "': " + (named ? "it is not in PATH" : std::strerror(error)));
    }
    return {};
}

void Process::watch(Pipe& pipe) {
    ::fcntl(pipe.descriptor, F_SETFL, O_NONBLOCK);
    loop_.watch(pipe.descriptor, EPOLLIN, [this, &pipe](std::uint32_t) { read(pipe); });
}

void Process::read(Pipe& pipe) {
    std::array<char, 16384> buffer;
    const auto got = ::read(pipe.descriptor, buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got > 0) {
        const auto room = pipe.limit - std::min(pipe.limit, pipe.to->size());
        pipe.to->append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
        return;
    }
    close(pipe);
    if (out_.descriptor < 0 && err_.descriptor < 0) reap();
}

/// Its output has ended, so it ends about now.
void Process::reap() {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) {
        reap_ = loop_.after(Milliseconds(5), [this] { reap(); });
        return;
    }
    pid_ = -1;
    if (ended < 0) return finish(fail("'" + program_ + "' cannot be waited for: " + std::strerror(errno)));
    output_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    finish(std::move(output_));
}

void Process::close(Pipe& pipe) {
    if (pipe.descriptor < 0) return;
    loop_.forget(pipe.descriptor);
    ::close(std::exchange(pipe.descriptor, -1));
}

void Process::kill() {
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

void Process::finish(Result<Output> result) {
    loop_.cancel(timeout_);
    kill();
    const auto done = std::exchange(done_, nullptr);
    if (done) done(std::move(result));  // may drop us
}

}  // namespace moontide::kube

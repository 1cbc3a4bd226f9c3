#include "cli/signals.hpp"

#include <csignal>
#include <cstdlib>
#include <functional>

#include <catch2/catch.hpp>
#include <sys/wait.h>
#include <unistd.h>

using namespace moontide;

namespace {

/// Runs `child` in a process of its own and gives its exit code, or -1 where a signal ended it.
int exit_code_of(const std::function<int()>& child) {
    const auto pid = fork();
    if (pid == 0) {
        // A child that hangs is ended, and so fails its test.
        alarm(20);
        _exit(child());
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("the first signal is told, and ends nothing") {
    CHECK(exit_code_of([] {
              cli::Signals signals;
              if (signals.seen()) return 10;
              kill(getpid(), SIGTERM);
              signals.wait();
              return std::string_view(*signals.seen()) == "SIGTERM" ? 7 : 11;
          }) == 7);
    CHECK(exit_code_of([] {
              cli::Signals signals;
              kill(getpid(), SIGINT);
              signals.wait();
              return std::string_view(*signals.seen()) == "SIGINT" ? 7 : 11;
          }) == 7);
}

TEST_CASE("a second signal ends the process at once with code 1") {
    CHECK(exit_code_of([] {
              cli::Signals signals;
              kill(getpid(), SIGTERM);
              signals.wait();
              kill(getpid(), SIGINT);
              for (;;) pause();
              return 0;
          }) == 1);
}

TEST_CASE("an end that takes longer than it may comes by force") {
    CHECK(exit_code_of([] {
              cli::Signals signals;
              signals.end_by(Milliseconds(60'000), 9);
              signals.end_by(Milliseconds(20), 0);
              for (;;) pause();
              return 5;
          }) == 0);
    CHECK(exit_code_of([] {
              cli::Signals signals;
              signals.end_by(Milliseconds(20), 1);
              for (;;) pause();
              return 0;
          }) == 1);
}

TEST_CASE("an end in time is not disturbed") {
    CHECK(exit_code_of([] {
              cli::Signals signals;
              signals.end_by(Milliseconds(60'000), 1);
              return 5;
          }) == 5);
}

TEST_CASE("writing to a reader that has gone does not end the process") {
    CHECK(exit_code_of([] {
              cli::Signals signals;
              int ends[2];
              if (pipe(ends) != 0) return 10;
              close(ends[0]);
              return write(ends[1], "x", 1) == -1 ? 7 : 11;
          }) == 7);
}

#include "cli/demo_database.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace moontide::cli {

namespace {

namespace fs = std::filesystem;

constexpr Milliseconds start_deadline{20'000};
constexpr const char* user = "postgres";

/// The newest of Debian's versions; empty: none.
std::string programs_folder() {
    std::vector<std::string> found;
    std::error_code error;
    for (fs::directory_iterator versions("/usr/lib/postgresql", error), end; !error && versions != end;
         versions.increment(error)) {
        if (fs::exists(versions->path() / "bin/initdb", error)) found.push_back(versions->path() / "bin");
    }
    return found.empty() ? "" : *std::ranges::max_element(found);
}

}  // namespace

Result<std::unique_ptr<DemoDatabase>> DemoDatabase::start() {
    const auto programs = programs_folder();
    if (programs.empty()) return nullptr;
    std::string folder = (fs::temp_directory_path() / "moontide-demo-postgres.XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) return fail(fmt::format("{}: {}", folder, std::strerror(errno)));
    std::unique_ptr<DemoDatabase> database(new DemoDatabase(programs, folder));
    // initdb and postgres do not run as root.
    if (::geteuid() == 0) {
        const auto* account = ::getpwnam(user);
        if (account == nullptr || ::chown(folder.c_str(), account->pw_uid, account->pw_gid) != 0) {
            return fail("PostgreSQL does not run as root, and there is no user postgres");
        }
    }
    const auto data = folder + "/data";
    const auto made = TRY(database->spawn("initdb", {"--no-sync", "--auth=trust", "--username=postgres",
                                                     "--encoding=UTF8", "--locale=C", "--pgdata=" + data}));
    int status = 0;
    if (::waitpid(made, &status, 0) != made || status != 0) return fail("initdb failed");
    database->server_ = TRY(database->spawn("postgres", {"-D", data, "-k", folder, "-c", "listen_addresses="}));
    const auto began = system_clock().now();
    while (!fs::exists(folder + "/.s.PGSQL.5432")) {
        if (system_clock().now() - began > start_deadline) return fail("PostgreSQL did not start");
        std::this_thread::sleep_for(Milliseconds(10));
    }
    return database;
}

DemoDatabase::~DemoDatabase() {
    if (server_ > 0) {
        ::kill(server_, SIGQUIT);
        ::waitpid(server_, nullptr, 0);
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

Result<pid_t> DemoDatabase::spawn(const std::string& program, const std::vector<std::string>& arguments) const {
    // It ends with us, also where we are killed.
    std::vector<std::string> words{"setpriv", "--pdeathsig", "KILL"};
    if (::geteuid() == 0) {
        words.insert(words.end(), {fmt::format("--reuid={}", user), fmt::format("--regid={}", user), "--clear-groups"});
    }
    words.insert(words.end(), {"--", programs_ + "/" + program});
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);

    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    // Signals that the demo waits for are blocked here and would be there too.
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t process = 0;
    const int error = ::posix_spawnp(&process, "setpriv", &files, &attributes, pointers.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) return fail(fmt::format("{}: {}", program, std::strerror(error)));
    return process;
}

}  // namespace moontide::cli

#include "server.hpp"

#include "environment.hpp"
#include "kube/certificate.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace moontide::store::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

fs::path newest_programs() {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator versions("/usr/lib/postgresql", error), end; !error && versions != end;
         versions.increment(error)) {
        if (fs::exists(versions->path() / "bin/postgres")) found.push_back(versions->path() / "bin");
    }
    if (found.empty()) {
        throw std::runtime_error(
            "there is no PostgreSQL server in /usr/lib/postgresql; packages.txt names it, tools/setup installs it");
    }
    return *std::ranges::max_element(found);
}

int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
}

void write(const fs::path& path, const std::string& text) {
    std::ofstream(path) << text;
}

constexpr Limits patient_limits{Milliseconds(60'000), Milliseconds(60'000), Milliseconds(60'000)};

}  // namespace

Server::Server() : programs_(newest_programs()), port_(free_port()) {
    std::string pattern = fs::temp_directory_path() / "moontide-postgres.XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    // initdb and postgres do not run as root.
    if (::geteuid() == 0) {
        const auto* user = ::getpwnam("postgres");
        if (user == nullptr) user = ::getpwnam("nobody");
        user_ = user->pw_uid;
        group_ = user->pw_gid;
    }
    hand_over(folder_);
    const auto making = spawn({"initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8",
                               "--locale=C", "--pgdata=" + (folder_ / "data").string()});
    int status = 0;
    ::waitpid(making, &status, 0);
    if (status != 0) throw std::runtime_error("initdb failed: " + (folder_ / "log").string());
    write_certificates();
    write(folder_ / "data/pg_hba.conf",
          "local all all trust\n"
          "host all all 127.0.0.0/8 scram-sha-256\n");
    start();
}

Server::~Server() {
    stop(SIGQUIT);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

Server& Server::shared() {
    static Server server;
    if (!server.runs()) server.start();
    return server;
}

void Server::hand_over(const fs::path& path) const {
    if (::geteuid() == 0 && ::chown(path.c_str(), user_, group_) != 0) {
        throw std::runtime_error("chown " + path.string());
    }
}

void Server::write_certificates() {
    const auto authority = kube::CertificateAuthority::make("the test's authority").value();
    const auto certificate = authority.issue_server({"localhost", "127.0.0.1"}).value();
    authority_pem = authority.certificate_pem();
    other_authority_pem = kube::CertificateAuthority::make("another authority").value().certificate_pem();
    for (const auto& [name, text] :
         {std::pair{"server.crt", certificate.certificate_pem}, std::pair{"server.key", certificate.key_pem}}) {
        const auto path = folder_ / name;
        write(path, text);
        fs::permissions(path, fs::perms::owner_read);
        hand_over(path);
    }
}

pid_t Server::spawn(const std::vector<std::string>& arguments) const {
    const auto program = (programs_ / arguments.front()).string();
    const auto log = (folder_ / "log").string();
    std::vector<char*> pointers;
    for (const auto& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
    pointers.push_back(nullptr);
    const auto parent = ::getpid();
    const auto process = ::fork();
    if (process != 0) return process;

    // A test that is killed takes its server along; setuid forgets that, so it comes after.
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(group_) != 0 || ::setuid(user_) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != parent) ::_exit(125);
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    if (::chdir("/") != 0) ::_exit(124);
    ::execv(program.c_str(), pointers.data());
    ::_exit(127);
}

void Server::start() {
    const auto socket = folder_.string();
    process_ = spawn({"postgres",
                      "-D",
                      (folder_ / "data").string(),
                      "-p",
                      std::to_string(port_),
                      "-k",
                      socket,
                      "-h",
                      "127.0.0.1,127.0.0.2",
                      "-c",
                      "fsync=off",
                      "-c",
                      "shared_buffers=32MB",
                      "-c",
                      "max_connections=40",
                      "-c",
                      "ssl=on",
                      "-c",
                      "ssl_cert_file=" + (folder_ / "server.crt").string(),
                      "-c",
                      "ssl_key_file=" + (folder_ / "server.key").string(),
                      "-c",
                      "timezone=Pacific/Kiritimati",
                      "-c",
                      "log_min_messages=error",
                      "-c",
                      "autovacuum=off"});
    Settings settings;
    settings.dbname = "postgres";
    await(settings, "SELECT 1", "1");
}

void Server::stop(int number) {
    if (process_ <= 0) return;
    ::kill(process_, number);
    thaw();
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
}

std::vector<pid_t> Server::processes() const {
    std::vector<pid_t> found = {process_};
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        std::ifstream file(entry.path() / "stat");
        std::stringstream text;
        text << file.rdbuf();
        const auto line = text.str();
        const auto name_end = line.rfind(')');
        if (name_end == std::string::npos) continue;
        std::istringstream rest(line.substr(name_end + 1));
        std::string state;
        pid_t parent = 0;
        rest >> state >> parent;
        if (parent == process_) found.push_back(std::stoi(name));
    }
    return found;
}

void Server::freeze() const {
    // The parent first: it begets no more.
    for (const auto process : processes()) ::kill(process, SIGSTOP);
    for (const auto process : processes()) ::kill(process, SIGSTOP);
}

void Server::thaw() const {
    for (const auto process : processes()) ::kill(process, SIGCONT);
}

Settings Server::database() {
    const auto name = "test" + std::to_string(++databases_);
    Settings super;
    super.dbname = "postgres";
    ask(super, "CREATE ROLE " + name + " LOGIN PASSWORD 'secret of " + name + "'");
    ask(super, "CREATE DATABASE " + name + " OWNER " + name);
    Settings settings;
    settings.host = folder_;
    settings.port = std::to_string(port_);
    settings.username = name;
    settings.dbname = name;
    return settings;
}

Settings Server::by_port(Settings settings) const {
    settings.host = "127.0.0.1";
    settings.password = "secret of " + settings.username;
    return settings;
}

Table Server::ask(const Settings& settings, const std::string& statement) const {
    auto super = settings;
    super.host = folder_;
    super.port = std::to_string(port_);
    super.username = "postgres";
    auto connection = Connection::open(super, patient_limits, -1);
    if (!connection) throw std::runtime_error(connection.error().message);
    auto answer = connection->ask(statement.c_str());
    if (!answer) throw std::runtime_error(answer.error().message);
    if (const auto* refusal = std::get_if<Refusal>(&*answer))
        throw std::runtime_error(statement + ": " + refusal->message);
    return std::get<Table>(*answer);
}

std::string Server::value(const Settings& settings, const std::string& statement) const {
    const auto table = ask(settings, statement);
    return table.empty() ? "(no row)" : table.front().front().value_or("(null)");
}

void Server::await(const Settings& settings, const std::string& statement, const std::string& wanted) const {
    const auto deadline = std::chrono::steady_clock::now() + moontide::test::patient(10s);
    std::string seen;
    while (std::chrono::steady_clock::now() < deadline) {
        try {
            seen = value(settings, statement);
            if (seen == wanted) return;
        } catch (const std::runtime_error& error) {
            // It starts yet.
            seen = error.what();
        }
        std::this_thread::sleep_for(5ms);
    }
    throw std::runtime_error(statement + " gives " + seen + ", awaited " + wanted);
}

}  // namespace moontide::store::test

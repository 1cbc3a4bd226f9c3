// A PostgreSQL server of the test's own, from the distribution's package, that can be stopped, frozen and killed.
#pragma once

#include "store/connection.hpp"
#include "store/settings.hpp"

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace moontide::store::test {

/// The process of the server, its folder, its databases. Ended and removed with the object. One thread.
class Server {
public:
    Server();
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// One for all tests that do it no lasting harm; it runs when this returns.
    static Server& shared();

    /// An empty database with an owner of its own; the settings are for its unix socket.
    Settings database();
    /// The same database on the loopback port, with a password and TLS.
    Settings by_port(Settings settings) const;
    std::string authority_pem;
    std::string other_authority_pem;

    void start();
    /// SIGINT: politely; SIGQUIT: like a crash.
    void stop(int number = SIGINT);
    bool runs() const { return process_ > 0; }
    /// It and all its children; they keep their sockets.
    void freeze() const;
    void thaw() const;

    /// As the superuser.
    Table ask(const Settings& settings, const std::string& statement) const;
    std::string value(const Settings& settings, const std::string& statement) const;
    /// Until the statement's first value is `wanted`.
    void await(const Settings& settings, const std::string& statement, const std::string& wanted) const;

    const std::filesystem::path& folder() const { return folder_; }
    /// Gives a file of the test to the server's user.
    void hand_over(const std::filesystem::path& path) const;

private:
    pid_t spawn(const std::vector<std::string>& arguments) const;
    void write_certificates();
    std::vector<pid_t> processes() const;

    std::filesystem::path folder_;
    std::filesystem::path programs_;
    int port_;
    pid_t process_ = 0;
    int databases_ = 0;
    uid_t user_ = 0;
    gid_t group_ = 0;
};

}  // namespace moontide::store::test

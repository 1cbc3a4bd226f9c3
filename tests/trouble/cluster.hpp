// The cluster of with-cluster, as somebody who breaks and mends it.
#pragma once

#include "real_server.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace moontide::trouble {

/// The API server writes an audit log of every request, and the tests trust every authority that they name to it, so
/// that they see on while its certificate changes. One thread.
class Cluster final : public test::RealServer {
public:
    /// Fails where with-cluster runs no cluster of its own.
    static Cluster& under_test();

    explicit Cluster(std::filesystem::path directory);

    /// tests/cluster/control, whose output it gives back; ends the test where that fails.
    std::string control(const std::vector<std::string>& words);
    void kill(const std::string& name) { control({"kill", name}); }
    void start(const std::string& name, std::vector<std::string> flags = {});
    void restart_apiserver(std::vector<std::string> flags = {});

    /// A new authority, which the tests trust from now on.
    void make_authority(const std::string& name);
    std::string certificate_of(const std::string& name) const;

    const std::filesystem::path& directory() const { return directory_; }
    std::filesystem::path audit_log() const { return directory_ / "audit.log"; }
    const std::string& address() const { return access().server; }

private:
    std::filesystem::path directory_;
};

/// Kubeconfig texts for the engine; files that they name are read again by it.
struct User {
    std::string certificate_authority;  ///< a file
    std::string lines;                  ///< what stands under `user`: "token: x"
};
std::string kubeconfig_for(const Cluster& cluster, const User& user);

void write_file(const std::filesystem::path& file, const std::string& text);
std::string read_file(const std::filesystem::path& file);

}  // namespace moontide::trouble

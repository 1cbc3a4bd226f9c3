// Before Catch2's header: a listener of our own.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include "server.hpp"

#include <vector>

#include <catch2/catch.hpp>
#include <unistd.h>

namespace moontide::test {

namespace {

std::unique_ptr<Server>& running() {
    static std::unique_ptr<Server> server;
    return server;
}

/// The server's threads end while everything that they use is still there, which at the process's end it is not.
struct EndOfTests : Catch::TestEventListenerBase {
    using TestEventListenerBase::TestEventListenerBase;
    void testRunEnded(const Catch::TestRunStats& /*stats*/) override { running().reset(); }
};
CATCH_REGISTER_LISTENER(EndOfTests)

}  // namespace

Server& Server::under_test() {
    if (!running()) running() = make_server();
    return *running();
}

void Server::connect(const kube::Access& access) {
    api_ = std::make_unique<Api>(access);
    mirror_ = std::make_unique<Mirror>(access);
}

std::string Server::shared_namespace(std::size_t number) {
    std::string name = "sync" + std::to_string(::getpid()) + "-shared-" + std::to_string(number);
    const bool is_new = namespaces_.with([&](auto& names) { return names.insert(name).second; });
    if (is_new) api().create({{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}});
    return name;
}

void Server::remove_at_end(const std::string& namespace_name) {
    if (is_real()) namespaces_.with([&](auto& names) { names.insert(namespace_name); });
}

void Server::remove_namespaces() {
    const auto names = namespaces_.with([](const auto& all) { return std::vector(all.begin(), all.end()); });
    Api::at_once(names.size(), [&](std::size_t index) { api().remove_if_there(namespace_ref(names[index])); });
}

void Server::disconnect() {
    mirror_.reset();
    api_.reset();
}

}  // namespace moontide::test

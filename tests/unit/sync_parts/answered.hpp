// A Planned whose server says what a test wants; the test's thread is the io thread.
#pragma once

#include "../status/fake_client.hpp"
#include "planned.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace moontide::sync {

inline kube::Answer answered(int status, const nlohmann::json& body) {
    return {status, {}, body.dump(), Milliseconds(1)};
}
inline kube::Answer refused(int status, const std::string& message) {
    return answered(status, {{"kind", "Status"}, {"code", status}, {"message", message}});
}
/// A page of a list; more follow where it has a token.
inline kube::Answer page(kube::ResourceVersion version, const nlohmann::json& items, const std::string& token = "") {
    return answered(
        200, {{"metadata", {{"resourceVersion", std::to_string(version)}, {"continue", token}}}, {"items", items}});
}

struct Answered : Planned {
    status::FakeClient& server;

    Answered() : Planned({"apps", "web"}, options(), fake), server(dynamic_cast<status::FakeClient&>(*board.client)) {}

    static std::unique_ptr<kube::Client> fake(Loop& io) { return std::make_unique<status::FakeClient>(io); }

    /// Answers and waits, until it holds.
    template <typename Condition>
    void run_until(Condition&& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        std::function<void()> look = [&] {
            if (condition() || std::chrono::steady_clock::now() > end) return io.stop();
            io.after(Milliseconds(1), look);
        };
        io.post(look);
        io.run();
        REQUIRE(condition());
    }
    /// What was given to the ingest thread so far has run.
    void pass_ingest() {
        std::promise<void> passed;
        board.ingest->post([&] { passed.set_value(); });
        passed.get_future().wait();
    }
};

}  // namespace moontide::sync

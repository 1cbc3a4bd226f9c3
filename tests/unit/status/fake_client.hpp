// An API server that says what a test wants.
#pragma once

#include "base/loop.hpp"
#include "kube/client.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moontide::status {

/// Answers on the loop what the test says, and keeps what was asked.
class FakeClient final : public kube::Client {
public:
    explicit FakeClient(Loop& loop) : loop_(loop) {}

    void send(kube::Call call, kube::Done done) override {
        calls.push_back(call);
        loop_.post([this, call = std::move(call), done = std::move(done)] { done(answer(call)); });
    }
    std::unique_ptr<kube::Stream> stream(kube::Call, kube::StreamHandler) override { return nullptr; }
    void resolve(const kube::Kind&, std::function<void(Result<std::optional<kube::Resource>>)>) override {}
    const std::string& host() const override { return host_; }
    std::chrono::seconds server_time_offset() const override { return {}; }

    std::function<Result<kube::Answer>(const kube::Call&)> answer = [](const kube::Call& call) {
        return kube::Answer{call.method == "POST" ? 201 : 200, {}, "{}", Milliseconds(1)};
    };
    std::vector<kube::Call> calls;

private:
    Loop& loop_;
    std::string host_ = "fake";
};

}  // namespace moontide::status

// One request on its way through the fault port: what its answerer takes for the client.
#pragma once

#include "sandbox/fault_port.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::sandbox {

/// Used by the port's thread; may outlive the port, and then lets everything through.
class Passage final : public kube::http2::Exchange, public std::enable_shared_from_this<Passage> {
public:
    Passage(FaultPort& port, kube::http2::ExchangePtr client, Asked asked, FaultPort::Handler next);

    const Asked& asked() const { return asked_; }
    bool has_fault() const { return rule_.has_value(); }
    const FaultRule& rule() const { return *rule_; }
    std::size_t rule_number() const { return rule_number_; }
    void befall(FaultRule rule, std::size_t number);
    /// Knows when the client goes; once, before anything else.
    void listen();

    /// Another path for the same request.
    void ask_for(std::string path) { request_.path = std::move(path); }
    /// The first of two applications: its answer goes nowhere, then `done` runs.
    void stay_silent(std::function<void()> done) { silent_ = std::move(done); }
    /// Hands the request on.
    void run() { next_(shared_from_this()); }
    /// What was frozen goes on.
    void release();
    /// No answer will be made.
    void lose();
    /// The rule's status in place of an answer.
    void refuse();
    /// Cut off where a fault keeps it silent.
    void heal();
    void thaw();

    const kube::http2::Request& request() const override { return request_; }
    void respond(int status, kube::http2::Headers headers, std::string body) override;
    void begin(int status, kube::http2::Headers headers) override;
    void write(std::string_view chunk) override;
    void end() override;
    void reset() override;
    void cut() override { client_->cut(); }
    void mute() override { client_->mute(); }
    std::uint64_t connection() const override { return client_->connection(); }
    std::size_t unsent() const override { return silenced_ ? 0 : client_->unsent(); }
    void on_gone(std::function<void()> gone) override;
    std::string client_common_name() const override { return client_->client_common_name(); }
    std::vector<std::string> client_organisations() const override { return client_->client_organisations(); }

private:
    void forward(int status, kube::http2::Headers headers, std::string body);
    void truncate(int status, kube::http2::Headers headers, std::string_view body);
    void record(int status, bool delivered, std::string_view body = {});
    void line(std::string_view line);
    /// Does what the rule says once its number of lines has passed.
    void after_lines();
    /// Nothing more goes to the client, and the answerer is told that it has gone.
    void finish();
    bool is_gone() const { return gone_; }

    FaultPort* port_;
    std::shared_ptr<const bool> port_alive_;
    /// Where the request was written down, and so its answer.
    std::shared_ptr<History> history_;
    kube::http2::ExchangePtr client_;
    Asked asked_;
    FaultPort::Handler next_;
    kube::http2::Request request_;
    std::optional<FaultRule> rule_;
    std::size_t rule_number_ = 0;
    std::function<void()> silent_;
    std::function<void()> gone_callback_;
    /// The answer that freeze-after holds.
    std::function<void()> kept_;
    bool gone_ = false;
    bool recorded_ = false;
    bool silenced_ = false;  ///< nothing more is let through
    std::uint64_t lines_ = 0;
    std::string partial_;   ///< of a line that has not ended yet
    std::string withheld_;  ///< lines that wait for the thaw
};

}  // namespace moontide::sandbox

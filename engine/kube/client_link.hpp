// One connection of a Client, dialled when it is needed.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/http2.hpp"
#include "kube/tls.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace moontide::kube {

/// Where to dial. `context` is asked at each dial, so that rotated files count from the next one.
struct LinkTarget {
    http2::ClientOptions options;
    std::function<Result<tls::Context>()> context;
    Milliseconds redial_after;
};

/// Dials anew after the last connection has closed; after one that never brought an answer it waits, longer each time,
/// and says no at once until then. All calls on the loop's thread.
class Link : public std::enable_shared_from_this<Link> {
public:
    Link(Loop& loop, LinkTarget target);

    /// The connection to send on; it may still be dialling. Whoever sends keeps it until the stream has ended: it may
    /// outlive its place here.
    Result<std::shared_ptr<http2::Connection>> connection();
    /// The server answered on this link.
    void answered() { failures_ = 0; }
    /// The next request dials anew; what runs ends where it is.
    void renew() { current_.reset(); }
    std::size_t streams() const { return current_ ? current_->streams() : 0; }

private:
    void closed(const http2::Connection* which, const Error& error);

    Loop& loop_;
    LinkTarget target_;
    std::shared_ptr<http2::Connection> current_;
    unsigned failures_ = 0;
    Instant next_dial_{};
    std::string last_error_;
    Backoff backoff_;
};

}  // namespace moontide::kube

#include "kube/client_link.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace moontide::kube {

Link::Link(Loop& loop, LinkTarget target)
    : loop_(loop),
      target_(std::move(target)),
      backoff_(target_.redial_after, std::max(target_.redial_after, Milliseconds(15'000)), std::random_device{}()) {}

Result<std::shared_ptr<http2::Connection>> Link::connection() {
    if (current_ && current_->open()) return current_;
    const auto now = system_clock().now();
    if (failures_ > 0 && now < next_dial_) return fail(last_error_, Retry::later);

    auto context = TRY(target_.context());
    const auto which = std::make_shared<const http2::Connection*>(nullptr);
    current_ = std::make_shared<http2::Connection>(loop_, std::move(context), target_.options,
                                                   [weak = weak_from_this(), which](const Error& error) {
                                                       if (const auto self = weak.lock()) self->closed(*which, error);
                                                   });
    *which = current_.get();
    ++failures_;  // until an answer comes
    next_dial_ = now;
    return current_;
}

void Link::closed(const http2::Connection* which, const Error& error) {
    if (current_.get() != which) return;  // renewed since
    last_error_ = error.message;
    if (failures_ > 0) next_dial_ = system_clock().now() + backoff_.delay(failures_);
    current_.reset();
}

}  // namespace moontide::kube

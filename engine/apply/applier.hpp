// Carries steps out: one request a copy, as many at once as the server likes, each proving what it overwrites.
#pragma once

#include "apply/body.hpp"
#include "apply/order.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace moontide::apply {

/// Where a step's target is, in words.
struct Address {
    kube::Resource resource;
    std::string namespace_name;
    std::string name;
};

struct ApplierOptions {
    unsigned most_in_flight = 64;
    Milliseconds timeout{30'000};
    Milliseconds backoff_first{200};
    Milliseconds backoff_last{30'000};
    std::uint64_t seed = 1;
};

/// What the applier asks and tells; all on the io thread.
struct ApplierHooks {
    /// Asked right before an order is sent: false where the unit or the target has moved on. A yes marks it as sent.
    std::function<bool(const Order&)> may_send;
    std::function<Address(const plan::TargetKey&)> address;
    std::function<Signature()> signature;
    std::function<void(Outcome)> outcome;
    /// After the outcome of the last order that waited.
    std::function<void()> rested = {};
    /// Once for an order that got no answer several times over a long time; it is sent again all the same.
    std::function<void(const Order&, const std::string& why)> unanswered = {};
};

/// A state machine on the io thread. An answer that never came says nothing about its request: the order is sent
/// again once the server answers, and what stands there then decides.
class Applier {
public:
    Applier(Loop& io, kube::Client& client, ApplierOptions options, ApplierHooks hooks);
    /// Io thread. Nothing more is sent.
    ~Applier();
    Applier(const Applier&) = delete;
    Applier& operator=(const Applier&) = delete;

    /// Any thread.
    void submit(std::vector<Order> orders);
    /// Any thread. Until open() orders wait: at a start nothing is written before everything was looked at.
    void open();
    /// Io thread: nothing more is sent; `drained` runs when the last answer has come.
    void close(std::function<void()> drained);

    /// Any thread; approximate. An order waits until its outcome was told.
    std::size_t waiting() const;
    std::size_t in_flight() const;
    unsigned limit() const;

private:
    struct Implementation;
    std::shared_ptr<Implementation> self_;
};

}  // namespace moontide::apply

// An Applier beside a server, on one loop, with its outcomes in the order they came.
#pragma once

#include "../kube/loopback.hpp"
#include "apply/applier.hpp"
#include "orders.hpp"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace moontide::apply {

/// Runs on the test's thread. Targets are numbered: {1, n} is the ConfigMap "n<n>" in the namespace "apps".
struct ApplierBench {
    Loop& loop;
    std::unique_ptr<kube::Client> client;
    std::vector<Outcome> outcomes;
    std::vector<std::size_t> waiting;  ///< how many orders waited as each outcome was told
    unsigned rests = 0;
    std::vector<std::string> unanswered;  // "n1 3: why"
    std::set<std::uint64_t> moved_on;     // tickets of orders that are not to be sent
    std::unique_ptr<Applier> applier;

    static ApplierOptions quick() {
        ApplierOptions options;
        options.backoff_first = Milliseconds(4);
        options.backoff_last = Milliseconds(8'000);
        return options;
    }

    ApplierBench(Loop& io, kube::Access access, ApplierOptions options = quick()) : loop(io) {
        client = kube::Client::create(loop, std::move(access), {}).value();
        ApplierHooks hooks;
        hooks.may_send = [this](const Order& asked) { return !moved_on.contains(asked.ticket); };
        hooks.address = [](const plan::TargetKey& of) {
            return Address{config_maps, "apps", "n" + std::to_string(of.name)};
        };
        hooks.signature = [] { return signature; };
        hooks.outcome = [this](Outcome outcome) {
            outcomes.push_back(std::move(outcome));
            waiting.push_back(applier->waiting());
        };
        hooks.rested = [this] { ++rests; };
        hooks.unanswered = [this](const Order& told, const std::string& why) {
            unanswered.push_back("n" + std::to_string(plan::target(told.step).name) + " " +
                                 std::to_string(told.unanswered) + ": " + why);
        };
        applier = std::make_unique<Applier>(loop, *client, options, std::move(hooks));
    }

    void until(const std::function<bool()>& holds) { kube::run_until(loop, holds); }
    void submit(std::vector<Order> orders) {
        applier->submit(std::move(orders));
        applier->open();
    }
    /// The fate of one order.
    Fate fate(Order one) {
        const auto before = outcomes.size();
        std::vector<Order> orders;
        orders.push_back(std::move(one));
        submit(std::move(orders));
        until([&] { return outcomes.size() > before; });
        return outcomes.back().fate;
    }
    kube::Answer call(const std::string& method, const std::string& path, const std::string& body = {},
                      const std::string& content_type = "application/json") {
        kube::Call asked;
        asked.method = method;
        asked.path = path;
        asked.body = body;
        if (!body.empty()) asked.content_type = content_type;
        std::optional<Result<kube::Answer>> got;
        client->send(std::move(asked), [&](Result<kube::Answer> answer) { got = std::move(answer); });
        until([&] { return got.has_value(); });
        return got->value();
    }
};

inline plan::Create create(plan::NameId name, bool look_first = false) {
    return {{1, name, 0}, look_first};
}

}  // namespace moontide::apply

#include "cli/turned_off.hpp"

#include "base/log.hpp"
#include "cli/left_behind.hpp"
#include "cli/log_flags.hpp"

#include <algorithm>
#include <stop_token>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::cli {

namespace {

struct TurnedOff {
    std::string policy;
    std::vector<kube::Kind> kinds;
    std::string finalizer;
};

void look(const std::vector<TurnedOff>& all, const kube::Access& access, const std::stop_token& stop) {
    kube::ClientOptions client;
    client.user_agent = user_agent();
    const auto api = kube::Blocking::connect(access, client);
    if (!api) return;
    // What cannot be asked for is not worth a word here: the policy is off.
    LeftBehind left(**api, {}, [](const std::string&) {});
    for (const auto& one : all) {
        for (const auto& kind : one.kinds) {
            if (stop.stop_requested()) return;
            const auto owners = left.owners(kind, one.finalizer);
            if (!owners || owners->empty()) continue;
            log::warn(
                "owners carry the finalizer of a policy that is turned off: they cannot be deleted until `moontide "
                "release` lets go of them",
                {{"policy", one.policy},
                 {"owners", std::to_string(owners->size())},
                 {"first", owners->front().ref.text()},
                 {"finalizer", one.finalizer}});
        }
    }
}

}  // namespace

std::jthread tell_of_owners_left(const std::vector<std::string>& names, const PolicyTexts& texts,
                                 const Bindings& bindings, const kube::Access& access) {
    std::vector<TurnedOff> all;
    for (const auto& name : names) {
        const auto text = std::ranges::find(texts.texts, name, &PolicyText::name);
        if (text == texts.texts.end()) continue;
        const auto policy = bindings.load(*text, nlohmann::json::object(), {});
        if (!policy || (*policy)->shape().finalizer.empty()) continue;
        all.push_back({name, (*policy)->shape().owner_kinds, (*policy)->shape().finalizer});
    }
    if (all.empty()) return {};
    return std::jthread([all = std::move(all), access](const std::stop_token& stop) { look(all, access, stop); });
}

}  // namespace moontide::cli

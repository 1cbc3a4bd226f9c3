// How an Activation tells clusters apart, and what goes on where namespaces may not be read.
#include "base/log.hpp"
#include "sync/activation.hpp"

#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

/// The cluster's identity is asked for again quickly: nothing can begin before.
constexpr Milliseconds identify_again{1'000};
/// Without the right to read namespaces some policies have begun; the others may begin when it comes.
constexpr Milliseconds ask_for_right_again{30'000};
constexpr int forbidden = 403;

}  // namespace

void Activation::identify() {
    ask_uid("/api/v1/namespaces/kube-system", [this](std::string uid, int status, std::string message) {
        if (!uid.empty()) {
            watch_namespaces();
            // The right came later; what was written meanwhile carries the other mark.
            if (!board_.cluster.empty()) return begin_policies();
            board_.cluster = std::move(uid);
            return identify_by_config_map({});
        }
        if (std::exchange(unidentified_, message) != message) {
            log::warn("cannot read the namespace kube-system, whose uid tells clusters apart; asked again",
                      {{"message", message}});
        }
        for (auto& running : board_.policies) {
            if (begun_[running->index]) continue;
            running->waiting_for.with([&](auto& text) { text = "the namespace kube-system: " + message; });
        }
        if (status == forbidden && board_.cluster.empty()) identify_by_config_map(std::move(message));
        io_.after(board_.namespaces_hidden ? ask_for_right_again : identify_again, [this] {
            if (!board_.stopping) identify();
        });
    });
}

void Activation::identify_by_config_map(std::string message) {
    ask_uid("/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication",
            [this, message = std::move(message)](std::string uid, int, const std::string&) {
                const bool hidden = !message.empty();
                if (hidden && (uid.empty() || !board_.cluster.empty())) return;
                board_.cluster_too = uid;
                if (hidden) {
                    log::warn("namespaces cannot be read: policies whose owners and sources name them go on",
                              {{"message", message}});
                    board_.cluster = std::move(uid);
                    board_.namespaces_hidden = true;
                }
                begin_policies();
            });
}

void Activation::begin_policies() {
    for (auto& running : board_.policies) {
        if (running->from.empty() || begun_[running->index]) continue;
        if (board_.namespaces_hidden && !namespaces_asked_ && running->shape().needs_namespaces) continue;
        begun_[running->index] = true;
        running->waiting_for.with([](auto& text) { text.clear(); });
        resolve(*running, 0, {});
    }
}

void Activation::ask_uid(const char* path, std::function<void(std::string uid, int status, std::string message)> told) {
    kube::Call call;
    call.path = path;
    call.accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    board_.client->send(std::move(call), [this, told = std::move(told)](Result<kube::Answer> answer) {
        if (board_.stopping) return;
        if (!answer) return told({}, 0, answer.error().message);
        const auto object = answer->ok() ? nlohmann::json::parse(answer->body, nullptr, false) : nlohmann::json();
        auto uid = object.is_object() ? object.value("/metadata/uid"_json_pointer, std::string()) : std::string();
        told(std::move(uid), answer->status, answer->ok() ? "" : kube::read_status(*answer).message);
    });
}

}  // namespace moontide::sync

#include "apply/verbs.hpp"

#include "base/match.hpp"
#include "plan/fields.hpp"

#include <nlohmann/json.hpp>

namespace moontide::apply {

namespace {

using plan::Apply;
using plan::Create;
using plan::Delete;
using plan::Look;
using plan::Release;
using plan::Replace;

plan::LiveReader& reader() {
    thread_local plan::LiveReader shared;
    return shared;
}

std::string object_path(const Address& address) {
    return kube::path(address.resource, address.namespace_name, address.name);
}

kube::Call call(const char* method, std::string path, const char* content_type, std::string body) {
    kube::Call out;
    out.method = method;
    out.path = std::move(path);
    out.content_type = content_type;
    out.body = std::move(body);
    out.lane = kube::Lane::write;
    return out;
}

std::string managed(std::string path) {
    path += "?fieldManager=";
    path += plan::whole_manager;
    return path;
}

}  // namespace

bool needs_look(const plan::Step& step) {
    if (const auto* replace = std::get_if<Replace>(&step)) return !replace->plain && !replace->same_keys;
    if (std::holds_alternative<Look>(step)) return true;
    if (const auto* create = std::get_if<Create>(&step)) return create->look_first;
    if (const auto* apply = std::get_if<Apply>(&step)) return apply->look_first || apply->takes_over;
    const auto* release = std::get_if<Release>(&step);
    return release != nullptr && (release->target.part == 0 || release->lists || !release->managed);
}

bool was_patch(const plan::Step& step) {
    if (const auto* replace = std::get_if<Replace>(&step)) return !replace->plain && replace->same_keys;
    const auto* release = std::get_if<Release>(&step);
    return release != nullptr && release->target.part == 0;
}

bool creates(const plan::Step& step) {
    const auto* apply = std::get_if<Apply>(&step);
    return std::holds_alternative<Create>(step) ||
           (apply != nullptr && apply->resource_version == 0 && apply->making != plan::Making::joined);
}

kube::Call patch_call(const Address& address, std::string_view manager, const char* content_type, std::string body,
                      std::string_view query) {
    auto path = object_path(address);
    path += "?fieldManager=";
    path += kube::percent_encoded(manager);
    path += query;
    return call("PATCH", std::move(path), content_type, std::move(body));
}

bool is_as_judged(const plan::Step& step, std::string_view live_json) {
    const auto live = reader().read(live_json);
    if (!live) return false;
    const auto same = [&](const auto& judged) {
        return judged.uid == live->uid && judged.resource_version == live->resource_version;
    };
    return std::visit(
        Match{[&](const Replace& judged) { return same(judged); }, [&](const Release& judged) { return same(judged); },
              [&](const Delete& judged) { return same(judged); }, [](const Create&) { return false; },
              [](const Look&) { return false; },
              [&](const Apply& judged) { return judged.resource_version != 0 && same(judged); }},
        step);
}

Result<kube::Call> call_for(const Order& order, const Address& address, const Signature& signature,
                            std::string_view live_json) {
    const auto claim_as = [&](plan::Making making) {
        return claim(*order.wish, signature, address.namespace_name, address.name, making);
    };
    return std::visit(
        Match{[&](const Create&) -> Result<kube::Call> {
                  const auto path = managed(kube::path(address.resource, address.namespace_name));
                  return call("POST", path, "application/json", new_object(*order.wish, claim_as(plan::Making::made)));
              },
              [&](const Replace& step) -> Result<kube::Call> {
                  const auto ours = claim_as(step.making);
                  const auto path = managed(object_path(address));
                  if (step.plain) return call("PUT", path, "application/json", whole_object(*order.wish, ours, step));
                  if (step.same_keys) {
                      return call("PATCH", path, "application/json-patch+json", content_patch(*order.wish, ours, step));
                  }
                  return call("PUT", path, "application/json", TRY(merged_object(*order.wish, ours, step, live_json)));
              },
              [&](const Apply& step) -> Result<kube::Call> {
                  return patch_call(address, plan::whole_manager, "application/apply-patch+yaml",
                                    applied_object(*order.wish, claim_as(step.making), step),
                                    step.force ? "&force=true" : "");
              },
              [&](const Release& step) -> Result<kube::Call> {
                  const auto live = TRY(reader().read(live_json));
                  if (!live.claim) return fail("the object carries no claim any more");
                  return call("PATCH", managed(object_path(address)), "application/json-patch+json",
                              release_patch(step, *live.claim, live_json));
              },
              [&](const Delete& step) -> Result<kube::Call> {
                  return call("DELETE", object_path(address), "application/json", delete_options(step));
              },
              [&](const Look&) -> Result<kube::Call> { return fail("a look writes nothing"); }},
        order.step);
}

Fate fate_of(const Order& order, const kube::Answer& answer) {
    const bool deletes = std::holds_alternative<Delete>(order.step);
    if (deletes) {
        // A Status: it is gone. The object itself: a finalizer holds it.
        const auto body = nlohmann::json::parse(answer.body, nullptr, false);
        if (!body.is_object()) return Gone{};
        if (const auto kind = body.find("kind"); kind != body.end() && *kind == "Status") return Gone{};
    }
    auto live = reader().read(answer.body);
    if (!live) return Denied{{answer.status, "Unreadable", live.error().message, {}, {}}};
    if (deletes && !live->terminating) return Gone{};
    return Written{std::move(*live)};
}

Result<Found> what_is_there(const Order& order, const kube::Answer& answer) {
    if (answer.status == 404) return Found{};
    Found found;
    found.live = TRY(reader().read(answer.body));
    if (!found.live->has_claim && order.wish != nullptr) {
        found.likeness = plan::likeness(answer.body, *order.wish->content, order.wish->writes);
    }
    return found;
}

}  // namespace moontide::apply

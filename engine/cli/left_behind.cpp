#include "cli/left_behind.hpp"

#include "apply/course.hpp"
#include "plan/content_hash.hpp"

#include <algorithm>
#include <thread>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace moontide::cli {

namespace {

using nlohmann::json;

/// Somebody else writes the same object, again and again.
constexpr int most_tries = 5;

bool can(const json& resource, const char* verb) {
    const auto verbs = resource.value("verbs", json::array());
    return std::ranges::find(verbs, json(verb)) != verbs.end();
}

std::string text_at(const json& object, const char* pointer) {
    return object.value(json::json_pointer(pointer), std::string());
}

Result<json> parsed(std::string_view what, const kube::Answer& answer) {
    auto body = json::parse(answer.body, nullptr, false);
    if (!body.is_object()) return fail(fmt::format("{}: the answer is no JSON object", what));
    return body;
}

/// Something came between the look and the write.
bool is_outrun(const kube::Answer& answer) {
    return answer.status == 409 || answer.status == 422;
}

std::size_t place_of(const json& finalizers, const std::string& finalizer) {
    return static_cast<std::size_t>(std::ranges::find(finalizers, json(finalizer)) - finalizers.begin());
}

}  // namespace

Result<kube::Answer> LeftBehind::ask(const kube::Call& call) {
    auto answer = TRY(api_.call(call));
    for (int tried = 1; tried < most_tries && answer.status == 429; ++tried) {
        std::this_thread::sleep_for(kube::read_status(answer).retry_after.value_or(Milliseconds(1'000)));
        answer = TRY(api_.call(call));
    }
    return answer;
}

Result<std::vector<kube::Resource>> LeftBehind::resources(const std::string& path) {
    kube::Call call;
    call.path = path;
    const auto answer = TRY(ask(call));
    if (answer.status == 404) return std::vector<kube::Resource>();
    const auto list = TRY(parsed(path, TRY(kube::accepted(path, answer))));
    std::vector<kube::Resource> found;
    const auto all = list.value("resources", json::array());
    for (const auto& one : all) {
        const auto plural = one.value("name", "");
        const bool usable = plural.find('/') == std::string::npos && can(one, "list") && can(one, "patch");
        if (!usable || !one.value("namespaced", false)) continue;
        found.push_back({{list.value("groupVersion", ""), one.value("kind", "")}, plural, true, false});
    }
    return found;
}

Result<std::vector<kube::Resource>> LeftBehind::all_resources() {
    auto all = TRY(resources("/api/v1"));
    kube::Call call;
    call.path = "/apis";
    const auto groups = TRY(parsed("/apis", TRY(kube::accepted("the list of API groups", ask(call)))));
    for (const auto& group : groups.value("groups", json::array())) {
        auto some = resources("/apis/" + text_at(group, "/preferredVersion/groupVersion"));
        if (some) {
            std::ranges::move(*some, std::back_inserter(all));
        } else {
            note_(some.error().message);
        }
    }
    return all;
}

Result<void> LeftBehind::each(const kube::Resource& resource, std::string_view query,
                              const std::function<void(const json&)>& item) {
    std::string next;
    do {
        kube::Call call;
        call.path = fmt::format("{}?limit=500{}{}", kube::path(resource, {}), query,
                                next.empty() ? "" : "&continue=" + kube::percent_encoded(next));
        call.accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json";
        const auto answer = TRY(ask(call));
        if (answer.status == 403 || answer.status == 404 || answer.status == 405) {
            note_(fmt::format("{} cannot be listed: {}", resource.plural, kube::read_status(answer).message));
            return {};
        }
        const auto list =
            TRY(parsed(resource.plural, TRY(kube::accepted(fmt::format("the list of {}", resource.plural), answer))));
        for (const auto& object : list.value("items", json::array())) item(object);
        next = text_at(list, "/metadata/continue");
    } while (!next.empty());
    return {};
}

void LeftBehind::add_claims(const kube::Resource& resource, const json& object, std::vector<LeftCopy>& copies) const {
    const kube::Ref ref{resource.kind, text_at(object, "/metadata/namespace"), text_at(object, "/metadata/name")};
    const auto annotations = object.value("/metadata/annotations"_json_pointer, json::object());
    for (const auto& [key, value] : annotations.items()) {
        const bool part = key.starts_with(plan::marks::part_claim);
        if ((key != plan::marks::claim && !part) || !value.is_string()) continue;
        auto claim = plan::Claim::parse(value.get_ref<const std::string&>());
        if (!claim || claim->instance != instance_) continue;
        const auto& place = claim->place;
        if (std::ranges::find(clusters_, place.cluster) == clusters_.end()) continue;
        if (place.namespace_name != ref.namespace_name || place.name != ref.name) continue;
        copies.push_back(
            {resource, ref, std::move(claim->bond), part ? key.substr(plan::marks::part_claim.size()) : std::string()});
    }
}

Result<std::vector<LeftCopy>> LeftBehind::copies() {
    // Engines that may not read namespaces know the cluster by the other one.
    for (const kube::Ref& mark :
         {kube::Ref{{"v1", "Namespace"}, "", "kube-system"},
          kube::Ref{{"v1", "ConfigMap"}, "kube-system", "extension-apiserver-authentication"}}) {
        const auto answer = TRY(api_.get(mark));
        if (answer.ok()) clusters_.push_back(text_at(TRY(parsed(mark.text(), answer)), "/metadata/uid"));
    }
    if (clusters_.empty()) return fail("neither the namespace kube-system nor a ConfigMap in it may be read");
    std::vector<LeftCopy> found;
    const auto resources = TRY(all_resources());
    for (const auto& resource : resources) {
        for (const auto label : {plan::marks::instance, plan::marks::part}) {
            const auto selector = fmt::format("{}={}", label, instance_);
            TRY_VOID(each(resource, "&labelSelector=" + kube::percent_encoded(selector),
                          [&](const json& object) { add_claims(resource, object, found); }));
        }
    }
    // What is ours whole may have parts of others too: it is in both lists.
    const auto key = [](const LeftCopy& copy) { return std::tie(copy.ref, copy.part); };
    std::ranges::sort(found, {}, key);
    const auto [first, last] = std::ranges::unique(found, {}, key);
    found.erase(first, last);
    return found;
}

Result<std::vector<LeftOwner>> LeftBehind::owners(const kube::Kind& kind, const std::string& finalizer) {
    const auto prefix = kind.group().empty() ? "/api/" : "/apis/";
    const auto served = TRY(resources(prefix + kind.api_version));
    const auto resource = std::ranges::find(served, kind, &kube::Resource::kind);
    std::vector<LeftOwner> found;
    if (resource == served.end()) return found;
    TRY_VOID(each(*resource, "", [&](const json& object) {
        const auto metadata = object.value("metadata", json::object());
        const auto finalizers = metadata.value("finalizers", json::array());
        if (place_of(finalizers, finalizer) == finalizers.size()) return;
        found.push_back({*resource,
                         {kind, metadata.value("namespace", ""), metadata.value("name", "")},
                         metadata.value("uid", ""),
                         finalizer,
                         metadata.contains("deletionTimestamp")});
    }));
    return found;
}

Result<bool> LeftBehind::try_release(const LeftCopy& copy) {
    const apply::Address address{copy.resource, copy.ref.namespace_name, copy.ref.name};
    kube::Call look;
    look.path = kube::path(copy.resource, copy.ref.namespace_name, copy.ref.name);
    auto answer = TRY(ask(look));
    if (answer.status == 404) return true;
    answer = TRY(kube::accepted(copy.ref.text(), std::move(answer)));
    const auto live = TRY(plan::LiveReader().read(answer.body));

    plan::Release step;
    step.uid = live.uid;
    step.resource_version = live.resource_version;
    apply::Order order;
    order.part = copy.part;
    if (copy.part.empty()) {
        if (!live.claim || live.claim->instance != instance_ || live.claim->bond.policy != copy.bond.policy)
            return true;
    } else {
        const auto part = std::ranges::find_if(live.parts, [&](const plan::LivePart& one) {
            return plan::part_id(one.claim.instance, one.claim.bond) == copy.part;
        });
        if (part == live.parts.end()) return true;
        step.target.part = 1;
        step.managed = part->managed;
        step.lists = part->lists;
    }
    order.step = step;

    const apply::Signature signature{instance_, {}};
    apply::AtomicLists lists;
    auto next = TRY(apply::first(order, address, signature, answer.body, lists));
    while (auto* call = std::get_if<kube::Call>(&next)) {
        answer = TRY(ask(*call));
        if (answer.status == 404) return true;
        if (is_outrun(answer)) return false;
        answer = TRY(kube::accepted(copy.ref.text(), std::move(answer)));
        next = TRY(apply::after(order, address, signature, answer, lists));
    }
    return true;
}

Result<void> LeftBehind::release(const LeftCopy& copy) {
    for (int tried = 0; tried < most_tries; ++tried) {
        if (TRY(try_release(copy))) return {};
    }
    return fail(fmt::format("{}: somebody else writes it again and again", copy.ref.text()));
}

Result<bool> LeftBehind::try_let_go(const LeftOwner& owner) {
    kube::Call look;
    look.path = kube::path(owner.resource, owner.ref.namespace_name, owner.ref.name);
    const auto answer = TRY(ask(look));
    if (answer.status == 404) return true;
    const auto object = TRY(parsed(owner.ref.text(), TRY(kube::accepted(owner.ref.text(), answer))));
    const auto finalizers = object.at("metadata").value("finalizers", json::array());
    const auto at = place_of(finalizers, owner.finalizer);
    // One of that name that came later is another one.
    if (at == finalizers.size() || text_at(object, "/metadata/uid") != owner.uid) return true;
    const auto place = fmt::format("/metadata/finalizers/{}", at);
    const json patch{{{"op", "test"}, {"path", "/metadata/uid"}, {"value", owner.uid}},
                     {{"op", "test"}, {"path", place}, {"value", owner.finalizer}},
                     {{"op", "remove"}, {"path", place}}};
    kube::Call write;
    write.method = "PATCH";
    write.path = kube::path(owner.resource, owner.ref.namespace_name, owner.ref.name);
    write.content_type = "application/json-patch+json";
    write.body = patch.dump();
    const auto written = TRY(ask(write));
    if (written.status == 404) return true;
    if (is_outrun(written)) return false;
    TRY_VOID(kube::accepted(owner.ref.text(), written));
    return true;
}

Result<void> LeftBehind::let_go(const LeftOwner& owner) {
    for (int tried = 0; tried < most_tries; ++tried) {
        if (TRY(try_let_go(owner))) return {};
    }
    return fail(fmt::format("{}: somebody else writes it again and again", owner.ref.text()));
}

}  // namespace moontide::cli

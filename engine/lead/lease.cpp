#include "lead/lease.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace moontide::lead {

namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

int number_at(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer() ? found->get<int>() : 0;
}

Json part_of(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : Json::object();
}

}  // namespace

Result<Lease> Lease::parse(std::string_view object_json) {
    const auto object = Json::parse(object_json, nullptr, false);
    if (!object.is_object()) return fail("the Lease is no JSON object", Retry::later);
    const auto metadata = part_of(object, "metadata");
    const auto spec = part_of(object, "spec");
    Lease lease;
    lease.uid = text_at(metadata, "uid");
    lease.resource_version = text_at(metadata, "resourceVersion");
    if (lease.uid.empty() || lease.resource_version.empty()) return fail("the answer is no Lease", Retry::later);
    lease.holder = text_at(spec, "holderIdentity");
    lease.duration_seconds = number_at(spec, "leaseDurationSeconds");
    lease.transitions = number_at(spec, "leaseTransitions");
    lease.acquired = text_at(spec, "acquireTime");
    lease.renewed = text_at(spec, "renewTime");
    lease.object = object_json;
    return lease;
}

bool Lease::same_record(const Lease& other) const {
    return uid == other.uid && holder == other.holder && renewed == other.renewed && acquired == other.acquired &&
           duration_seconds == other.duration_seconds;
}

std::string body_of(const Lease& there, const Lease& next, std::string_view namespace_name, std::string_view name) {
    auto object = Json::parse(there.object, nullptr, false);
    if (!object.is_object()) {
        object = {{"apiVersion", "coordination.k8s.io/v1"}, {"kind", "Lease"}};
        object["metadata"] = {{"namespace", namespace_name}, {"name", name}};
    }
    auto& spec = object["spec"];
    if (!spec.is_object()) spec = Json::object();
    spec["holderIdentity"] = next.holder;
    spec["leaseDurationSeconds"] = next.duration_seconds;
    spec["leaseTransitions"] = next.transitions;
    spec["acquireTime"] = next.acquired;
    spec["renewTime"] = next.renewed;
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Lease held_by(const Lease& there, const std::string& identity, Milliseconds duration, WallTime now) {
    Lease next = there;
    next.renewed = rfc3339_micro(now);
    next.duration_seconds =
        static_cast<int>(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(duration).count()));
    if (there.holder == identity) return next;
    next.holder = identity;
    next.acquired = next.renewed;
    if (!there.uid.empty()) ++next.transitions;
    return next;
}

Lease given_up(const Lease& there, WallTime now) {
    Lease next = there;
    next.holder.clear();
    next.duration_seconds = 1;
    next.acquired = next.renewed = rfc3339_micro(now);
    return next;
}

}  // namespace moontide::lead

#include "plan/claim.hpp"

#include "plan/content_hash.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::plan {

namespace {

nlohmann::json to_json(const kube::Ref& ref, const std::string& uid) {
    nlohmann::json out = {{"apiVersion", ref.kind.api_version}, {"kind", ref.kind.kind}, {"name", ref.name}};
    if (!ref.namespace_name.empty()) out["namespace"] = ref.namespace_name;
    if (!uid.empty()) out["uid"] = uid;
    return out;
}

std::string text_of(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void from_json(const nlohmann::json& claim, const char* key, kube::Ref& ref, std::string& uid) {
    const auto found = claim.find(key);
    if (found == claim.end() || !found->is_object()) return;
    ref.kind = {text_of(*found, "apiVersion"), text_of(*found, "kind")};
    ref.namespace_name = text_of(*found, "namespace");
    ref.name = text_of(*found, "name");
    uid = text_of(*found, "uid");
}

std::vector<std::string> texts_of(const nlohmann::json& claim, const char* key) {
    std::vector<std::string> out;
    const auto found = claim.find(key);
    if (found == claim.end() || !found->is_array()) return out;
    for (const auto& entry : *found) {
        if (entry.is_string()) out.push_back(entry.get<std::string>());
    }
    return out;
}

constexpr std::pair<Making, const char*> states[] = {
    {Making::made, "made"}, {Making::taken, "taken"}, {Making::joined, "joined"}};

const char* state_name(Making making) {
    return std::find_if(std::begin(states), std::end(states), [&](const auto& one) { return one.first == making; })
        ->second;
}

std::optional<Making> making_named(std::string_view state) {
    const auto found =
        std::find_if(std::begin(states), std::end(states), [&](const auto& one) { return one.second == state; });
    return found == std::end(states) ? std::nullopt : std::optional(found->first);
}

}  // namespace

std::string Bond::key() const {
    // Neither names nor kinds can hold a line feed.
    std::string out = policy;
    for (const auto* ref : {&owner, &source}) {
        for (const auto* part : {&ref->kind.api_version, &ref->kind.kind, &ref->namespace_name, &ref->name}) {
            out += '\n';
            out += *part;
        }
    }
    out += '\n';
    out += group;
    return out;
}

std::string Bond::owner_label() const {
    if (!owner_uid.empty()) return owner_uid;
    if (!source_uid.empty()) return source_uid;
    return hash_of_text(policy + "\n" + group).hex();
}

std::string part_id(std::string_view instance, const Bond& bond) {
    return hash_of_text(std::string(instance) + "\n" + bond.key()).hex();
}

std::string Claim::text() const {
    nlohmann::json out = {
        {"policy", bond.policy},
        {"instance", instance},
        {"hash", hash.hex()},
        {"state", state_name(making)},
        {"place", {{"cluster", place.cluster}, {"namespace", place.namespace_name}, {"name", place.name}}}};
    if (!bond.owner.name.empty()) out["owner"] = to_json(bond.owner, bond.owner_uid);
    if (!bond.source.name.empty()) out["source"] = to_json(bond.source, bond.source_uid);
    if (!bond.group.empty()) out["group"] = bond.group;
    if (writes == policy::Writes::fields) out["writes"] = "fields";
    if (!labels.empty()) out["labels"] = labels;
    if (!annotations.empty()) out["annotations"] = annotations;
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::optional<Claim> Claim::parse(std::string_view text) {
    const auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    Claim claim;
    claim.instance = text_of(parsed, "instance");
    claim.bond.policy = text_of(parsed, "policy");
    from_json(parsed, "owner", claim.bond.owner, claim.bond.owner_uid);
    from_json(parsed, "source", claim.bond.source, claim.bond.source_uid);
    claim.bond.group = text_of(parsed, "group");
    const auto place = parsed.find("place");
    if (place == parsed.end() || !place->is_object()) return std::nullopt;
    claim.place = {text_of(*place, "cluster"), text_of(*place, "namespace"), text_of(*place, "name")};
    const auto state = text_of(parsed, "state");
    const auto making = making_named(state);
    if (!making) return std::nullopt;
    claim.making = *making;
    if (text_of(parsed, "writes") == "fields") claim.writes = policy::Writes::fields;
    const auto hash = Hash::parse(text_of(parsed, "hash"));
    if (!hash || claim.bond.policy.empty() || claim.place.name.empty()) return std::nullopt;
    claim.hash = *hash;
    claim.labels = texts_of(parsed, "labels");
    claim.annotations = texts_of(parsed, "annotations");
    return claim;
}

std::optional<Claim> Claim::of(const kube::Metadata& object) {
    const auto* text = kube::find(object.annotations, marks::claim);
    if (text == nullptr) return std::nullopt;
    return parse(*text);
}

}  // namespace moontide::plan

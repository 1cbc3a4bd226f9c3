#include "apply/parts.hpp"

#include "apply/dump.hpp"

#include <algorithm>
#include <utility>

namespace moontide::apply {

namespace {

using nlohmann::json;
using plan::ListParts;

const json* member(const json& object, std::string_view key) {
    const auto found = object.is_object() ? object.find(std::string(key)) : object.end();
    return found == object.end() ? nullptr : &*found;
}

std::string escaped(std::string_view key) {
    std::string text;
    for (const char c : key) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return text;
}

/// The lists that members alone lead to; one within a list's item is its item's. `visit(pointer, list)`.
template <typename Visit>
void each_list(const json& fields, const std::string& pointer, const Visit& visit) {
    for (const auto& [key, value] : fields.items()) {
        // A name with a slash or tilde would need escapes, and no list of a Kubernetes type has one above it.
        if (key.find_first_of("/~") != std::string::npos) continue;
        const auto here = pointer + "/" + key;
        if (value.is_array()) visit(here, value);
        if (value.is_object()) each_list(value, here, visit);
    }
}

json fields_of(const policy::Content& content) {
    auto fields = json::parse(content.fields, nullptr, false);
    return fields.is_object() ? fields : json::object();
}

const json* at(const json& object, const std::string& pointer) {
    const json::json_pointer path(pointer);
    return object.contains(path) ? &object.at(path) : nullptr;
}

/// The node of a FieldsV1 at a pointer.
const json* field_at(const json& fields, std::string_view pointer) {
    const json* here = &fields;
    while (here != nullptr && !pointer.empty()) {
        pointer.remove_prefix(1);
        const auto name = pointer.substr(0, pointer.find('/'));
        here = member(*here, "f:" + std::string(name));
        pointer.remove_prefix(name.size());
    }
    return here;
}

/// Tests the uid and names the version of the object that the rest of the patch was made from.
json patch_of(const json& live) {
    return json::array(
        {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", live.value("/metadata/uid"_json_pointer, "")}},
         {{"op", "replace"},
          {"path", "/metadata/resourceVersion"},
          {"value", live.value("/metadata/resourceVersion"_json_pointer, "")}}});
}

void put(json& patch, const std::string& pointer, json value) {
    patch.push_back({{"op", "add"}, {"path", pointer}, {"value", std::move(value)}});
}

/// A list's place may lack the objects that it is in.
void put_list(json& patch, const json& live, const std::string& pointer, json list) {
    for (auto slash = pointer.find('/', 1); slash != std::string::npos; slash = pointer.find('/', slash + 1)) {
        if (at(live, pointer.substr(0, slash)) == nullptr) put(patch, pointer.substr(0, slash), json::object());
    }
    put(patch, pointer, std::move(list));
}

std::string annotation_path(std::string_view prefix, std::string_view part_id) {
    return "/metadata/annotations/" + escaped(std::string(prefix) + std::string(part_id));
}

bool contains(const json& list, const json& element) {
    return std::find(list.begin(), list.end(), element) != list.end();
}

json list_at(const json& live, const std::string& pointer) {
    const auto* list = at(live, pointer);
    return list != nullptr && list->is_array() ? *list : json::array();
}

/// The list without what the part added to it.
json less_ours(json list, const ListParts& before, const std::string& pointer) {
    const auto known = before.find(pointer);
    if (known == before.end()) return list;
    for (const auto& element : known->second) {
        const auto found = element.added ? std::find(list.begin(), list.end(), element.value) : list.end();
        if (found != list.end()) list.erase(found);
    }
    return list;
}

json identity(const kube::Kind& kind, const plan::Place& place, const plan::Uid& uid, kube::ResourceVersion version) {
    return {{"apiVersion", kind.api_version},
            {"kind", kind.kind},
            {"metadata",
             {{"name", place.name},
              {"namespace", place.namespace_name},
              {"uid", uid.text()},
              {"resourceVersion", std::to_string(version)}}}};
}

/// The union of two sets of fields.
void add_fields(json& to, const json& more) {
    for (const auto& [key, inner] : more.items()) {
        auto& here = to[key];
        if (here.is_null()) here = json::object();
        add_fields(here, inner);
    }
}

/// Takes out of a set of fields what becomes ours, and gives it.
json split_off(json& fields, plan::Making making, bool whole) {
    if (whole) return std::exchange(fields, json::object());
    json taken = json::object();
    for (auto field = fields.begin(); field != fields.end();) {
        if (field.key() == "f:metadata") {
            auto& metadata = field.value();
            if (making == plan::Making::made && metadata.contains("f:annotations")) {
                taken["f:metadata"] = {{"f:annotations", metadata["f:annotations"]}};
                metadata.erase("f:annotations");
            }
            field = metadata.empty() ? fields.erase(field) : ++field;
        } else {
            taken[field.key()] = std::move(field.value());
            field = fields.erase(field);
        }
    }
    return taken;
}

}  // namespace

bool AtomicLists::knows(const policy::Content& content) const {
    bool all = true;
    const auto kind = known_.find(content.kind);
    each_list(fields_of(content), "", [&](const std::string& pointer, const json& list) {
        const bool known = kind != known_.end() && kind->second.contains(pointer);
        all = all && (list.empty() || known);
    });
    return all;
}

void AtomicLists::learn(const policy::Content& content, const std::string& manager, std::string_view answer_json) {
    const auto answer = json::parse(answer_json, nullptr, false);
    const auto* applied = plan::applied_fields(answer, manager);
    each_list(fields_of(content), "", [&](const std::string& pointer, const json& list) {
        if (list.empty()) return;  // looks the same whoever owns its items
        const auto* field = applied == nullptr ? nullptr : field_at(*applied, pointer);
        // A list whose items have owners of their own names them.
        known_[content.kind][pointer] = field != nullptr && field->empty();
    });
}

std::set<std::string> AtomicLists::of(const policy::Content& content) const {
    std::set<std::string> atomic;
    const auto kind = known_.find(content.kind);
    if (kind == known_.end()) return atomic;
    each_list(fields_of(content), "", [&](const std::string& pointer, const json&) {
        const auto known = kind->second.find(pointer);
        if (known != kind->second.end() && known->second) atomic.insert(pointer);
    });
    return atomic;
}

std::string applied_part(const plan::Wish& wish, const plan::Claim& claim, const plan::Apply& step,
                         const std::set<std::string>& atomic) {
    const auto& content = *wish.content;
    auto object = fields_of(content);
    auto left_out = atomic;
    // Applied, an empty list may empty others'.
    each_list(object, "", [&](const std::string& pointer, const json& list) {
        if (list.empty()) left_out.insert(pointer);
    });
    for (const auto& pointer : left_out) {
        const auto slash = pointer.rfind('/');
        object[json::json_pointer(pointer.substr(0, slash))].erase(pointer.substr(slash + 1));
    }
    object.update(identity(content.kind, claim.place, step.uid, step.resource_version));
    auto& metadata = object["metadata"];
    metadata["labels"] = content.labels;
    metadata["labels"][std::string(plan::marks::part)] = claim.instance;
    metadata["annotations"] = content.annotations;
    metadata["annotations"][std::string(plan::marks::part_claim) + plan::part_id(claim.instance, claim.bond)] =
        claim.text();
    return dump(object);
}

std::optional<std::string> lists_patch(const plan::Wish& wish, const plan::Claim& claim,
                                       const std::set<std::string>& atomic, std::string_view live_json) {
    const auto live = json::parse(live_json, nullptr, false);
    const auto id = plan::part_id(claim.instance, claim.bond);
    const auto before = plan::list_parts(live, id);
    if (atomic.empty() && before.empty()) return std::nullopt;
    const auto wanted = fields_of(*wish.content);

    ListParts after;
    json patch = patch_of(live);
    bool changes = false;
    for (const auto& pointer : atomic) {
        const auto there = list_at(live, pointer);
        auto list = less_ours(there, before, pointer);
        auto& elements = after[pointer];
        for (const auto& element : wanted.at(json::json_pointer(pointer))) {
            const bool found = contains(list, element);
            elements.push_back({element, !found});
            if (!found) list.push_back(element);
        }
        if (list == there) continue;
        changes = true;
        put_list(patch, live, pointer, std::move(list));
    }
    for (const auto& [pointer, elements] : before) {
        if (atomic.contains(pointer)) continue;
        const auto there = list_at(live, pointer);
        auto list = less_ours(there, before, pointer);
        if (list == there) continue;
        changes = true;
        put(patch, pointer, std::move(list));
    }
    const auto note = annotation_path(plan::marks::part_lists, id);
    if (after.empty()) {
        patch.push_back({{"op", "remove"}, {"path", note}});
        return dump(patch);
    }
    const auto text = plan::text_of(after);
    if (!changes && text == plan::text_of(before)) return std::nullopt;
    put(patch, note, text);
    return dump(patch);
}

std::optional<std::string> unlisting_patch(std::string_view part_id, std::string_view live_json) {
    const auto live = json::parse(live_json, nullptr, false);
    const auto note = annotation_path(plan::marks::part_lists, part_id);
    if (at(live, note) == nullptr) return std::nullopt;
    json patch = patch_of(live);
    const auto before = plan::list_parts(live, part_id);
    for (const auto& [pointer, elements] : before) {
        const auto there = list_at(live, pointer);
        auto list = less_ours(there, before, pointer);
        if (list != there) put(patch, pointer, std::move(list));
    }
    patch.push_back({{"op", "remove"}, {"path", note}});
    return dump(patch);
}

std::string empty_part(const kube::Kind& kind, const plan::Place& place, const plan::Release& step) {
    return dump(identity(kind, place, step.uid, step.resource_version));
}

std::optional<std::string> clearing_patch(std::string_view part_id, std::string_view live_json) {
    const auto live = json::parse(live_json, nullptr, false);
    const auto ours = std::string(plan::marks::part_claim) + std::string(part_id);
    const auto* annotations = at(live, "/metadata/annotations");
    bool others = false;
    bool there = false;
    if (annotations != nullptr) {
        for (const auto& [key, value] : annotations->items()) {
            if (!key.starts_with(plan::marks::part_claim)) continue;
            (key == ours ? there : others) = true;
        }
    }
    json patch = patch_of(live);
    const auto before = patch.size();
    if (there) {
        patch.push_back({{"op", "remove"}, {"path", annotation_path(plan::marks::part_claim, part_id)}});
    }
    const auto label = "/metadata/labels/" + escaped(plan::marks::part);
    if (!others && at(live, label) != nullptr) patch.push_back({{"op", "remove"}, {"path", label}});
    if (patch.size() == before) return std::nullopt;
    return dump(patch);
}

std::optional<std::string> takeover_patch(plan::Making making, const kube::Kind& kind, std::string_view live_json) {
    const auto live = json::parse(live_json, nullptr, false);
    const auto* entries = at(live, "/metadata/managedFields");
    if (entries == nullptr || !entries->is_array()) return std::nullopt;
    json ours = {{"manager", plan::whole_manager},
                 {"operation", "Apply"},
                 {"apiVersion", kind.api_version},
                 {"fieldsType", "FieldsV1"},
                 {"fieldsV1", json::object()}};
    json kept = json::array();
    bool takes = false;
    for (auto entry : *entries) {
        const auto manager = entry.value("manager", "");
        const bool is_ours = manager == plan::whole_manager && entry.value("operation", "") == "Apply";
        const bool other_version = entry.value("apiVersion", "") != kind.api_version;
        auto* fields = entry.contains("fieldsV1") ? &entry["fieldsV1"] : nullptr;
        if (fields == nullptr || other_version || !entry.value("subresource", "").empty() ||
            manager.starts_with(plan::part_manager(""))) {
            kept.push_back(std::move(entry));
            continue;
        }
        if (is_ours) {
            add_fields(ours["fieldsV1"], *fields);
            if (entry.contains("time")) ours["time"] = entry["time"];
            continue;
        }
        // What we wrote as a whole before is ours to the last label.
        const auto taken = split_off(*fields, making, manager == plan::whole_manager);
        takes = takes || !taken.empty();
        add_fields(ours["fieldsV1"], taken);
        if (entry.contains("time")) ours["time"] = entry["time"];
        if (!fields->empty()) kept.push_back(std::move(entry));
    }
    if (!takes) return std::nullopt;
    kept.push_back(std::move(ours));
    json patch = patch_of(live);
    patch.push_back({{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", std::move(kept)}});
    return dump(patch);
}

}  // namespace moontide::apply

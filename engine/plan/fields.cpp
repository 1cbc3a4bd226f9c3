#include "plan/fields.hpp"

#include <algorithm>
#include <utility>

namespace moontide::plan {

namespace {

using nlohmann::json;

std::string dump(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json* member(const json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return found == object.end() ? nullptr : &*found;
}

/// Through members alone: a list within a list's item is its item's.
const json* at(const json& object, std::string_view pointer) {
    const json* here = &object;
    while (here != nullptr && !pointer.empty()) {
        pointer.remove_prefix(1);
        const auto name = pointer.substr(0, pointer.find('/'));
        here = member(*here, std::string(name).c_str());
        pointer.remove_prefix(name.size());
    }
    return here;
}

/// False where something else than a member stands in the way.
bool put(json& object, std::string_view pointer, json value) {
    json* here = &object;
    while (!pointer.empty()) {
        if (!here->is_null() && !here->is_object()) return false;
        pointer.remove_prefix(1);
        const auto name = pointer.substr(0, pointer.find('/'));
        here = &(*here)[std::string(name)];
        pointer.remove_prefix(name.size());
    }
    *here = std::move(value);
    return true;
}

bool has_children(const json& fields) {
    return std::any_of(fields.items().begin(), fields.items().end(), [](const auto& one) { return one.key() != "."; });
}

/// The item whose fields are the keys: {"name":"web"}.
const json* item_with(const json& list, const json& keys) {
    const auto found = std::find_if(list.begin(), list.end(), [&](const json& item) {
        return item.is_object() && std::all_of(keys.items().begin(), keys.items().end(), [&](const auto& key) {
                   const auto* value = member(item, key.key().c_str());
                   return value != nullptr && *value == key.value();
               });
    });
    return found == list.end() ? nullptr : &*found;
}

/// Items in the order of the live list, whatever order the fields name them in.
json reduced_list(const json& list, const json& fields) {
    std::vector<std::pair<const json*, json>> items;
    for (const auto& [key, inner] : fields.items()) {
        const bool by_keys = key.starts_with("k:");
        if (!by_keys && !key.starts_with("v:")) continue;
        const auto named = json::parse(key.substr(2), nullptr, false);
        const json* item = nullptr;
        if (by_keys && named.is_object()) {
            item = item_with(list, named);
        } else {
            const auto found = std::find(list.begin(), list.end(), named);
            if (found != list.end()) item = &*found;
        }
        if (item != nullptr) items.emplace_back(item, reduced_to(*item, inner));
    }
    std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    json out = json::array();
    for (auto& [item, reduced] : items) out.push_back(std::move(reduced));
    return out;
}

/// Everything that a claim's hash is made of, as one text.
Hash hash_of(const json& fields, const json& labels, const json& annotations, const Bond& bond,
             const std::optional<Belonging>& belonging) {
    json named = fields;
    // The server leaves out what is empty.
    for (auto field = named.begin(); field != named.end();) field = field->empty() ? named.erase(field) : ++field;
    json all = {{"fields", std::move(named)},
                {"labels", labels},
                {"annotations", annotations},
                {"bond", {bond.key(), bond.owner_uid, bond.source_uid}}};
    if (belonging) {
        all["belonging"] = {belonging->kind.api_version, belonging->kind.kind, belonging->name, belonging->uid};
    }
    return hash_of_text(dump(all));
}

/// The entries of a map of the metadata whose keys are ours.
json chosen_metadata(const json& object, const char* map, const std::vector<std::string>& keys) {
    json out = json::object();
    const auto* metadata = member(object, "metadata");
    const auto* entries = metadata == nullptr ? nullptr : member(*metadata, map);
    if (entries == nullptr) return out;
    for (const auto& key : keys) {
        if (const auto* value = member(*entries, key.c_str())) out[key] = *value;
    }
    return out;
}

/// The elements that still stand in their lists, put where the content had them.
void add_lists(json& fields, const json& object, const ListParts& lists) {
    for (const auto& [pointer, elements] : lists) {
        const auto* live = at(object, pointer);
        json there = json::array();
        for (const auto& element : elements) {
            if (live != nullptr && live->is_array() &&
                std::find(live->begin(), live->end(), element.value) != live->end())
                there.push_back(element.value);
        }
        put(fields, pointer, std::move(there));
    }
}

}  // namespace

std::string part_manager(std::string_view part_id) {
    return std::string(whole_manager) + "/" + std::string(part_id);
}

const json* applied_fields(const json& object, std::string_view manager) {
    const auto* metadata = member(object, "metadata");
    const auto* entries = metadata == nullptr ? nullptr : member(*metadata, "managedFields");
    if (entries == nullptr || !entries->is_array()) return nullptr;
    for (const auto& entry : *entries) {
        if (!entry.is_object() || entry.value("manager", "") != manager || entry.value("operation", "") != "Apply")
            continue;
        if (!entry.value("subresource", "").empty()) continue;
        return member(entry, "fieldsV1");
    }
    return nullptr;
}

json reduced_to(const json& object, const json& fields) {
    if (!fields.is_object() || fields.empty()) return object;
    if (!has_children(fields)) return object.is_array() ? json::array() : object.is_object() ? json::object() : object;
    if (object.is_array()) return reduced_list(object, fields);
    json out = json::object();
    for (const auto& [key, inner] : fields.items()) {
        if (!key.starts_with("f:")) continue;
        const auto name = key.substr(2);
        if (const auto* value = member(object, name.c_str())) out[name] = reduced_to(*value, inner);
    }
    return out;
}

ListParts list_parts(const json& object, std::string_view part_id) {
    ListParts lists;
    const auto key = std::string(marks::part_lists) + std::string(part_id);
    const auto annotation = chosen_metadata(object, "annotations", {key});
    if (annotation.empty() || !annotation.front().is_string()) return lists;
    const auto parsed = json::parse(annotation.front().get_ref<const std::string&>(), nullptr, false);
    if (!parsed.is_object()) return lists;
    for (const auto& [pointer, elements] : parsed.items()) {
        // Written by hand it may be anything; what is no pointer to a list is none of ours.
        if (!pointer.starts_with('/') || pointer.find('~') != std::string::npos || !elements.is_array()) continue;
        auto& list = lists[pointer];
        for (const auto& element : elements) {
            if (const auto* added = member(element, "added")) list.push_back({*added, true});
            if (const auto* found = member(element, "found")) list.push_back({*found, false});
        }
    }
    return lists;
}

std::string text_of(const ListParts& lists) {
    json out = json::object();
    for (const auto& [pointer, elements] : lists) {
        auto& list = out[pointer] = json::array();
        for (const auto& element : elements) list.push_back({{element.added ? "added" : "found", element.value}});
    }
    return dump(out);
}

Hash live_fields_hash(const json& object, const Claim& claim, const std::optional<Belonging>& belonging) {
    json fields = json::object();
    const bool joined = claim.making == Making::joined;
    const auto id = joined ? part_id(claim.instance, claim.bond) : std::string();
    const auto* applied = applied_fields(object, joined ? part_manager(id) : std::string(whole_manager));
    if (applied != nullptr) {
        fields = reduced_to(object, *applied);
        for (const auto* known : {"apiVersion", "kind", "metadata"}) fields.erase(known);
    }
    if (joined) add_lists(fields, object, list_parts(object, id));
    return hash_of(fields, chosen_metadata(object, "labels", claim.labels),
                   chosen_metadata(object, "annotations", claim.annotations), claim.bond, belonging);
}

Result<Hash> wanted_fields_hash(const policy::Content& content, const Bond& bond,
                                const std::optional<Belonging>& belonging) {
    const auto fields = json::parse(content.fields, nullptr, false);
    if (!fields.is_object()) return fail("the copy's content is no JSON object");
    return hash_of(fields, json(content.labels), json(content.annotations), bond, belonging);
}

bool holds(const json& object, const json& wanted) {
    if (wanted.is_object()) {
        return object.is_object() && std::all_of(wanted.items().begin(), wanted.items().end(), [&](const auto& field) {
                   const auto* value = member(object, field.key().c_str());
                   return value != nullptr && holds(*value, field.value());
               });
    }
    if (wanted.is_array()) {
        return object.is_array() && std::all_of(wanted.begin(), wanted.end(), [&](const json& element) {
                   return std::any_of(object.begin(), object.end(),
                                      [&](const json& one) { return holds(one, element); });
               });
    }
    return object == wanted;
}

}  // namespace moontide::plan

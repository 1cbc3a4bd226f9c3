#include "parts.hpp"

#include "timeline.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace moontide::proof {

namespace {

constexpr std::string_view CLAIM = "part.moontide.dev/";
constexpr std::string_view LISTS = "lists.part.moontide.dev/";

constexpr std::array FIELDS = {"data", "binaryData"};

Json managers_of(const Json& object) {
    return object.at("metadata").value("managedFields", Json::array());
}

bool has_field(const Json& fields, const std::string& name) {
    return fields.contains("f:" + name);
}

/// An entry of managedFields has that key of data or binaryData.
bool has(const Json& entry, const char* field, const std::string& key) {
    const auto fields = entry.value("fieldsV1", Json::object());
    return has_field(fields.value(std::string("f:") + field, Json::object()), key);
}

bool has_label(const Json& entry, const std::string& key) {
    const auto metadata = entry.value("fieldsV1", Json::object()).value("f:metadata", Json::object());
    return has_field(metadata.value("f:labels", Json::object()), key);
}

/// Without what is empty: a part that goes may leave a map behind that it made.
void prune(Json& object, const char* field) {
    const auto found = object.find(field);
    if (found != object.end() && found->empty()) object.erase(found);
}

}  // namespace

bool carries_part(const Json& object) {
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    return std::ranges::any_of(annotations.items(), [](const auto& one) { return one.key().starts_with(CLAIM); });
}

std::map<std::string, Json> parts_of(const Terms& terms, const Json& object) {
    std::map<std::string, Json> parts;
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    for (const auto& [key, text] : annotations.items()) {
        if (!key.starts_with(CLAIM)) continue;
        auto claim = Json::parse(text.get<std::string>(), nullptr, false);
        if (claim.is_object() && is_for_its_place(terms, claim, object)) {
            parts.emplace(key.substr(CLAIM.size()), std::move(claim));
        }
    }
    return parts;
}

std::map<std::string, Json> joined_parts(const Terms& terms, const Json* before, const Json& after) {
    auto parts = parts_of(terms, after);
    const auto known = before ? parts_of(terms, *before) : std::map<std::string, Json>();
    std::erase_if(parts, [&](const auto& part) { return known.contains(part.first); });
    return parts;
}

std::string manager_of_part(const std::string& id) {
    return "moontide/" + id;
}

bool holds(const Json& object, const Json& wished) {
    for (const auto* field : FIELDS) {
        const auto there = object.value(field, Json::object());
        const auto values = wished.value(field, Json::object());
        for (const auto& [key, value] : values.items()) {
            if (!there.contains(key) || there.at(key) != value) return false;
        }
    }
    return true;
}

Json others_of(const Json& object, const Offered& offered) {
    auto others = object;
    auto& metadata = others.at("metadata");
    for (const char* field : {"managedFields", "resourceVersion", "generation"}) metadata.erase(field);
    if (metadata.contains("labels")) {
        metadata["labels"].erase("moontide.dev/part");
        for (const auto& key : offered.labels) metadata["labels"].erase(key);
    }
    if (metadata.contains("annotations")) {
        Json annotations = Json::object();
        for (const auto& [key, value] : metadata["annotations"].items()) {
            if (!key.starts_with(CLAIM) && !key.starts_with(LISTS)) annotations[key] = value;
        }
        metadata["annotations"] = std::move(annotations);
    }
    for (const auto* field : FIELDS) {
        for (const auto& key : offered.keys) {
            if (others.contains(field)) others[field].erase(key);
        }
        prune(others, field);
    }
    prune(metadata, "labels");
    prune(metadata, "annotations");
    return others;
}

Offered without_users(Offered offered, const Json& object) {
    for (const auto& entry : managers_of(object)) {
        if (entry.value("manager", "").starts_with("moontide")) continue;
        for (const auto* field : FIELDS)
            std::erase_if(offered.keys, [&](const auto& key) { return has(entry, field, key); });
        std::erase_if(offered.labels, [&](const auto& key) { return has_label(entry, key); });
    }
    return offered;
}

Keys leftovers(const Json& object, const Json& wished, const Keys& keys) {
    const auto there = object.value("data", Json::object());
    const auto data = wished.value("data", Json::object());
    Keys left;
    for (const auto& key : keys) {
        if (there.contains(key) && !data.contains(key)) left.insert(key);
    }
    return left;
}

bool is_opposed(const Json& object, const Wish& wish, const std::string& manager) {
    const auto labels = object.at("metadata").value("labels", Json::object());
    return std::ranges::any_of(managers_of(object), [&](const Json& entry) {
        if (entry.value("manager", "") == manager) return false;
        const auto differs = [](const Json& there, const std::string& key, const Json& value) {
            return there.contains(key) && there.at(key) != value;
        };
        for (const auto* field : FIELDS) {
            const auto there = object.value(field, Json::object());
            const auto values = wish.content.value(field, Json::object());
            for (const auto& [key, value] : values.items()) {
                if (has(entry, field, key) && differs(there, key, value)) return true;
            }
        }
        return std::ranges::any_of(wish.labels.items(), [&](const auto& one) {
            return has_label(entry, one.key()) && differs(labels, one.key(), one.value());
        });
    });
}

Json own_content_of(const Json& copy, const Json& wished) {
    auto content = content_of(copy);
    for (const auto* field : FIELDS) {
        const auto values = wished.value(field, Json::object());
        const auto there = content.value(field, Json::object());
        for (const auto& [key, value] : there.items()) {
            const bool is_others = std::ranges::any_of(managers_of(copy), [&, &name = key](const Json& entry) {
                return entry.value("manager", "") != WHOLE_MANAGER && has(entry, field, name);
            });
            if (is_others && !values.contains(key)) content[field].erase(key);
        }
        prune(content, field);
    }
    return content;
}

Keys superfluous(const Json& object, const Json& wished, const std::string& manager) {
    Keys keys;
    for (const auto* field : FIELDS) {
        const auto there = object.value(field, Json::object());
        const auto values = wished.value(field, Json::object());
        for (const auto& [key, value] : there.items()) {
            bool its = false;
            bool others = false;
            for (const auto& entry : managers_of(object)) {
                (entry.value("manager", "") == manager ? its : others) |= has(entry, field, key);
            }
            if (its && !others && !values.contains(key)) keys.insert(key);
        }
    }
    return keys;
}

}  // namespace moontide::proof

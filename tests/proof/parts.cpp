#include "parts.hpp"

#include <string_view>

namespace moontide::proof {

namespace {

constexpr std::string_view CLAIM = "part.moontide.dev/";
constexpr std::string_view LISTS = "lists.part.moontide.dev/";

/// Without what is empty: a part that goes may leave a map behind that it made.
void prune(Json& object, const char* field) {
    const auto found = object.find(field);
    if (found != object.end() && found->empty()) object.erase(found);
}

}  // namespace

bool has_part(const Terms& terms, const Json& object) {
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    for (const auto& [key, text] : annotations.items()) {
        if (!key.starts_with(CLAIM)) continue;
        const auto claim = Json::parse(text.get<std::string>(), nullptr, false);
        if (claim.is_object() && claim.value("instance", "") == terms.instance) return true;
    }
    return false;
}

bool holds(const Json& object, const Json& wished) {
    const auto there = object.value("data", Json::object());
    const auto data = wished.value("data", Json::object());
    for (const auto& [key, value] : data.items()) {
        if (!there.contains(key) || there.at(key) != value) return false;
    }
    return true;
}

Json others_of(const Json& object, const Keys& keys) {
    auto others = object;
    auto& metadata = others.at("metadata");
    for (const char* field : {"managedFields", "resourceVersion", "generation"}) metadata.erase(field);
    if (metadata.contains("labels")) metadata["labels"].erase("moontide.dev/part");
    if (metadata.contains("annotations")) {
        Json annotations = Json::object();
        for (const auto& [key, value] : metadata["annotations"].items()) {
            if (!key.starts_with(CLAIM) && !key.starts_with(LISTS)) annotations[key] = value;
        }
        metadata["annotations"] = std::move(annotations);
    }
    for (const auto& key : keys) {
        if (others.contains("data")) others["data"].erase(key);
    }
    prune(metadata, "labels");
    prune(metadata, "annotations");
    prune(others, "data");
    return others;
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

}  // namespace moontide::proof

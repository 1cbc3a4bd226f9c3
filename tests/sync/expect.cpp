#include "expect.hpp"

namespace moontide::test {
namespace {

std::string short_text(const Json& value) {
    auto text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (text.size() > 120) text = text.substr(0, 100) + "... (" + std::to_string(text.size()) + " bytes)";
    return text;
}

void tell(const std::string& path, const Json& want, const Json& got, std::string& told) {
    if (want == got) return;
    if (want.is_object() && got.is_object()) {
        auto both = want;
        both.update(got);
        for (const auto& [key, ignored] : both.items()) {
            std::string deeper = path;
            if (!deeper.empty()) deeper += ".";
            deeper += key;
            if (!want.contains(key)) {
                told += "\n  " + deeper + ": not wanted, there is " + short_text(got.at(key));
            } else if (!got.contains(key)) {
                told += "\n  " + deeper + ": wanted " + short_text(want.at(key)) + ", there is none";
            } else {
                tell(deeper, want.at(key), got.at(key), told);
            }
        }
        return;
    }
    told += "\n  " + path + ": wanted " + short_text(want) + ", got " + short_text(got);
}

/// An empty map and none are the same to the API.
void take_over(Json& to, const Json& from, const char* field) {
    const auto found = from.find(field);
    if (found != from.end() && !found->is_null() && !(found->is_object() && found->empty())) to[field] = *found;
}

Json content_of(const Json& object) {
    Json content = Json::object();
    for (const char* field : {"data", "binaryData", "immutable", "type"}) take_over(content, object, field);
    return content;
}

}  // namespace

std::string difference(const Json& want, const Json& got) {
    std::string told;
    tell({}, want, got, told);
    return told;
}

std::string complaint_about(const Json* got, const CopyOf& want) {
    if (got == nullptr) return "there is none";
    Json wanted = content_of(want.source);
    wanted["labels"] = {{MANAGED_BY, "moontide"}, {INSTANCE, want.instance}, {OWNER, uid_of(want.source)}};
    const auto& source = want.source.at("metadata");
    wanted["annotations"] = {
        {COPY_MARK, source.at("namespace").get<std::string>() + "/" + source.at("name").get<std::string>()}};
    wanted.merge_patch(want.others);

    Json found = content_of(*got);
    found["labels"] = labels_of(*got);
    found["annotations"] = annotations_of(*got);
    const bool claimed = found["annotations"].erase(CLAIM) == 1;
    for (const char* field : {"ownerReferences", "finalizers"}) take_over(found, got->at("metadata"), field);

    auto told = difference(wanted, found);
    if (!claimed) told += std::string("\n  annotations.") + CLAIM + ": there is none";
    return told;
}

std::string complaint_about_data(const Json* got, const Json& want_data) {
    if (got == nullptr) return "there is none";
    return difference(want_data, got->value("data", Json::object()));
}

}  // namespace moontide::test

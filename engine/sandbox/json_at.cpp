#include "sandbox/json_at.hpp"

namespace moontide::sandbox {

namespace {

const Json& null() {
    static const Json value;
    return value;
}

std::string text_of_value(const Json& value) {
    return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace

const Json* member(const Json* object, std::string_view key) {
    if (!object || !object->is_object()) return nullptr;
    const auto found = object->find(key);
    return found == object->end() ? nullptr : &*found;
}

const Json& at(const Json& object, std::string_view key) {
    const auto* found = member(&object, key);
    return found ? *found : null();
}

std::string text_at(const Json& object, std::string_view key) {
    return text_of_value(at(object, key));
}

bool true_at(const Json& object, std::string_view key) {
    const auto& value = at(object, key);
    return value.is_boolean() && value.get<bool>();
}

const Json& at_place(const Json& tree, const char* pointer) {
    const Json::json_pointer place(pointer);
    return tree.contains(place) ? tree.at(place) : null();
}

std::string text_at_place(const Json& tree, const char* pointer) {
    return text_of_value(at_place(tree, pointer));
}

void set_missing(Json& object, const char* key, const Json& value) {
    if (!object.contains(key)) object[key] = value;
}

}  // namespace moontide::sandbox

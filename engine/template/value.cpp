#include "template/value.hpp"

#include <limits>

namespace moontide::templates {

std::string_view name_of(Type type) {
    switch (type) {
        case Type::nothing:
            return "interface {}";
        case Type::boolean:
            return "bool";
        case Type::integer:
            return "int";
        case Type::integer64:
            return "int64";
        case Type::byte:
            return "uint8";
        case Type::real:
            return "float64";
        case Type::text:
            return "string";
        case Type::list:
            return "[]interface {}";
        case Type::texts:
            return "[]string";
        case Type::map:
            return "map[string]interface {}";
        case Type::text_map:
            return "map[string]string";
    }
    return "interface {}";
}

Value Value::element(std::shared_ptr<const Json> json) {
    Value value;
    switch (json->type()) {
        case Json::value_t::boolean:
            value = of(json->get<bool>());
            break;
        case Json::value_t::number_integer:
            value = {Type::integer64, json->get<std::int64_t>()};
            break;
        case Json::value_t::number_unsigned:
            // What an int64 does not hold is a float64, as in the API's own unstructured objects.
            if (json->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
                value = of(json->get<double>());
            } else {
                value = {Type::integer64, json->get<std::int64_t>()};
            }
            break;
        case Json::value_t::number_float:
            value = of(json->get<double>());
            break;
        case Json::value_t::string: {
            const auto* text = json->get_ptr<const std::string*>();
            value = {Type::text, Text(std::move(json), text)};
            break;
        }
        case Json::value_t::array:
            value = {Type::list, std::move(json)};
            break;
        case Json::value_t::object:
            value = {Type::map, std::move(json)};
            break;
        case Json::value_t::null:
        case Json::value_t::binary:
        case Json::value_t::discarded:
            break;
    }
    value.boxed_ = true;
    return value;
}

Value Value::at(const std::string& key) const {
    const auto found = json().find(key);
    return found == json().end() ? Value() : child(*found);
}

Value Value::child(const Json& json) const {
    Value value = element(Tree(std::get<Tree>(held_), &json));
    // []string and map[string]string hold no interfaces.
    return type_ == Type::texts || type_ == Type::text_map ? value.unboxed() : value;
}

Json Value::to_json() const {
    switch (type_) {
        case Type::nothing:
            return nullptr;
        case Type::boolean:
            return boolean();
        case Type::integer:
        case Type::integer64:
        case Type::byte:
            return integer();
        case Type::real:
            return real();
        case Type::text:
            return text();
        case Type::list:
        case Type::texts:
        case Type::map:
        case Type::text_map:
            return json();
    }
    return nullptr;
}

bool Value::truth() const {
    switch (type_) {
        case Type::nothing:
            return false;
        case Type::boolean:
            return boolean();
        case Type::integer:
        case Type::integer64:
        case Type::byte:
            return integer() != 0;
        case Type::real:
            return real() != 0;
        case Type::text:
        case Type::list:
        case Type::texts:
        case Type::map:
        case Type::text_map:
            return size() > 0;
    }
    return false;
}

}  // namespace moontide::templates

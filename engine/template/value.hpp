// What a template computes with: JSON values under the types that Go would give them. Values are immutable and share
// what they are made of; one execution, one thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::templates {

using Json = nlohmann::json;

/// Go's type of a value. `nothing` is no value at all (a missing key, nil).
enum class Type { nothing, boolean, integer, integer64, byte, real, text, list, texts, map, text_map };

/// As Go writes it: `map[string]interface {}`.
std::string_view name_of(Type type);

class Value {
public:
    /// reflect's zero Value.
    Value() = default;

    static Value of(bool value) { return {Type::boolean, value}; }
    /// A Go int: a literal, a length.
    static Value of_integer(std::int64_t value) { return {Type::integer, value}; }
    /// An integer of this one's type.
    Value with_integer(std::int64_t value) const { return {type_, value}; }
    /// An element of a text.
    static Value of_byte(unsigned char value) { return {Type::byte, std::int64_t{value}}; }
    static Value of(double value) { return {Type::real, value}; }
    static Value of(std::string text) { return {Type::text, std::make_shared<const std::string>(std::move(text))}; }
    /// A list or map that a function made.
    static Value of(Json json, Type type) { return {type, std::make_shared<const Json>(std::move(json))}; }
    /// What an interface{} holds: an element of a list or map. null is a nil interface.
    static Value element(std::shared_ptr<const Json> json);
    /// The same, without the interface around it.
    static Value root(std::shared_ptr<const Json> json) { return element(std::move(json)).unboxed(); }
    static Value null() {
        Value value;
        value.boxed_ = true;
        return value;
    }

    Type type() const { return type_; }
    /// Its static type is interface{}: messages name that, and a null is a value.
    bool boxed() const { return boxed_; }
    Value unboxed() const {
        Value value = *this;
        value.boxed_ = false;
        return value;
    }
    /// reflect's IsValid.
    bool valid() const { return type_ != Type::nothing || boxed_; }
    bool nil() const { return type_ == Type::nothing; }
    /// interface {} where it is boxed.
    std::string_view static_type() const { return boxed_ ? "interface {}" : name_of(type_); }

    bool is_integer() const { return type_ == Type::integer || type_ == Type::integer64 || type_ == Type::byte; }
    bool is_list() const { return type_ == Type::list || type_ == Type::texts; }
    bool is_map() const { return type_ == Type::map || type_ == Type::text_map; }

    bool boolean() const { return std::get<bool>(held_); }
    std::int64_t integer() const { return std::get<std::int64_t>(held_); }
    double real() const { return std::get<double>(held_); }
    const std::string& text() const { return *std::get<Text>(held_); }
    const Json& json() const { return *std::get<Tree>(held_); }

    /// Of texts (bytes), lists and maps.
    std::size_t size() const { return type_ == Type::text ? text().size() : json().size(); }
    /// Of a list.
    Value at(std::size_t index) const { return child(json()[index]); }
    /// Of a map; nothing where the key is missing.
    Value at(const std::string& key) const;
    /// Of a list or map, which shares it.
    Value child(const Json& json) const;

    /// As JSON; a copy.
    Json to_json() const;
    /// Whether `if` takes it for true.
    bool truth() const;

private:
    using Text = std::shared_ptr<const std::string>;
    using Tree = std::shared_ptr<const Json>;
    using Held = std::variant<std::monostate, bool, std::int64_t, double, Text, Tree>;

    Value(Type type, Held held) : type_(type), held_(std::move(held)) {}

    Type type_ = Type::nothing;
    bool boxed_ = false;
    Held held_;
};

}  // namespace moontide::templates

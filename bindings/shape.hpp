// A policy's table as C++ keeps it: what is literal, what is text with placeholders, what is a function.
#pragma once

#include "kube/resource.hpp"
#include "policy/placeholder.hpp"
#include "policy/policy.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

using Json = nlohmann::json;

/// Which names the `on` of a function and the placeholders of a text know.
struct Scope {
    bool owner = false;
    bool source = false;
    bool sources = false;
    bool namespace_object = false;
    bool target = false;
    bool with = false;
    bool group = false;
    bool key = false;
    bool data = false;
    bool object = false;
    bool report = false;
};

/// A function of the file, by its number in the order in which the table is read (the same in every state).
struct Function {
    int number = 0;
};

/// Where a value stands.
struct Place {
    std::string path;  ///< "labels['a/b']"
    int line = 1;
};

/// A value of the table. Texts are compiled; lists and maps hold values in turn.
struct Value {
    struct Entry;
    using List = std::vector<Value>;
    using Map = std::vector<Entry>;

    Place place;
    Scope scope;
    /// The Json is a boolean or a number.
    std::variant<Json, policy::PlaceholderText, Function, List, Map> form;

    /// The same whatever the objects are: no functions, no placeholders but those of settings.
    bool is_constant() const;
    /// No functions and no placeholders at all.
    bool is_literal() const;
    const policy::PlaceholderText* text() const { return std::get_if<policy::PlaceholderText>(&form); }
    const Function* function() const { return std::get_if<Function>(&form); }
    const Map* map() const { return std::get_if<Map>(&form); }
    const List* list() const { return std::get_if<List>(&form); }
};

struct Value::Entry {
    std::string key;
    Value value;
};

/// A selection as it is written.
struct SelectionShape {
    Place place;
    std::vector<kube::Kind> kinds;
    std::string cluster;
    std::optional<Value> namespaces;  ///< of objects; never in `into`
    std::optional<Value> names;       ///< in `into` the table's `namespace`
    std::optional<Value> labels;
    std::optional<Value> annotations;
    std::optional<Value> selector;
    std::optional<Function> where;
    std::vector<SelectionShape> except;
    std::optional<Value> copy_kind;
    std::optional<Value> copy_name;

    bool is_constant() const;
};

struct CompanionShape {
    std::string name;
    SelectionShape selection;
    std::optional<Value> list;
};

struct KeysShape {
    std::optional<Value> keep;
    std::optional<Value> drop;
    Value::Map rename;
};

/// `store` as a table: where the Secret is.
struct StoreShape {
    std::optional<Value> namespace_name;
    std::optional<Value> name;
};

struct CarryShape {
    std::optional<Value> labels;
    std::optional<Value> annotations;
};

/// A function's slot and scope, for its `on` and for messages.
struct FunctionShape {
    Place place;
    Scope scope;
};

/// Immutable once compiled; any thread.
struct PolicyShape {
    policy::Shape shape;
    Json settings = Json::object();
    std::vector<SelectionShape> owners;
    std::vector<SelectionShape> from;
    std::optional<Value> group;
    std::variant<std::vector<SelectionShape>, Function> into;
    std::vector<CompanionShape> with;
    bool has_kind = false;      ///< the slot `kind` is there
    bool kind_is_open = false;  ///< and is a list, of which `into` names one
    std::optional<Value> name;
    std::optional<Value> existing;
    std::optional<Value> expires;
    std::variant<std::monostate, KeysShape, Function> keys;
    std::optional<Value> data;
    std::optional<Value> object;
    std::optional<Value> labels;
    std::optional<Value> annotations;
    std::variant<std::monostate, CarryShape, Function> carry;
    std::optional<Function> status;
    std::variant<std::monostate, StoreShape, Function> store;
    std::vector<FunctionShape> functions;
    std::map<std::string, int> lines;  ///< of the slots that are there; "" is the table's own

    Place slot(const std::string& slot_name) const;

    /// The selections, where they are the same for all objects.
    std::vector<policy::Selection> constant_owners;
    std::optional<std::vector<policy::Selection>> constant_from;
    std::optional<std::vector<policy::Selection>> constant_into;
};

}  // namespace moontide::bindings

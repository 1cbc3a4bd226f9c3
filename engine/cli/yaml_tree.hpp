// A YAML document with the line of everything in it, for a config file whose errors say where.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace moontide::cli {

struct YamlNode {
    struct Scalar {
        std::string text;
        bool quoted = false;  ///< a text, whatever it looks like
    };
    using List = std::vector<YamlNode>;
    struct Entry;
    using Map = std::vector<Entry>;  ///< in the order of the file; each key once

    std::variant<std::monostate, Scalar, List, Map> value;  ///< monostate: null, or nothing there
    int line = 1;

    bool is_null() const { return std::holds_alternative<std::monostate>(value); }
    const Scalar* scalar() const { return std::get_if<Scalar>(&value); }
    const List* list() const { return std::get_if<List>(&value); }
    const Map* map() const { return std::get_if<Map>(&value); }
    /// "a list", "a map", "nothing", "'text'": for messages.
    std::string looks() const;
};

struct YamlNode::Entry {
    std::string key;
    int line = 1;
    YamlNode node;
};

/// One document of at most 1 MiB and 100 levels; an empty text is null. Aliases and keys that stand twice are errors.
Result<YamlNode> read_yaml_tree(std::string_view text, const std::string& file);

/// By YAML 1.2's core schema: unquoted true, false and numbers are such, all else is text.
nlohmann::json to_json(const YamlNode& node);

}  // namespace moontide::cli

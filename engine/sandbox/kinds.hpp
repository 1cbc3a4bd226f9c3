// The table of what the sandbox serves: every kind is a row of data.
#pragma once

#include "sandbox/status.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

class Shape;

struct Subresource {
    std::string name;  ///< "status"
    std::vector<std::string> verbs;
};

/// What differs from kind to kind in the registry of the real server, and is in no discovery document.
struct Habits {
    bool unconditional_update = true;  ///< a PUT may leave the resourceVersion out
    bool create_on_update = false;     ///< a PUT of an absent object creates it
    bool returns_deleted = false;      ///< DELETE answers with the object, not with a Status
    bool has_generation = false;
};

struct KindRow {
    std::size_t index = 0;  ///< place in the table: keys of the store begin with it
    std::string group;
    std::string version;
    std::string kind;      ///< "ConfigMap"
    std::string resource;  ///< "configmaps"
    std::string singular;
    bool namespaced = true;
    std::vector<std::string> verbs;
    std::vector<Subresource> subresources;
    Habits habits;
    Json columns;                   ///< columnDefinitions of its Table
    const Json* schema = nullptr;   ///< its OpenAPI schema; null: anything goes
    const Json* schemas = nullptr;  ///< what the schema's references name
    mutable std::shared_ptr<const Shape>
        shape;  ///< of the schema, for shape_of() alone; a row with another schema has none

    std::string api_version() const { return group.empty() ? version : group + "/" + version; }
    bool allows(std::string_view verb) const;
    const Subresource* subresource(std::string_view name) const;
};

/// Filled once, before requests come; rows keep their address.
class Kinds {
public:
    /// The captured kinds.
    Kinds();

    const KindRow* find(std::string_view group, std::string_view version, std::string_view resource) const;
    const KindRow* find_kind(std::string_view api_version, std::string_view kind) const;
    const std::deque<KindRow>& rows() const { return rows_; }

private:
    std::deque<KindRow> rows_;
};

}  // namespace moontide::sandbox

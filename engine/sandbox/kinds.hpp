// The table of what the sandbox serves: every kind is a row of data.
#pragma once

#include "sandbox/status.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

class Shape;

struct Subresource {
    std::string name;  ///< "status"
    std::vector<std::string> verbs;
    Json response;  ///< group, version and kind of what it answers with
};

/// What differs from kind to kind in the registry of the real server, and is in no discovery document.
struct Habits {
    bool unconditional_update = true;  ///< a PUT may leave the resourceVersion out
    bool create_on_update = false;     ///< a PUT of an absent object creates it
    bool returns_deleted = false;      ///< DELETE answers with the object, not with a Status
    bool has_generation = false;
    std::string warning;  ///< goes with every answer
};

/// The fields at an object's top that have another name in one version than in the stored one.
struct FieldName {
    const char* stored;
    const char* shown;
};
using FieldNames = std::span<const FieldName>;
Json shown(FieldNames names, Json object);
Json stored(FieldNames names, Json object);

struct CustomKind;

struct KindRow {
    /// Place in the table of the resource's first row: keys of the store begin with it, all versions of a resource have
    /// the same.
    std::size_t index = 0;
    std::string group;
    std::string version;
    std::string kind;       ///< "ConfigMap"
    std::string list_kind;  ///< "ConfigMapList"
    std::string resource;   ///< "configmaps"
    std::string singular;
    std::vector<std::string> short_names;
    std::vector<std::string> categories;
    bool namespaced = true;
    bool served = true;  ///< rows of deleted CustomResourceDefinitions stay, since records point to them
    std::vector<std::string> verbs;
    std::vector<Subresource> subresources;
    Habits habits;
    FieldNames names;               ///< of a version that calls fields otherwise; empty for all but events.k8s.io
    Json columns;                   ///< columnDefinitions of its Table
    const Json* schema = nullptr;   ///< its OpenAPI v3 schema, of whichever kind; null: anything goes
    const Json* schemas = nullptr;  ///< what the schema's references name
    mutable std::shared_ptr<const Shape>
        shape;  ///< of the schema, for shape_of() alone; a row with another schema has none
    /// What a CustomResourceDefinition says of it; null for the kinds that are built in.
    std::shared_ptr<const CustomKind> custom;

    std::string api_version() const { return group.empty() ? version : group + "/" + version; }
    bool allows(std::string_view verb) const;
    const Subresource* subresource(std::string_view name) const;
    /// Of the same resource, in whichever version.
    bool is(const KindRow& other) const { return index == other.index; }
};

/// The captured kinds, then those of CustomResourceDefinitions. Rows keep their address. Used by one thread.
class Kinds {
public:
    Kinds();

    const KindRow* find(std::string_view group, std::string_view version, std::string_view resource) const;
    const KindRow* find_kind(std::string_view api_version, std::string_view kind) const;
    /// Also of those that are no longer served.
    const std::deque<KindRow>& rows() const { return rows_; }

    /// Adds the row, or puts it in the place of the one with the same group, version and resource.
    const KindRow& serve(KindRow row);
    /// Takes a resource out of all its versions but those named.
    void withdraw(std::string_view group, std::string_view resource, const std::vector<std::string>& but = {});
    /// Of the rows of a resource, the one that stands for it.
    bool is_first(const KindRow& row) const { return &rows_[row.index] == &row; }

private:
    std::deque<KindRow> rows_;
};

}  // namespace moontide::sandbox

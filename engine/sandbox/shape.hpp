// How the values of a schema are merged: what is one piece, what is a struct or a map, what makes an element of a list
// the same one. Read from OpenAPI v3 with the x-kubernetes extensions, as server-side apply needs it.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// Made of a schema piece by piece, as it is walked over: schemas may refer to themselves. Used by one thread; the
/// schema outlives it.
class Shape {
public:
    enum class Scalar { none, string, number, boolean, any };
    enum class List { none, atomic, set, map };
    enum class Map { none, atomic, granular };

    /// `override` is the relation that a property gives to what it refers to.
    Shape(const Json* schema, const Json* schemas, bool open, Map override = Map::none);

    Scalar scalar() const { return scalar_; }
    List list() const { return list_; }
    Map map() const { return map_; }
    const std::vector<std::string>& keys() const { return keys_; }

    /// A property that the schema names; null where it names none of that name.
    const Shape* field(std::string_view name) const;
    /// Of a map's other keys; null where the schema allows none.
    const Shape* values() const;
    /// Of the value under a key: a property's or, else, values().
    const Shape* of_key(std::string_view key) const;
    const Shape& elements() const;
    /// What a property is where it is left out; null where nothing says so.
    const Json* fallback(const std::string& property) const;

    /// An object of it before anybody wrote it: the fields that are always there, as Go's zero values.
    const Json& zero() const;

    /// The shape that a value of this one has: a schema may allow several.
    struct Form {
        bool map = false;
        bool scalar = false;
        bool list = false;
    };
    Form form_of(const Json* value) const;

private:
    std::unique_ptr<Shape> inner(const Json& schema) const;

    const Json* schema_;
    const Json* schemas_;
    bool open_;  ///< fields that nobody named are kept (x-kubernetes-preserve-unknown-fields)
    Scalar scalar_ = Scalar::none;
    List list_ = List::none;
    Map map_ = Map::none;
    std::vector<std::string> keys_;
    mutable std::map<std::string, std::unique_ptr<Shape>, std::less<>> fields_;
    mutable std::unique_ptr<Shape> values_;
    mutable std::unique_ptr<Shape> elements_;
    mutable Json zero_;  ///< null until somebody asks
};

/// Of a kind's objects; used by the thread that uses the kinds. It lives as long as the kind's row has that schema.
const Shape& shape_of(const KindRow& kind);

}  // namespace moontide::sandbox

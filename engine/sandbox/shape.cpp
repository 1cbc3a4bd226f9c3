#include "sandbox/shape.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/schema.hpp"

#include <algorithm>

namespace moontide::sandbox {

namespace {

Shape::Map relation(const Json& schema) {
    const auto type = text_at(schema, "x-kubernetes-map-type");
    return type == "atomic" ? Shape::Map::atomic : type == "granular" ? Shape::Map::granular : Shape::Map::none;
}

/// A schema that says nothing: anything goes, maps are merged, lists are one piece.
const Json& anything() {
    static const Json schema = Json::object();
    return schema;
}

}  // namespace

Shape::Shape(const Json* schema, const Json* schemas, bool open, Map override)
    : schema_(resolved(schema, schemas)), schemas_(schemas), open_(open) {
    if (!schema_) schema_ = &anything();
    open_ |= schema_->value("x-kubernetes-preserve-unknown-fields", false);
    const auto type = text_at(*schema_, "type");
    if (type.empty() || type == "array") {
        const auto list_type = text_at(*schema_, "x-kubernetes-list-type");
        const auto strategy = text_at(*schema_, "x-kubernetes-patch-strategy");
        list_ = List::atomic;
        if (list_type == "set") list_ = List::set;
        if (list_type == "map") {
            list_ = List::map;
            keys_ = schema_->value("x-kubernetes-list-map-keys", std::vector<std::string>());
        } else if (list_type.empty() && strategy.starts_with("merge")) {
            const auto key = text_at(*schema_, "x-kubernetes-patch-merge-key");
            list_ = key.empty() ? List::set : List::map;
            if (!key.empty()) keys_ = {key};
        }
    }
    if (type.empty() || type == "object") {
        map_ = override != Map::none ? override : relation(*schema_);
        if (map_ == Map::none) map_ = Map::granular;
    }
    if (type.empty()) scalar_ = Scalar::any;
    if (type == "integer" || type == "number") scalar_ = Scalar::number;
    if (type == "boolean") scalar_ = Scalar::boolean;
    if (type == "string") {
        const auto format = text_at(*schema_, "format");
        scalar_ = format.empty() || format == "byte" ? Scalar::string : Scalar::any;
    }
}

std::unique_ptr<Shape> Shape::inner(const Json& schema) const {
    const bool refers = schema.contains("$ref") || schema.contains("allOf");
    return std::make_unique<Shape>(&schema, schemas_, open_ && !refers, refers ? relation(schema) : Map::none);
}

const Shape* Shape::field(std::string_view name) const {
    if (const auto known = fields_.find(name); known != fields_.end()) return known->second.get();
    const auto properties = schema_->find("properties");
    if (properties == schema_->end()) return nullptr;
    const auto found = properties->find(name);
    if (found == properties->end()) return nullptr;
    return fields_.emplace(name, inner(*found)).first->second.get();
}

const Shape* Shape::values() const {
    if (values_) return values_.get();
    const auto more = schema_->find("additionalProperties");
    if (more == schema_->end()) {
        if (!open_ && schema_->contains("properties")) return nullptr;
        values_ = std::make_unique<Shape>(&anything(), schemas_, open_);
    } else if (more->is_object()) {
        values_ = inner(*more);
    } else if (*more == true) {
        values_ = std::make_unique<Shape>(&anything(), schemas_, open_);
    }
    return values_.get();
}

const Shape* Shape::of_key(std::string_view key) const {
    const auto* known = field(key);
    return known ? known : values();
}

const Shape& Shape::elements() const {
    if (!elements_) {
        const auto items = schema_->find("items");
        elements_ = inner(items == schema_->end() || !items->is_object() ? anything() : *items);
    }
    return *elements_;
}

const Json* Shape::fallback(const std::string& property) const {
    const auto properties = schema_->find("properties");
    if (properties == schema_->end()) return nullptr;
    const auto found = properties->find(property);
    if (found == properties->end()) return nullptr;
    const auto value = found->find("default");
    return value == found->end() ? nullptr : &*value;
}

const Json& Shape::zero() const {
    if (!zero_.is_null()) return zero_;
    zero_ = Json::object();
    const auto properties = schema_->find("properties");
    if (properties == schema_->end()) return zero_;
    const auto required = schema_->value("required", Json::array());
    for (const auto& [name, property] : properties->items()) {
        if (const auto fallback = property.find("default"); fallback != property.end()) {
            zero_[name] = fallback->is_object() ? field(name)->zero() : *fallback;
        } else if (std::ranges::find(required, Json(name)) != required.end()) {
            zero_[name] = nullptr;
        }
    }
    return zero_;
}

Shape::Form Shape::form_of(const Json* value) const {
    if (value && value->is_object() && map_ != Map::none) return {.map = true};
    if (value && value->is_array() && list_ != List::none) return {.list = true};
    if (value && value->is_primitive() && !value->is_null() && scalar_ != Scalar::none) return {.scalar = true};
    // A value that fits nothing is held against what the schema knows first.
    if (map_ != Map::none) return {.map = true};
    return {.scalar = scalar_ != Scalar::none, .list = scalar_ == Scalar::none};
}

const Shape& shape_of(const KindRow& kind) {
    if (!kind.shape) kind.shape = std::make_shared<Shape>(kind.schema, kind.schemas, false);
    return *kind.shape;
}

}  // namespace moontide::sandbox

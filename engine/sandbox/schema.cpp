#include "sandbox/schema.hpp"

#include "sandbox/base64.hpp"
#include "sandbox/captured.hpp"
#include "sandbox/structural.hpp"
#include "sandbox/time.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

const Json* referred(const Json& schema) {
    if (const auto found = schema.find("$ref"); found != schema.end()) return &*found;
    const auto all = schema.find("allOf");
    if (all == schema.end() || all->empty()) return nullptr;
    const auto found = all->front().find("$ref");
    return found == all->front().end() ? nullptr : &*found;
}

/// "io.k8s.api.core.v1.ConfigMap" -> "ConfigMap", as Go names the struct.
std::string type_name(const Json* schema, const Json* schemas) {
    const Json* reference = schema ? referred(*schema) : nullptr;
    if (reference) {
        const auto& text = reference->get_ref<const std::string&>();
        return text.substr(text.rfind('.') + 1);
    }
    if (schema && schemas) {
        for (const auto& [name, candidate] : schemas->items()) {
            if (&candidate == schema) return name.substr(name.rfind('.') + 1);
        }
    }
    return {};
}

std::string text_or(const Json& schema, const char* key) {
    const auto found = schema.find(key);
    return found != schema.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// One walk over one object.
class Fitting {
public:
    explicit Fitting(const Json* schemas) : schemas_(schemas) {}

    Decoded result;

    /// `owner` and `dotted` name the place as Go's decoder does, `path` as strict decoding does.
    void fit(Json& value, const Json* unresolved, const std::string& owner, const std::string& dotted,
             const std::string& path) {
        const Json* schema = resolved(unresolved, schemas_);
        if (!schema || !result.error.empty()) return;
        const auto type = text_or(*schema, "type");
        if (type == "object") {
            fit_object(value, unresolved, *schema, owner, dotted, path);
        } else if (type == "array") {
            if (!value.is_array()) return mismatch(value, owner, dotted, "[]" + go_type(schema->find("items")));
            std::size_t index = 0;
            const Json* items = element(schema, schemas_);
            for (auto& one : value) fit_nullable(one, items, owner, dotted, fmt::format("{}[{}]", path, index++));
        } else if (type == "string") {
            fit_string(value, text_or(*schema, "format"), owner, dotted);
        } else if (type == "integer") {
            fit_integer(value, text_or(*schema, "format"), owner, dotted);
        } else if (type == "boolean") {
            if (!value.is_boolean()) mismatch(value, owner, dotted, "bool");
        } else if (type == "number") {
            if (!value.is_number()) mismatch(value, owner, dotted, "float64");
        }
    }

private:
    void fit_object(Json& value, const Json* unresolved, const Json& schema, const std::string& owner,
                    const std::string& dotted, const std::string& path) {
        const auto properties = schema.find("properties");
        const auto values = schema.find("additionalProperties");
        if (!value.is_object()) {
            const auto wanted =
                values != schema.end() ? "map[string]" + go_type(values) : "v1." + type_name(unresolved, schemas_);
            return mismatch(value, owner, dotted, wanted);
        }
        if (values != schema.end() && values->is_object()) {
            for (auto& [key, one] : value.items()) fit_nullable(one, &*values, owner, dotted, path + "." + key);
            return;
        }
        // A struct without known fields takes what comes (FieldsV1, RawExtension).
        if (properties == schema.end()) return;
        // The root's own name is known; to find it among the schemas takes long.
        const auto name = dotted.empty() ? owner : type_name(unresolved, schemas_);
        const auto required = schema.find("required");
        for (auto at = value.begin(); at != value.end();) {
            const auto known = properties->find(at.key());
            const auto inner_path = path.empty() ? at.key() : path + "." + at.key();
            if (known == properties->end()) {
                result.unknown.push_back(inner_path);
                at = value.erase(at);
            } else if (at->is_null() || (at->empty() && may_be_left_out(*at, at.key(), *known, required, schema))) {
                at = value.erase(at);
            } else {
                fit(*at, &*known, name, dotted.empty() ? at.key() : dotted + "." + at.key(), inner_path);
                ++at;
            }
        }
        for (const auto& [key, inner] : properties->items()) {
            if (const auto fallback = inner.find("default"); fallback != inner.end() && !value.contains(key)) {
                auto& made = value[key] = *fallback;
                if (made.is_object()) fit(made, &inner, name, dotted, path);
            }
        }
    }

    /// Go's encoder writes no empty lists and maps that need not be there; empty structs it does. (Empty managedFields
    /// say something.)
    bool may_be_left_out(const Json& value, const std::string& name, const Json& property,
                         Json::const_iterator required, const Json& owner) const {
        const Json* inner = resolved(&property, schemas_);
        if (!inner || name == "managedFields") return false;
        const bool fits =
            value.is_array() ? text_or(*inner, "type") == "array" : inner->contains("additionalProperties");
        return fits && (required == owner.end() || std::ranges::find(*required, Json(name)) == required->end());
    }

    /// In lists and maps a null is the zero of its type, not an absent field.
    void fit_nullable(Json& value, const Json* unresolved, const std::string& owner, const std::string& dotted,
                      const std::string& path) {
        if (value.is_null()) {
            const Json* schema = resolved(unresolved, schemas_);
            const auto type = schema ? text_or(*schema, "type") : std::string();
            if (type == "string") value = "";
            if (type == "object") value = Json::object();
            if (value.is_null()) return;
        }
        fit(value, unresolved, owner, dotted, path);
    }

    void fit_string(Json& value, const std::string& format, const std::string& owner, const std::string& dotted) {
        if (format == "int-or-string" && value.is_number_integer()) return;
        if (!value.is_string()) return mismatch(value, owner, dotted, format == "byte" ? "[]uint8" : "string");
        const auto& text = value.get_ref<const std::string&>();
        if (format == "byte") {
            if (const auto bad = base64_error(text)) {
                result.error = fmt::format("illegal base64 data at input byte {}", *bad);
            }
        } else if (format == "date-time") {
            // Kubernetes' MicroTime fields are those that demand microseconds.
            const bool micro = dotted.ends_with("renewTime") || dotted.ends_with("acquireTime") ||
                               dotted.ends_with("eventTime") || dotted.ends_with("lastObservedTime");
            if (const auto error = time_error(text, micro ? Precision::microseconds : Precision::seconds)) {
                result.error = *error;
            }
        }
    }

    void fit_integer(Json& value, const std::string& format, const std::string& owner, const std::string& dotted) {
        const auto type = format == "int32" ? "int32" : "int64";
        if (!value.is_number()) return mismatch(value, owner, dotted, type);
        if (!value.is_number_integer()) return mismatch_of("number " + value.dump(), owner, dotted, type);
        const bool fits =
            value.is_number_unsigned()
                ? value.get<std::uint64_t>() <=
                      static_cast<std::uint64_t>(format == "int32" ? std::numeric_limits<std::int32_t>::max()
                                                                   : std::numeric_limits<std::int64_t>::max())
                : format != "int32" || value.get<std::int64_t>() >= std::numeric_limits<std::int32_t>::min();
        if (!fits) mismatch_of("number " + value.dump(), owner, dotted, type);
    }

    template <typename Iterator>
    std::string go_type(Iterator schema) {
        const Json* inner = resolved(&*schema, schemas_);
        if (!inner) return "string";
        const auto type = text_or(*inner, "type");
        if (type == "object") return "v1." + type_name(&*schema, schemas_);
        if (type == "integer") return text_or(*inner, "format") == "int32" ? "int32" : "int64";
        if (type == "boolean") return "bool";
        return text_or(*inner, "format") == "byte" ? "[]uint8" : "string";
    }

    void mismatch(const Json& value, const std::string& owner, const std::string& dotted, const std::string& wanted) {
        mismatch_of(value.is_boolean() ? "bool" : value.type_name(), owner, dotted, wanted);
    }

    void mismatch_of(const std::string& got, const std::string& owner, const std::string& dotted,
                     const std::string& wanted) {
        result.error = dotted.empty() ? fmt::format("json: cannot unmarshal {} into Go value of type {}", got, wanted)
                                      : fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}",
                                                    got, owner, dotted, wanted);
    }

    const Json* schemas_;
};

}  // namespace

const Json* resolved(const Json* schema, const Json* schemas) {
    while (schema) {
        const Json* reference = referred(*schema);
        if (!reference) return schema;
        const auto& text = reference->get_ref<const std::string&>();
        const auto found = schemas->find(text.substr(text.rfind('/') + 1));
        schema = found == schemas->end() ? nullptr : &*found;
    }
    return nullptr;
}

const Json* property(const Json* schema, const Json* schemas, std::string_view name) {
    const Json* inner = resolved(schema, schemas);
    if (!inner) return nullptr;
    if (const auto properties = inner->find("properties"); properties != inner->end()) {
        const auto found = properties->find(name);
        return found == properties->end() ? nullptr : &*found;
    }
    const auto values = inner->find("additionalProperties");
    return values == inner->end() || !values->is_object() ? nullptr : &*values;
}

const Json* element(const Json* schema, const Json* schemas) {
    const Json* inner = resolved(schema, schemas);
    if (!inner) return nullptr;
    const auto items = inner->find("items");
    return items == inner->end() ? nullptr : &*items;
}

Decoded fit_metadata(Json& metadata) {
    const Json& schemas = captured::openapi("api/v1")->at("components").at("schemas");
    Fitting fitting(&schemas);
    fitting.fit(metadata, &schemas.at("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"), "ObjectMeta", "", "metadata");
    std::ranges::sort(fitting.result.unknown);
    return std::move(fitting.result);
}

Decoded fit(const KindRow& kind, Json& object) {
    if (kind.custom) return fit_custom(*kind.custom, object);
    if (!kind.schema) return {};
    Fitting fitting(kind.schemas);
    fitting.fit(object, kind.schema, kind.kind, "", "");
    std::ranges::sort(fitting.result.unknown);
    return std::move(fitting.result);
}

}  // namespace moontide::sandbox

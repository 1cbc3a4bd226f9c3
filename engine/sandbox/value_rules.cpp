#include "sandbox/value_rules.hpp"

#include "sandbox/formats.hpp"
#include "sandbox/json_at.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// What is wrong, and how much was right: of several alternatives, the one with most is told of.
struct Verdict {
    struct Fault {
        std::string path;
        bool of_all = false;  ///< of a combination of schemas: the real server names no field
        std::string reason;
        std::string message;

        bool operator==(const Fault&) const = default;
    };
    std::vector<Fault> faults;
    int matches = 0;

    bool valid() const { return faults.empty(); }
    void add(Fault fault) {
        if (std::ranges::find(faults, fault) == faults.end()) faults.push_back(std::move(fault));
    }
    void merge(const Verdict& other) {
        for (const auto& fault : other.faults) add(fault);
        matches += other.matches;
    }
};

std::string schema_type_of(const Json& value) {
    if (value.is_null()) return "null";
    if (value.is_number_integer()) return "integer";
    if (value.is_number()) return "number";
    return value.type_name();
}

std::vector<std::string> types_of(const Json& schema) {
    if (true_at(schema, "x-kubernetes-int-or-string")) return {"integer", "string"};
    const auto type = text_at(schema, "type");
    return type.empty() ? std::vector<std::string>() : std::vector{type};
}

/// Formats that do not go with the type are not looked at.
std::string format_of(const Json& schema, const std::vector<std::string>& types) {
    const auto format = text_at(schema, "format");
    const auto type = types.size() == 1 ? types.front() : std::string();
    if (type == "integer") return format == "int32" || format == "int64" ? format : "";
    if (type == "number") return format == "float" || format == "double" ? format : "";
    return (type.empty() || type == "string") && is_known_format(format) ? format : "";
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The element of a list of type map that has the same keys.
const Json* same_element(const Json* list, const Json& element, const Json& schema) {
    const Json* keys = member(&schema, "x-kubernetes-list-map-keys");
    if (!list || !list->is_array() || !keys || !element.is_object()) return nullptr;
    const auto same = std::ranges::find_if(*list, [&](const Json& other) {
        return other.is_object() && std::ranges::all_of(*keys, [&](const Json& key) {
                   return other.value(key.get<std::string>(), Json()) == element.value(key.get<std::string>(), Json());
               });
    });
    return same == list->end() ? nullptr : &*same;
}

class Validation {
public:
    explicit Validation(const CustomKind& kind) : kind_(kind) {}

    Verdict validate(const Json& value, const Json& schema, const std::string& path, const Json* old) const {
        auto result = everything(value, schema, path, old);
        // What was stored once is not complained of as long as it stays as it is.
        if (!result.valid() && old && *old == value) result.faults.clear();
        return result;
    }

private:
    Verdict everything(const Json& value, const Json& schema, const std::string& path, const Json* old) const {
        Verdict result;
        const auto types = types_of(schema);
        const auto format = format_of(schema, types);
        if (value.is_null()) {
            result.merge(type(value, schema, types, format, path));
            result.merge(enumeration(value, schema, path));
            return result;
        }
        const auto apply = [&](const Verdict& part) {
            result.merge(part);
            ++result.matches;
        };
        if (!types.empty() || !format.empty()) apply(type(value, schema, types, format, path));
        apply(combinations(value, schema, path, old));
        if (value.is_string()) {
            apply(string(value.get_ref<const std::string&>(), schema, path));
            if (is_known_format(format)) apply(text_format(value.get_ref<const std::string&>(), format, path));
        }
        if (value.is_number()) apply(number(value, schema, format, path));
        if (value.is_array()) apply(list(value, schema, path, old));
        apply(enumeration(value, schema, path));
        if (value.is_object()) apply(object(value, schema, path, old));
        ++result.matches;
        return result;
    }

    static void invalid(Verdict& result, const std::string& path, const Json& value, const std::string& why) {
        result.add({path, false, "FieldValueInvalid",
                    fmt::format("Invalid value: {}: {} in body {}", shown_value(value), path, why)});
    }

    static void mistyped(Verdict& result, const std::string& path, const std::string& wanted, const std::string& is) {
        result.add(
            {path, false, "FieldValueTypeInvalid",
             fmt::format("Invalid value: {0}: {1} in body must be of type {2}: {0}", in_quotes(is), path, wanted)});
    }

    static Verdict type(const Json& value, const Json& schema, const std::vector<std::string>& types,
                        const std::string& format, const std::string& path) {
        Verdict result;
        result.matches = 1;
        const auto has = [&](const char* name) { return std::ranges::find(types, name) != types.end(); };
        if (value.is_null()) {
            if (types.empty() || true_at(schema, "nullable")) return result;
            result = {};
            mistyped(result, path, fmt::format("{}", fmt::join(types, ",")), "null");
            return result;
        }
        const auto is = schema_type_of(value);
        const bool whole = value.is_number_float() && has("integer") && std::trunc(value.get<double>()) == value;
        const bool fits = has(is.c_str()) || whole || (is == "integer" && has("number"));
        // Texts of a format are for the format's own check.
        const bool by_format = !format.empty() && !has("number") && !has("integer");
        if (fits || (by_format && (value.is_string() || value.is_array()))) return result;
        result = {};
        const bool names_format = !format.empty() && !value.is_string() && !value.is_array();
        const auto go_format = value.is_number_integer() ? "int64" : value.is_number() ? "double" : "";
        if (names_format) {
            mistyped(result, path, format, go_format);
        } else {
            mistyped(result, path, fmt::format("{}", fmt::join(types, ",")), is);
        }
        return result;
    }

    Verdict combinations(const Json& value, const Json& schema, const std::string& path, const Json* old) const {
        Verdict result;
        const auto of_all = [&](const std::string& why) {
            result.add(
                {path, true, "FieldValueInvalid", fmt::format("Invalid value: \"\": {} {}", in_quotes(path), why)});
        };
        const auto try_each = [&](const Json& alternatives, std::optional<Verdict>& first,
                                  std::optional<Verdict>& best) {
            std::size_t valid = 0;
            for (const auto& alternative : alternatives) {
                auto one = validate(value, alternative, path, old);
                if (one.valid()) {
                    ++valid;
                    best.reset();
                    if (!first) first = std::move(one);
                } else if (valid == 0 && (!best || one.matches > best->matches)) {
                    best = std::move(one);
                }
            }
            return valid;
        };
        if (const Json* any = member(&schema, "anyOf"); any && !any->empty()) {
            std::optional<Verdict> first;
            std::optional<Verdict> best;
            if (try_each(*any, first, best) == 0) of_all("must validate at least one schema (anyOf)");
            if (best) result.merge(*best);
            if (!best && first) result.merge(*first);
        }
        if (const Json* one = member(&schema, "oneOf"); one && !one->empty()) {
            std::optional<Verdict> first;
            std::optional<Verdict> best;
            const auto valid = try_each(*one, first, best);
            if (valid != 1) {
                of_all("must validate one and only one schema (oneOf). " +
                       (valid == 0 ? "Found none valid" : fmt::format("Found {} valid alternatives", valid)));
                if (best) result.merge(*best);
            } else if (first) {
                result.merge(*first);
            }
        }
        if (const Json* all = member(&schema, "allOf"); all && !all->empty()) {
            std::size_t valid = 0;
            for (const auto& one : *all) {
                const auto of_one = validate(value, one, path, old);
                if (of_one.valid()) ++valid;
                result.merge(of_one);
            }
            if (valid != all->size())
                of_all(fmt::format("must validate all the schemas (allOf){}", valid == 0 ? ". None validated" : ""));
        }
        if (const Json* no = member(&schema, "not"); no && validate(value, *no, path, old).valid())
            of_all("must not validate the schema (not)");
        ++result.matches;
        return result;
    }

    Verdict string(const std::string& text, const Json& schema, const std::string& path) const {
        Verdict result;
        const Json* most = member(&schema, "maxLength");
        const Json* least = member(&schema, "minLength");
        const auto pattern = text_at(schema, "pattern");
        if (most && characters(text) > most->get<std::size_t>()) {
            result.add({path, false, "FieldValueTooLong",
                        fmt::format("Too long: may not be more than {} bytes", most->get<std::size_t>())});
        } else if (least && characters(text) < least->get<std::size_t>()) {
            invalid(result, path, text, fmt::format("should be at least {} chars long", least->get<std::size_t>()));
        } else if (!pattern.empty()) {
            const auto compiled = kind_.patterns.find(pattern);
            if (compiled != kind_.patterns.end() && !re2::RE2::PartialMatch(text, *compiled->second))
                invalid(result, path, text, fmt::format("should match '{}'", pattern));
        }
        return result;
    }

    static Verdict text_format(const std::string& text, const std::string& format, const std::string& path) {
        Verdict result;
        if (!has_format(format, text)) mistyped(result, path, format, text);
        return result;
    }

    static Verdict number(const Json& value, const Json& schema, const std::string& format, const std::string& path) {
        Verdict result;
        const auto shown = [&](double bound) {
            return value.is_number_integer() ? fmt::format("{}", static_cast<std::int64_t>(bound))
                                             : fmt::format("{}", bound);
        };
        const auto number = value.get<double>();
        const auto type = text_at(schema, "type");
        const bool too_large = format == "int32" && (number > std::numeric_limits<std::int32_t>::max() ||
                                                     number < std::numeric_limits<std::int32_t>::min());
        if (type == "integer" && (std::trunc(number) != number || too_large)) {
            const auto of = format.empty() ? "(default format)" : "with format " + format;
            result.add({path, true, "FieldValueInvalid",
                        fmt::format("Invalid value: \"\": Checked value must be of type integer {} in {}", of, path)});
        }
        if (const Json* factor = member(&schema, "multipleOf")) {
            const auto of = value.is_number_integer() ? std::trunc(factor->get<double>()) : factor->get<double>();
            const auto quotient = of < 1 && of > 0 ? 1 / of * number : number / of;
            if (of <= 0) {
                result.add({path, false, "FieldValueInvalid",
                            fmt::format("Invalid value: {0}: factor MultipleOf declared for {1} must be positive: {0}",
                                        shown(of), path)});
            } else if (std::abs(quotient - std::round(quotient)) > 1e-9) {
                invalid(result, path, value, fmt::format("should be a multiple of {}", shown(of)));
            }
        }
        if (const Json* most = member(&schema, "maximum")) {
            const auto bound = most->get<double>();
            const bool exclusive = true_at(schema, "exclusiveMaximum");
            if (number > bound || (exclusive && number == bound)) {
                invalid(result, path, value,
                        fmt::format("should be less than {}{}", exclusive ? "" : "or equal to ", shown(bound)));
            }
        }
        if (const Json* least = member(&schema, "minimum")) {
            const auto bound = least->get<double>();
            const bool exclusive = true_at(schema, "exclusiveMinimum");
            if (number < bound || (exclusive && number == bound)) {
                invalid(result, path, value,
                        fmt::format("should be greater than {}{}", exclusive ? "" : "or equal to ", shown(bound)));
            }
        }
        ++result.matches;
        return result;
    }

    static Verdict enumeration(const Json& value, const Json& schema, const std::string& path) {
        Verdict result;
        const Json* allowed = member(&schema, "enum");
        if (!allowed || allowed->empty() || std::ranges::find(*allowed, value) != allowed->end()) return result;
        std::string list;
        for (const auto& one : *allowed)
            list += (list.empty() ? "" : ", ") + in_quotes(one.is_string() ? one.get<std::string>() : one.dump());
        result.add({path, false, "FieldValueNotSupported",
                    fmt::format("Unsupported value: {}: supported values: {}", shown_value(value), list)});
        return result;
    }

    Verdict list(const Json& value, const Json& schema, const std::string& path, const Json* old) const {
        Verdict result;
        if (const Json* items = member(&schema, "items"); items && items->is_object()) {
            std::size_t index = 0;
            for (const auto& one : value) {
                result.merge(
                    validate(one, *items, fmt::format("{}[{}]", path, index++), same_element(old, one, schema)));
            }
        }
        const Json* least = member(&schema, "minItems");
        const Json* most = member(&schema, "maxItems");
        if (least && value.size() < least->get<std::size_t>()) {
            invalid(result, path, value.size(),
                    fmt::format("should have at least {} items", least->get<std::size_t>()));
        }
        if (most && value.size() > most->get<std::size_t>()) {
            result.add(
                {path, false, "FieldValueTooMany",
                 fmt::format("Too many: {}: must have at most {} items", value.size(), most->get<std::size_t>())});
        }
        if (true_at(schema, "uniqueItems")) {
            for (std::size_t i = 0; i < value.size(); ++i) {
                if (std::find(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(i), value[i]) !=
                    value.begin() + static_cast<std::ptrdiff_t>(i)) {
                    invalid(result, path, "", "shouldn't contain duplicates");
                    break;
                }
            }
        }
        ++result.matches;
        return result;
    }

    Verdict object(const Json& value, const Json& schema, const std::string& path, const Json* old) const {
        Verdict result;
        const Json* least = member(&schema, "minProperties");
        const Json* most = member(&schema, "maxProperties");
        if (least && value.size() < least->get<std::size_t>()) {
            invalid(result, path, value.size(),
                    fmt::format("should have at least {} properties", least->get<std::size_t>()));
        }
        if (most && value.size() > most->get<std::size_t>()) {
            result.add(
                {path, false, "FieldValueTooMany",
                 fmt::format("Too many: {}: must have at most {} items", value.size(), most->get<std::size_t>())});
        }
        const Json* properties = member(&schema, "properties");
        const Json* others = member(&schema, "additionalProperties");
        for (const auto& [key, inner] : value.items()) {
            const Json* property = properties ? member(properties, key) : nullptr;
            if (property) {
                result.merge(validate(inner, *property, path.empty() ? key : path + "." + key, member(old, key)));
            } else if (others && others->is_object()) {
                result.merge(validate(inner, *others, path + "." + key, member(old, key)));
            } else if (others && others->is_boolean() && !others->get<bool>()) {
                result.add({path, false, "FieldValueInvalid",
                            fmt::format("Invalid value: {}: {}.{} in body is a forbidden property", in_quotes(key),
                                        path, key)});
            }
        }
        if (const Json* required = member(&schema, "required")) {
            for (const auto& key : *required) {
                const auto& name = key.get_ref<const std::string&>();
                if (!value.contains(name))
                    result.add({path + "." + name, false, "FieldValueRequired", "Required value"});
            }
        }
        return result;
    }

    const CustomKind& kind_;
};

}  // namespace

void check_values(const CustomKind& kind, const Json& schema, const Json& value, const Json* old,
                  const std::string& field, Complaints& complaints) {
    const auto result = Validation(kind).validate(value, schema, "", old);
    for (const auto& fault : result.faults) {
        std::string_view path = fault.of_all ? std::string_view() : fault.path;
        if (path.starts_with('.')) path.remove_prefix(1);
        auto where = field;
        if (!path.empty()) where += (where.empty() ? "" : ".") + std::string(path);
        complaints.add({fault.reason, fault.message, where.empty() ? "<nil>" : where});
    }
}

}  // namespace moontide::sandbox

#include "sandbox/status.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

Json details(std::string_view name, std::string_view group, std::string_view kind) {
    Json details = Json::object();
    if (!name.empty()) details["name"] = name;
    if (!group.empty()) details["group"] = group;
    if (!kind.empty()) details["kind"] = kind;
    return details;
}

}  // namespace

std::string in_quotes(std::string_view text) {
    std::string out = "\"";
    for (const char character : text) {
        switch (character) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\a':
                out += "\\a";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            case '\v':
                out += "\\v";
                break;
            default:
                if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) {
                    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(character));
                } else {
                    out += character;
                }
        }
    }
    return out + "\"";
}

std::string shown_value(const Json& value) {
    if (value.is_string()) return in_quotes(value.get_ref<const std::string&>());
    if (value.is_number_float()) return fmt::format("{}", value.get<double>());
    return value.dump();
}

std::string qualified(std::string_view resource, std::string_view group) {
    return group.empty() ? std::string(resource) : fmt::format("{}.{}", resource, group);
}

Json Failure::status() const {
    Json metadata = Json::object();
    if (!continue_token.empty()) metadata["continue"] = continue_token;
    Json status = {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", metadata},
                   {"status", "Failure"}, {"message", message}, {"code", code}};
    if (!reason.empty()) status["reason"] = reason;
    if (!details.is_null()) status["details"] = details;
    return status;
}

void Complaints::invalid(const std::string& field, std::string_view value, const std::string& why) {
    causes_.push_back({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", in_quotes(value), why), field});
}

void Complaints::invalid(const std::string& field, std::int64_t value, const std::string& why) {
    causes_.push_back({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), field});
}

void Complaints::required(const std::string& field, const std::string& why) {
    causes_.push_back({"FieldValueRequired", why.empty() ? "Required value" : "Required value: " + why, field});
}

void Complaints::forbidden(const std::string& field, const std::string& why) {
    causes_.push_back({"FieldValueForbidden", "Forbidden: " + why, field});
}

void Complaints::unsupported(const std::string& field, const std::string& shown,
                             const std::vector<std::string>& supported) {
    std::string list;
    for (const auto& value : supported) list += (list.empty() ? "" : ", ") + in_quotes(value);
    causes_.push_back(
        {"FieldValueNotSupported", fmt::format("Unsupported value: {}: supported values: {}", shown, list), field});
}

void Complaints::too_long(const std::string& field, std::size_t most) {
    causes_.push_back({"FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", most), field});
}

void Complaints::too_many(const std::string& field, std::size_t is, std::size_t most) {
    causes_.push_back({"FieldValueTooMany", fmt::format("Too many: {}: must have at most {} items", is, most), field});
}

void Complaints::duplicate(const std::string& field, const Json& value) {
    causes_.push_back({"FieldValueDuplicate", "Duplicate value: " + shown_value(value), field});
}

void Complaints::invalid_value(const std::string& field, const Json& value, const std::string& why) {
    causes_.push_back({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", shown_value(value), why), field});
}

void Complaints::invalid_type(const std::string& field, const Json& value, const std::string& why) {
    causes_.push_back({"FieldValueTypeInvalid", fmt::format("Invalid value: {}: {}", shown_value(value), why), field});
}

void Complaints::unsupported_value(const std::string& field, const Json& value,
                                   const std::vector<std::string>& supported) {
    unsupported(field, shown_value(value), supported);
}

std::string Complaints::text() const {
    std::set<std::string> seen;
    std::string text;
    for (const auto& cause : causes_) {
        auto one = fmt::format("{}: {}", cause.field, cause.message);
        if (!seen.insert(one).second) continue;
        text += (text.empty() ? "" : ", ") + one;
    }
    return seen.size() > 1 ? "[" + text + "]" : text;
}

Failure bad_request(std::string message) {
    return {400, "BadRequest", std::move(message), {}, {}};
}

Failure internal_error(std::string message) {
    return {500, "", std::move(message), {}, {}};
}

Failure not_found(std::string_view resource, std::string_view group, std::string_view name) {
    return {404,
            "NotFound",
            fmt::format("{} {} not found", qualified(resource, group), in_quotes(name)),
            details(name, group, resource),
            {}};
}

Failure no_such_resource() {
    return {404, "NotFound", "the server could not find the requested resource", Json::object(), {}};
}

Failure method_not_allowed() {
    return {
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", Json::object(), {}};
}

Failure unsupported_media_type(std::string message) {
    return {415, "UnsupportedMediaType", std::move(message), {}, {}};
}

Failure already_exists(std::string_view resource, std::string_view group, std::string_view name) {
    return {409,
            "AlreadyExists",
            fmt::format("{} {} already exists", qualified(resource, group), in_quotes(name)),
            details(name, group, resource),
            {}};
}

Failure conflict(std::string_view resource, std::string_view group, std::string_view name, const std::string& why) {
    return {409,
            "Conflict",
            fmt::format("Operation cannot be fulfilled on {} {}: {}", qualified(resource, group), in_quotes(name), why),
            details(name, group, resource),
            {}};
}

Failure stale(std::string_view resource, std::string_view group, std::string_view name) {
    return conflict(resource, group, name,
                    "the object has been modified; please apply your changes to the latest version and try again");
}

Failure forbidden(std::string_view resource, std::string_view group, std::string_view name, const std::string& why) {
    return {403,
            "Forbidden",
            fmt::format("{} {} is forbidden: {}", qualified(resource, group), in_quotes(name), why),
            details(name, group, resource),
            {}};
}

Failure invalid(std::string_view kind, std::string_view group, std::string_view name, const Complaints& complaints) {
    Failure failure{422,
                    "Invalid",
                    fmt::format("{} {} is invalid: {}", qualified(kind, group), in_quotes(name), complaints.text()),
                    details(name, group, kind),
                    {}};
    for (const auto& cause : complaints.causes()) {
        failure.details["causes"].push_back(
            {{"reason", cause.reason}, {"message", cause.message}, {"field", cause.field}});
    }
    return failure;
}

Failure unprocessable() {
    return {422, "Invalid", "the server rejected our request due to an error in our request", Json::object(), {}};
}

Failure unauthorized() {
    return {401, "Unauthorized", "Unauthorized", {}, {}};
}

Failure expired(std::string message) {
    return {410, "Expired", std::move(message), {}, {}};
}

Failure version_too_large(std::uint64_t asked, std::uint64_t current) {
    return {504,
            "Timeout",
            fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current),
            {{"causes", {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
             {"retryAfterSeconds", 1}},
            {}};
}

Failure body_too_large(std::size_t most) {
    return {
        413, "RequestEntityTooLarge", fmt::format("Request entity too large: limit is {}", most), Json::object(), {}};
}

}  // namespace moontide::sandbox

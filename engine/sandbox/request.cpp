#include "sandbox/request.hpp"

#include "sandbox/decode.hpp"
#include "sandbox/protobuf.hpp"
#include "sandbox/yaml.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::string decoded(std::string_view text, bool plus_is_space) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
            std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
            out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

Failure invalid_options(const char* kind, const Complaints& complaints) {
    return invalid(kind, "meta.k8s.io", "", complaints);
}

constexpr std::size_t LONGEST_MANAGER = 128;

bool is_printable(char character) {
    return static_cast<unsigned char>(character) >= 0x20 && character != 0x7f;
}

/// Who does not say what he is called is called as his program.
std::string manager_of(const std::string& user_agent) {
    std::string name;
    for (const char character : user_agent.substr(0, user_agent.find('/'))) {
        if (is_printable(character) && name.size() < LONGEST_MANAGER) name += character;
    }
    return name;
}

/// dryRun=All, or not at all.
Outcome<bool> asks_dry_run(const std::vector<std::string>& values, const char* options_kind) {
    if (values.empty()) return false;
    for (const auto& value : values) {
        if (value == "All") continue;
        std::string list;
        for (const auto& one : values) list += (list.empty() ? "" : ", ") + in_quotes(one);
        Complaints complaints;
        complaints.unsupported("dryRun", "[" + list + "]", {"All"});
        return refuse(invalid_options(options_kind, complaints));
    }
    return true;
}

}  // namespace

Response response_of(const Failure& failure) {
    Response response;
    response.status = failure.code;
    response.body = failure.status().dump(-1, ' ', false, Json::error_handler_t::replace);
    return response;
}

Query::Query(std::string_view text) {
    std::size_t begin = 0;
    while (begin < text.size()) {
        const auto end = std::min(text.find('&', begin), text.size());
        const auto part = text.substr(begin, end - begin);
        const auto equals = part.find('=');
        if (!part.empty()) {
            parameters_.emplace_back(decoded(part.substr(0, equals), true),
                                     equals == std::string_view::npos ? "" : decoded(part.substr(equals + 1), true));
        }
        begin = end + 1;
    }
}

const std::string* Query::find(std::string_view name) const {
    const auto found = std::ranges::find(parameters_, name, &std::pair<std::string, std::string>::first);
    return found == parameters_.end() ? nullptr : &found->second;
}

std::string Query::text(std::string_view name) const {
    const auto* value = find(name);
    return value ? *value : std::string();
}

bool Query::flag(std::string_view name) const {
    const auto* value = find(name);
    return value && *value != "0" && *value != "false" && *value != "False" && *value != "FALSE";
}

std::vector<std::string> Query::all(std::string_view name) const {
    std::vector<std::string> values;
    for (const auto& [key, value] : parameters_) {
        if (key == name) values.push_back(value);
    }
    return values;
}

std::vector<std::string> path_segments(std::string_view path) {
    std::vector<std::string> segments;
    std::size_t begin = 0;
    while (begin < path.size()) {
        const auto end = std::min(path.find('/', begin), path.size());
        if (end > begin) segments.push_back(decoded(path.substr(begin, end - begin), false));
        begin = end + 1;
    }
    return segments;
}

std::optional<Outcome<Route>> find_route(const Kinds& kinds, const std::vector<std::string>& segments) {
    std::size_t at = 0;
    std::string group;
    if (segments.size() > 2 && segments[0] == "api") {
        at = 1;
    } else if (segments.size() > 3 && segments[0] == "apis") {
        group = segments[1];
        at = 2;
    } else {
        return std::nullopt;
    }
    const auto& version = segments[at++];
    const bool served = std::ranges::any_of(
        kinds.rows(), [&](const KindRow& row) { return row.served && row.group == group && row.version == version; });
    if (!served) return std::nullopt;

    Route route;
    auto rest = std::vector(segments.begin() + static_cast<std::ptrdiff_t>(at), segments.end());
    const bool own_subresource = rest.size() == 3 && (rest[2] == "status" || rest[2] == "finalize");
    if (rest.size() > 2 && rest[0] == "namespaces" && !own_subresource) {
        route.namespace_name = rest[1];
        rest.erase(rest.begin(), rest.begin() + 2);
    }
    route.kind = kinds.find(group, version, rest[0]);
    // Where CustomResourceDefinitions make a group, what is in it is looked for later.
    const bool custom = std::ranges::any_of(
        kinds.rows(), [&](const KindRow& row) { return row.served && row.custom && row.group == group; });
    if (!route.kind && custom) return std::nullopt;
    if (!route.kind || rest.size() > 3 || route.kind->namespaced < !route.namespace_name.empty()) {
        return refuse(no_such_resource());
    }
    if (rest.size() > 1) route.name = rest[1];
    if (rest.size() > 2) route.subresource = rest[2];
    if (!route.name.empty() && route.kind->namespaced && route.namespace_name.empty())
        return refuse(no_such_resource());
    if (!route.subresource.empty() && !route.kind->subresource(route.subresource)) {
        return refuse(custom ? not_found(route.kind->resource, group, route.name) : no_such_resource());
    }
    return route;
}

Outcome<WriteOptions> WriteOptions::parse(const Request& request, const Query& query) {
    const auto* options_kind = request.method == "POST"  ? "CreateOptions"
                               : request.method == "PUT" ? "UpdateOptions"
                                                         : "PatchOptions";
    WriteOptions options;
    Complaints complaints;
    options.manager = query.text("fieldManager");
    options.force = query.flag("force");
    if (media_type(request.content_type) == APPLY_PATCH) {
        if (options.manager.empty()) complaints.required("fieldManager", "is required for apply patch");
    } else if (request.method == "PATCH" && query.find("force")) {
        complaints.forbidden("force", "may not be specified for non-apply patch");
    }
    if (options.manager.size() > LONGEST_MANAGER) complaints.too_long("fieldManager", LONGEST_MANAGER);
    const auto odd = std::ranges::find_if_not(options.manager, is_printable);
    if (odd != options.manager.end()) {
        complaints.invalid("fieldManager", options.manager,
                           fmt::format("invalid character U+{:04X} (at position {})", static_cast<unsigned char>(*odd),
                                       odd - options.manager.begin()));
    }
    if (!complaints.empty()) return refuse(invalid_options(options_kind, complaints));
    if (options.manager.empty()) options.manager = manager_of(request.user_agent);

    const auto dry = asks_dry_run(query.all("dryRun"), options_kind);
    if (!dry) return refuse(dry.error());
    options.dry_run = *dry;

    const auto validation = query.text("fieldValidation");
    if (validation == "Ignore") {
        options.validation = FieldValidation::ignore;
    } else if (validation == "Strict") {
        options.validation = FieldValidation::strict;
    } else if (!validation.empty() && validation != "Warn") {
        complaints.unsupported("fieldValidation", in_quotes(validation), {"", "Ignore", "Strict", "Warn"});
        return refuse(invalid_options(options_kind, complaints));
    }
    return options;
}

Outcome<DeleteOptions> DeleteOptions::parse(const Request& request, const Query& query) {
    DeleteOptions options;
    std::vector<std::string> dry_values;
    std::string propagation;
    std::optional<bool> orphan;

    if (request.body.empty()) {
        // Where there is a body, the real server does not read the query.
        dry_values = query.all("dryRun");
        propagation = query.text("propagationPolicy");
        if (const auto* grace = query.find("gracePeriodSeconds")) {
            options.grace_seconds = std::strtoll(grace->c_str(), nullptr, 10);
        }
    } else {
        if (request.body.size() > LARGEST_BODY) return refuse(body_too_large(LARGEST_BODY));
        Json tree;
        if (media_type(request.content_type) == "application/yaml") {
            auto documents = read_yaml(request.body, "body");
            if (!documents || documents->empty()) return refuse(bad_request("the body is no DeleteOptions"));
            tree = std::move(documents->front().tree);
        } else if (media_type(request.content_type) == "application/vnd.kubernetes.protobuf") {
            auto object = from_protobuf(request.body);
            if (!object) return refuse(bad_request(object.error()));
            tree = std::move(*object);
        } else {
            auto body = parse_json(request.body);
            if (!body) return refuse(bad_request("couldn't get version/kind; json parse error: " + body.error()));
            tree = std::move(body->tree);
        }
        const auto mistyped = [](const Json& value, const char* field, const char* type) {
            return refuse(
                bad_request(fmt::format("json: cannot unmarshal {} into Go struct field DeleteOptions.{} of type {}",
                                        value.type_name(), field, type)));
        };
        if (!tree.is_object()) {
            return refuse(bad_request(
                fmt::format("couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of "
                            R"(type struct {{ APIVersion string "json:\"apiVersion,omitempty\""; Kind string )"
                            R"("json:\"kind,omitempty\"" }})",
                            tree.type_name())));
        }
        if (const auto kind = tree.value("kind", Json()); kind.is_string() && kind != "" && kind != "DeleteOptions") {
            return refuse(bad_request(
                fmt::format("no kind {} is registered for version {} in scheme \"pkg/runtime/scheme.go:111\"",
                            in_quotes(kind.get<std::string>()), in_quotes(tree.value("apiVersion", std::string())))));
        }
        if (const auto found = tree.find("gracePeriodSeconds"); found != tree.end() && !found->is_null()) {
            if (!found->is_number_integer()) return mistyped(*found, "gracePeriodSeconds", "int64");
            options.grace_seconds = found->get<std::int64_t>();
        }
        if (const auto found = tree.find("propagationPolicy"); found != tree.end() && !found->is_null()) {
            if (!found->is_string()) return mistyped(*found, "propagationPolicy", "v1.DeletionPropagation");
            propagation = found->get<std::string>();
        }
        if (const auto found = tree.find("orphanDependents"); found != tree.end() && !found->is_null()) {
            if (!found->is_boolean()) return mistyped(*found, "orphanDependents", "bool");
            orphan = found->get<bool>();
        }
        if (const auto found = tree.find("dryRun"); found != tree.end() && found->is_array()) {
            for (const auto& value : *found)
                dry_values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
        }
        if (const auto found = tree.find("preconditions"); found != tree.end() && found->is_object()) {
            for (const auto& [key, value] : found->items()) {
                if (value.is_null()) continue;
                if (!value.is_string()) return mistyped(value, ("preconditions." + key).c_str(), "string");
                if (key == "uid") options.uid = value.get<std::string>();
                if (key == "resourceVersion") options.resource_version = value.get<std::string>();
            }
        }
    }

    Complaints complaints;
    if (orphan && !propagation.empty()) {
        complaints.invalid("propagationPolicy", propagation,
                           "orphanDependents and deletionPropagation cannot be both set");
    } else if (propagation == "Background") {
        options.propagation = Propagation::background;
    } else if (propagation == "Foreground") {
        options.propagation = Propagation::foreground;
    } else if (propagation == "Orphan" || orphan.value_or(false)) {
        options.propagation = Propagation::orphan;
    } else if (!propagation.empty()) {
        complaints.unsupported("propagationPolicy", in_quotes(propagation),
                               {"Foreground", "Background", "Orphan", "nil"});
    }
    if (!complaints.empty()) return refuse(invalid_options("DeleteOptions", complaints));
    const auto dry = asks_dry_run(dry_values, "DeleteOptions");
    if (!dry) return refuse(dry.error());
    options.dry_run = *dry;
    return options;
}

}  // namespace moontide::sandbox

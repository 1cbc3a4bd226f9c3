#include "sandbox/scale.hpp"

#include "sandbox/captured.hpp"
#include "sandbox/custom_kind.hpp"
#include "sandbox/deployments.hpp"
#include "sandbox/json_at.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

CustomKind::Scale paths_of(const KindRow& kind) {
    if (kind.custom && kind.custom->scale) return *kind.custom->scale;
    return {".spec.replicas", ".status.replicas", ""};
}

Json::json_pointer pointer(std::string path) {
    for (auto& character : path) {
        if (character == '.') character = '/';
    }
    return Json::json_pointer(path);
}

const Json* at_path(const Json& object, const std::string& path) {
    if (path.empty() || !object.contains(pointer(path))) return nullptr;
    return &object.at(pointer(path));
}

/// A count at a path like ".spec.replicas".
void check_count(const std::string& path, const Json& object, Complaints& complaints) {
    const Json* value = &object;
    std::size_t begin = 1;
    while (begin <= path.size() && value) {
        const auto end = std::min(path.find('.', begin), path.size());
        if (!value->is_object()) {
            const auto type = value->is_array()    ? "[]interface {}"
                              : value->is_string() ? "string"
                              : value->is_number() ? "int64"
                                                   : "bool";
            return complaints.invalid(path, std::int64_t{0},
                                      fmt::format("{} accessor error: {} is of the type {}, expected "
                                                  "map[string]interface{{}}",
                                                  path, printed(*value), type));
        }
        value = member(value, path.substr(begin, end - begin));
        begin = end + 1;
    }
    if (!value || !value->is_number_integer()) return;
    const auto count = value->get<std::int64_t>();
    if (count < 0) complaints.invalid(path, count, "should be a non-negative integer");
    if (count > std::numeric_limits<std::int32_t>::max()) {
        complaints.invalid(path, count,
                           fmt::format("should be less than or equal to {}", std::numeric_limits<std::int32_t>::max()));
    }
}

}  // namespace

const KindRow& scale_kind() {
    static const KindRow row = [] {
        KindRow made;
        made.group = "autoscaling";
        made.version = "v1";
        made.kind = "Scale";
        made.list_kind = "ScaleList";
        made.resource = "scales";
        made.schemas = &captured::openapi("apis/apps/v1")->at("components").at("schemas");
        made.schema = &made.schemas->at("io.k8s.api.autoscaling.v1.Scale");
        return made;
    }();
    return row;
}

Outcome<Json> scale_of(const KindRow& kind, const Json& object) {
    const auto paths = paths_of(kind);
    const Json* replicas = at_path(object, paths.spec_replicas);
    if (!replicas) {
        const auto why = fmt::format("the spec replicas field {} does not exist", in_quotes(paths.spec_replicas));
        return refuse({500,
                       "InternalError",
                       "Internal error occurred: " + why,
                       {{"causes", Json::array({{{"message", why}}})}},
                       {}});
    }
    Json scale = {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}, {"spec", Json::object()}};
    for (const char* key : {"name", "namespace", "uid", "resourceVersion", "creationTimestamp"}) {
        if (object.at("metadata").contains(key)) scale["metadata"][key] = object.at("metadata").at(key);
    }
    if (*replicas != 0) scale["spec"]["replicas"] = *replicas;
    const Json* is = at_path(object, paths.status_replicas);
    scale["status"]["replicas"] = is ? *is : Json(0);
    if (const Json* selector = at_path(object, paths.label_selector); selector && selector->is_string()) {
        scale["status"]["selector"] = *selector;
    } else if (!kind.custom) {
        scale["status"]["selector"] = selector_text(object.at("spec").value("selector", Json::object()));
    }
    return scale;
}

Json scale_or_none(const KindRow& kind, Json object) {
    const auto path = pointer(paths_of(kind).spec_replicas);
    if (!object.contains(path)) object[path] = 0;
    return scale_of(kind, object).value_or(Json::object());
}

Outcome<Json> scaled(const KindRow& kind, Json object, const Json& scale) {
    const auto replicas = scale.value("spec", Json::object()).value("replicas", std::int64_t{0});
    const auto& metadata = scale.at("metadata");
    const auto name = metadata.value("name", std::string());
    if (const auto is = text_at(object.at("metadata"), "name"); !name.empty() && name != is) {
        return refuse(
            bad_request(fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, is)));
    }
    if (!kind.custom && replicas < 0) {
        Complaints complaints;
        complaints.invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        return refuse(invalid("Scale", "autoscaling", name, complaints));
    }
    object[pointer(paths_of(kind).spec_replicas)] = replicas;
    if (const auto version = metadata.value("resourceVersion", std::string()); !version.empty())
        object["metadata"]["resourceVersion"] = version;
    return object;
}

Outcome<Json> applied_scale(const KindRow& kind, const Json& object, const Json& scale) {
    const auto api_version = text_at(scale, "apiVersion");
    const auto of_kind = text_at(scale, "kind");
    if (api_version != scale_kind().api_version() || of_kind != scale_kind().kind) {
        const auto group = api_version.find('/') == std::string::npos ? "/" + api_version : api_version;
        return refuse(bad_request(fmt::format("invalid object type: {}, Kind={}", group, of_kind)));
    }
    Json applied = {{"apiVersion", kind.api_version()}, {"kind", kind.kind}};
    for (const char* key : {"name", "namespace"}) {
        if (object.at("metadata").contains(key)) applied["metadata"][key] = object.at("metadata").at(key);
    }
    if (const auto version = text_at_place(scale, "/metadata/resourceVersion"); !version.empty())
        applied["metadata"]["resourceVersion"] = version;
    if (const auto& replicas = at_place(scale, "/spec/replicas"); !replicas.is_null())
        applied[pointer(paths_of(kind).spec_replicas)] = replicas;
    return applied;
}

void check_scale_spec(const CustomKind& kind, const Json& object, Complaints& complaints) {
    if (kind.scale) check_count(kind.scale->spec_replicas, object, complaints);
}

void check_scale_status(const CustomKind& kind, const Json& object, Complaints& complaints) {
    if (kind.scale) check_count(kind.scale->status_replicas, object, complaints);
}

}  // namespace moontide::sandbox

#include "sandbox/custom_rules.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/list_rules.hpp"
#include "sandbox/names.hpp"
#include "sandbox/scale.hpp"
#include "sandbox/value_rules.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {}  // namespace

void keep_but_status(Json& object, const Json& old) {
    const auto status = object.find("status");
    const Json kept = status == object.end() ? Json() : *status;
    const bool had = status != object.end();
    // Who wrote the status is noted in the new object; its version and uid were checked.
    const Json* managers = member(member(&object, "metadata"), "managedFields");
    const Json noted = managers ? *managers : Json();
    const auto version = object.at("metadata").value("resourceVersion", Json());
    object = old;
    if (!noted.is_null()) object["metadata"]["managedFields"] = noted;
    object["metadata"]["resourceVersion"] = version;
    object.erase("status");
    if (had) object["status"] = kept;
}

bool differs_beside_metadata(const Json& object, const Json& old) {
    auto is = object;
    auto was = old;
    is.erase("metadata");
    was.erase("metadata");
    return is != was;
}

void validate_custom(const CustomKind& kind, const Json& object, const Json* old, std::string_view subresource,
                     Complaints& complaints) {
    if (subresource == "status") {
        const Json* status = member(&object, "status");
        const Json* schema = member(member(&kind.schema, "properties"), "status");
        if (status && schema) check_values(kind, *schema, *status, member(old, "status"), "status", complaints);
    } else {
        check_values(kind, kind.schema, object, old, "", complaints);
        check_scale_spec(kind, object, complaints);
    }
    check_scale_status(kind, object, complaints);
    Complaints before;
    if (old) check_lists(kind.schema, *old, "", before);
    if (before.empty()) check_lists(kind.schema, object, "", complaints);
}

std::vector<std::string> warnings_of(const Json& object, const Json* old) {
    std::vector<std::string> warnings;
    const Json* finalizers = member(member(&object, "metadata"), "finalizers");
    const Json* had = member(member(old, "metadata"), "finalizers");
    if (!finalizers || !finalizers->is_array()) return warnings;
    auto added = finalizers->get<std::vector<std::string>>();
    std::ranges::sort(added);
    for (const auto& name : added) {
        if (had && std::ranges::find(*had, Json(name)) != had->end()) continue;
        const auto warn = [&](const std::string& why) {
            warnings.push_back(fmt::format("metadata.finalizers: {}: {}", in_quotes(name), why));
        };
        for (const auto& fault : names::qualified_name(name)) warn(fault);
        if (name.find('/') != std::string::npos || name == "orphan" || name == "foregroundDeletion" ||
            name == "kubernetes")
            continue;
        warn(name.find('.') == std::string::npos
                 ? "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers"
                 : "prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with "
                   "other finalizer writers");
    }
    return warnings;
}

}  // namespace moontide::sandbox

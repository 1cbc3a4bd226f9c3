// Manifests into the sandbox: what `kubectl apply` would do with files, without a client.
#include "sandbox/api.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/schema.hpp"
#include "sandbox/yaml.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// The objects of a document: itself, or the items of a List.
std::vector<Json> objects_of(Json tree) {
    if (text_at(tree, "kind") != "List" || !tree.contains("items")) return {std::move(tree)};
    return tree["items"].get<std::vector<Json>>();
}

}  // namespace

Result<void> Api::load(const std::string& yaml, const std::string& file) {
    const auto documents = TRY(read_yaml(yaml, file));
    const WriteOptions options{.manager = "moontide-sandbox"};
    for (const auto& document : documents) {
        const auto place = fmt::format("{}:{}", file, document.line);
        if (!document.tree.is_object()) return fail(place + ": a manifest is a map with apiVersion and kind");
        if (!document.duplicates.empty())
            return fail(fmt::format("{}: '{}' stands there twice", place, document.duplicates.front()));
        for (auto object : objects_of(document.tree)) {
            if (!object.is_object()) return fail(place + ": a manifest is a map with apiVersion and kind");
            const auto api_version = text_at(object, "apiVersion");
            const auto* kind = kinds_.find_kind(api_version, text_at(object, "kind"));
            if (!kind || !kind->allows("create") || !kind->allows("list")) {
                return fail(fmt::format("{}: the sandbox does not serve kind '{}' of apiVersion '{}'", place,
                                        text_at(object, "kind"), api_version));
            }
            const auto decoded = fit(*kind, object);
            if (!decoded.error.empty()) return fail(fmt::format("{}: {}", place, decoded.error));
            if (!decoded.unknown.empty())
                return fail(fmt::format("{}: unknown field '{}'", place, decoded.unknown.front()));

            const auto& metadata = object["metadata"];
            const auto name = text_at(metadata, "name");
            auto namespace_name = kind->namespaced ? text_at(metadata, "namespace") : std::string();
            if (kind->namespaced && namespace_name.empty()) namespace_name = "default";
            const auto written = store_.find(*kind, namespace_name, name)
                                     ? writes_.replace({*kind, namespace_name, name, ""}, object, options)
                                     : writes_.create(*kind, namespace_name, object, options);
            if (!written) return fail(fmt::format("{}: {}", place, written.error().message));
            // What follows may be of the kind that this one defines.
            if (kind->kind == "CustomResourceDefinition") settle();
        }
    }
    return {};
}

}  // namespace moontide::sandbox

#include "policy/documents.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace moontide::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Root>, 6> root_names = {{
    {"owner", Root::owner},
    {"source", Root::source},
    {"namespace", Root::namespace_object},
    {"target", Root::target},
    {"settings", Root::settings},
    {"group", Root::group},
}};

nlohmann::json map_of(const nlohmann::json& metadata, const char* key) {
    const auto found = metadata.find(key);
    return found != metadata.end() && found->is_object() ? *found : nlohmann::json::object();
}

Result<nlohmann::json> parse(const kube::Object& object, const std::string& cluster) {
    nlohmann::json parsed = nlohmann::json::parse(object.json(), nullptr, false);
    if (!parsed.is_object()) return fail(fmt::format("the object '{}' is no JSON object", object.name()));
    const nlohmann::json metadata = map_of(parsed, "metadata");
    for (const char* key : {"name", "namespace", "uid"}) {
        const auto found = metadata.find(key);
        if (found != metadata.end() && found->is_string()) parsed[key] = *found;
    }
    parsed["labels"] = map_of(metadata, "labels");
    parsed["annotations"] = map_of(metadata, "annotations");
    parsed["cluster"] = cluster;
    return parsed;
}

}  // namespace

std::string_view name_of(Root root) {
    for (const auto& [name, known] : root_names) {
        if (known == root) return name;
    }
    std::unreachable();
}

std::optional<Root> root_named(std::string_view name) {
    for (const auto& [known, root] : root_names) {
        if (known == name) return root;
    }
    return std::nullopt;
}

Document::Document(kube::ObjectPtr object, std::string cluster)
    : object_(std::move(object)), cluster_(std::move(cluster)) {}

Result<const nlohmann::json*> Document::json() {
    if (!json_) json_ = parse(*object_, cluster_);
    if (!*json_) return std::unexpected(json_->error());
    return &json_->value();
}

void note(Roots& roots, Root root) {
    switch (root) {
        case Root::owner:
            roots.owner = true;
            break;
        case Root::source:
            roots.source = true;
            break;
        case Root::namespace_object:
            roots.namespace_object = true;
            break;
        case Root::target:
            roots.target = true;
            break;
        case Root::settings:
        case Root::group:
            break;
    }
}

Result<const nlohmann::json*> Documents::value(Root root) {
    note(read, root);
    const auto json_of = [](Document* document) -> Result<const nlohmann::json*> {
        return document ? document->json() : nullptr;
    };
    switch (root) {
        case Root::owner:
            return json_of(owner);
        case Root::source:
            return json_of(source);
        case Root::namespace_object:
            return json_of(namespace_object);
        case Root::settings:
            return settings;
        case Root::target:
            if (!target) return nullptr;
            target_json_ = {
                {"cluster", target->cluster}, {"namespace", target->namespace_name}, {"kind", target->kind.kind}};
            if (!target->name.empty()) target_json_["name"] = target->name;
            return &target_json_;
        case Root::group:
            if (!group) return nullptr;
            group_json_ = *group;
            return &group_json_;
    }
    std::unreachable();
}

}  // namespace moontide::policy

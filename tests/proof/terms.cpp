#include "terms.hpp"

#include <cctype>
#include <utility>

namespace moontide::proof {

namespace {

constexpr auto* SOURCE_MARK = "flux-extension.nrfcloud.com/sync-configmap";
constexpr auto* TARGET_MARK = "flux-extension.nrfcloud.com/sync-target";
constexpr auto* COPY_MARK = "flux-extension.nrfcloud.com/sync-source";
constexpr auto* CLAIM = "moontide.dev/claim";

std::string annotation(const Json& object, const char* key) {
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    return annotations.value(key, "");
}

}  // namespace

Json content_of(const Json& object) {
    Json content = Json::object();
    for (const char* field : {"data", "binaryData", "immutable", "type"}) {
        const auto found = object.find(field);
        if (found == object.end() || found->is_null() || (found->is_object() && found->empty())) continue;
        // Not immutable and nothing said are the same.
        if (found->is_boolean() && !found->get<bool>()) continue;
        content[field] = *found;
    }
    return content;
}

std::string Place::text() const {
    return resource + " " + (namespace_name.empty() ? "" : namespace_name + "/") + name;
}

Place place_of(const Terms& terms, const Json& object) {
    const auto kind = object.value("kind", "");
    std::string resource;
    if (!kind.empty() && kind == terms.owner_kind) {
        resource = terms.owners;
    } else {
        for (const char letter : kind) resource += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
        resource += "s";
    }
    const auto& metadata = object.at("metadata");
    return {std::move(resource), metadata.value("namespace", ""), metadata.value("name", "")};
}

std::optional<Wish> Terms::wish_of(const Json* owner, const Place& at, const Json* source, const Json& space) const {
    if (has_owners()) return owner ? owner_wish(*owner, at, source, space) : std::nullopt;
    return source ? wish(*source, space) : std::nullopt;
}

bool Terms::is_marked_for(const Json* owner, const Json& object) const {
    if (owner) return owner_existing(*owner) == Existing::marked && owner_marked && owner_marked(*owner, object);
    return existing == Existing::marked && marked && marked(object);
}

Terms annotation_sync_terms(std::string sources, std::string instance) {
    Terms terms;
    terms.instance = std::move(instance);
    terms.existing = Existing::marked;
    terms.excluded = {"kube-system", "kube-public", "kube-node-lease"};
    terms.may_be_source = [sources](const Json& object) {
        return object.value("kind", "") == "ConfigMap" && object.at("metadata").value("namespace", "") == sources &&
               annotation(object, SOURCE_MARK) == "true";
    };
    terms.wish = [sources](const Json& source, const Json& space) -> std::optional<Wish> {
        if (source.at("metadata").contains("deletionTimestamp")) return std::nullopt;
        if (annotation(source, SOURCE_MARK) != "true" || annotation(space, TARGET_MARK) != "true") return std::nullopt;
        const auto name = space.at("metadata").value("name", "");
        if (name == sources) return std::nullopt;
        return Wish{"configmaps", source.at("metadata").value("name", ""), content_of(source)};
    };
    terms.marked = [sources](const Json& object) {
        // With a claim it is a copy, or somebody's clone of one.
        return annotation(object, COPY_MARK) == sources + "/" + object.at("metadata").value("name", "") &&
               annotation(object, CLAIM).empty();
    };
    return terms;
}

}  // namespace moontide::proof

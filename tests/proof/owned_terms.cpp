// What the policies with owners ask for, said again in a few lines each.
#include "owned.hpp"
#include "parts.hpp"

#include <algorithm>

#include <fnmatch.h>

namespace moontide::proof {

namespace {

Json spec_of(const Json& owner) {
    return owner.value("spec", Json::object());
}

Json labels_of(const Json& object) {
    return object.at("metadata").value("labels", Json::object());
}

std::string name_of(const Json& object) {
    return object.at("metadata").value("name", "");
}

std::string namespace_of(const Json& object) {
    return object.at("metadata").value("namespace", "");
}

bool has(const Json& list, const std::string& text) {
    return list.is_array() && std::ranges::find(list, Json(text)) != list.end();
}

/// All of these labels.
bool holds_all(const Json& wanted, const Json& labels) {
    return std::ranges::all_of(wanted.items(), [&](const auto& one) {
        return labels.contains(one.key()) && labels.at(one.key()) == one.value();
    });
}

/// A LabelSelector of matchLabels and of expressions with In and Exists.
bool selects(const Json& selector, const Json& labels) {
    if (!holds_all(selector.value("matchLabels", Json::object()), labels)) return false;
    const auto expressions = selector.value("matchExpressions", Json::array());
    return std::ranges::all_of(expressions, [&](const Json& one) {
        const auto key = one.value("key", "");
        if (!labels.contains(key)) return false;
        return one.value("operator", "") == "Exists" || has(one.at("values"), labels.at(key).get<std::string>());
    });
}

/// Being deleted, it asks for nothing.
bool asks(const Json& object) {
    return !object.at("metadata").contains("deletionTimestamp");
}

void keep_keys(Json& content, const Json& globs) {
    for (const char* field : {"data", "binaryData"}) {
        if (globs.empty() || !content.contains(field)) continue;
        Json kept = Json::object();
        for (const auto& [key, value] : content.at(field).items()) {
            const bool keeps = std::ranges::any_of(globs, [&](const Json& glob) {
                return ::fnmatch(glob.get<std::string>().c_str(), key.c_str(), 0) == 0;
            });
            if (keeps) kept[key] = value;
        }
        content.erase(field);
        if (!kept.empty()) content[field] = std::move(kept);
    }
}

std::optional<Wish> syncers_wish(const Json& owner, const Place& at, const Json* source, const Json& space) {
    const auto spec = spec_of(owner);
    const auto name = spec.value(at.resource == "secrets" ? "sourceSecret" : "sourceConfigMap", "");
    const bool is_source = (at.resource == "configmaps" || at.resource == "secrets") && at.name == name &&
                           at.namespace_name == spec.value("sourceNamespace", "");
    if (!asks(owner) || !is_source || name_of(space) == at.namespace_name) return std::nullopt;
    const auto labels = labels_of(space);
    const bool selected = has(spec.value("targetNamespaces", Json::array()), name_of(space)) ||
                          (spec.contains("namespaceSelector") && holds_all(spec.at("namespaceSelector"), labels)) ||
                          (spec.contains("targetSelector") && selects(spec.at("targetSelector"), labels));
    if (!selected) return std::nullopt;
    if (source == nullptr || !asks(*source))
        return Wish{.resource = at.resource, .name = name, .content = {}, .kept = true};
    auto content = content_of(*source);
    keep_keys(content, spec.value("keys", Json::array()));
    return Wish{at.resource,
                name,
                std::move(content),
                {{"synced-by", name_of(owner)}, {"synced-from", spec.value("sourceNamespace", "")}}};
}

std::optional<Wish> mirrors_wish(const Json& owner, const Place& at, const Json* source, const Json& space) {
    const auto spec = spec_of(owner);
    const bool is_source = source != nullptr && asks(*source) && at.resource == "configmaps" &&
                           at.namespace_name == spec.value("sourceNamespace", "") &&
                           selects(spec.at("selector"), labels_of(*source));
    if (!asks(owner) || !is_source || name_of(space) == at.namespace_name) return std::nullopt;
    if (!has(spec.value("targetNamespaces", Json::array()), name_of(space))) return std::nullopt;
    return Wish{"configmaps", at.name, content_of(*source)};
}

std::optional<Wish> pods_wish(const Json& owner, const Place& at, const Json* source, const Json& space) {
    const auto spec = spec_of(owner);
    const bool is_source = source != nullptr && asks(*source) && at.resource == "pods" &&
                           at.namespace_name == namespace_of(owner) &&
                           selects(spec.value("podSelector", Json::object()), labels_of(*source));
    if (!asks(owner) || !is_source || name_of(space) != at.namespace_name) return std::nullopt;
    Json data = {{"podName", at.name},
                 {"namespace", at.namespace_name},
                 {"nodeName", source->at("spec").value("nodeName", "")},
                 {"phase", source->value("status", Json::object()).value("phase", "")}};
    const auto include = [&](const char* field, const std::string& prefix, const Json& values) {
        for (const auto& key : spec.value(field, Json::array())) {
            const auto name = key.get<std::string>();
            if (values.contains(name)) data[prefix + name] = values.at(name);
        }
    };
    include("labelsToInclude", "label_", labels_of(*source));
    include("annotationsToInclude", "annotation_", source->at("metadata").value("annotations", Json::object()));
    return Wish{"configmaps", "pod-" + at.name + "-from-" + name_of(owner) + "-cfg", {{"data", std::move(data)}}};
}

Existing conflicts(const Json& owner) {
    const auto policy = spec_of(owner).value("conflictPolicy", "");
    if (policy == "Refuse") return Existing::refuse;
    if (policy == "Adopt") return Existing::adopt;
    if (policy == "Overwrite") return Existing::overwrite;
    if (policy == "Merge") return Existing::merge;
    return Existing::marked;
}

/// Its labels without a claim, and without a part that they may be of: what the controller that is replaced left.
bool has_labels(const Json& object, const Json& labels) {
    const auto annotations = object.at("metadata").value("annotations", Json::object());
    return !annotations.contains("moontide.dev/claim") && !carries_part(object) && holds_all(labels, labels_of(object));
}

}  // namespace

Terms owned_terms(Driven driven, std::string sources, std::string instance) {
    const auto& policy = policy_of(driven);
    Terms terms;
    terms.instance = std::move(instance);
    terms.excluded = {"kube-system", "kube-public", "kube-node-lease"};
    terms.owners = policy.resource.plural;
    terms.owner_kind = policy.resource.kind.kind;
    terms.finalizer = policy.finalizer;
    terms.owner_existing = [](const Json&) { return Existing::marked; };
    terms.may_be_source = [sources](const Json& object) {
        return object.value("kind", "") == "ConfigMap" && namespace_of(object) == sources;
    };
    switch (driven) {
        case Driven::configmap_syncer:
            terms.may_be_source = [sources](const Json& object) {
                const auto kind = object.value("kind", "");
                return (kind == "ConfigMap" || kind == "Secret") && namespace_of(object) == sources;
            };
            terms.owner_wish = syncers_wish;
            terms.owner_existing = conflicts;
            terms.owner_marked = [](const Json& owner, const Json& object) {
                const auto spec = spec_of(owner);
                return has_labels(object,
                                  {{"synced-by", name_of(owner)}, {"synced-from", spec.value("sourceNamespace", "")}});
            };
            break;
        case Driven::config_mirror:
            terms.owner_wish = mirrors_wish;
            terms.owner_marked = [](const Json& owner, const Json& object) {
                return has_labels(object,
                                  {{"mirror.configmirror.io/owner", namespace_of(owner) + "." + name_of(owner)}});
            };
            break;
        case Driven::pod_configmap:
            terms.owner_wish = pods_wish;
            terms.belongs_to_source = true;
            terms.may_be_source = [](const Json& object) { return object.value("kind", "") == "Pod"; };
            terms.owner_marked = [](const Json& owner, const Json& object) {
                return labels_of(object).contains("podconfig.example.com/pod-uid") &&
                       has_labels(object, {{"podconfig.example.com/generated-by-pcmc", name_of(owner)}});
            };
            break;
    }
    return terms;
}

}  // namespace moontide::proof

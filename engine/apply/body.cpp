#include "apply/body.hpp"

#include "apply/dump.hpp"
#include "plan/fields.hpp"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

namespace moontide::apply {

namespace {

using nlohmann::json;

policy::Labels labels_with_marks(const plan::Wish& wish, const plan::Claim& claim) {
    auto labels = wish.content->labels;
    labels.insert_or_assign(std::string(plan::marks::managed_by), "moontide");
    labels.insert_or_assign(std::string(plan::marks::instance), claim.instance);
    labels.insert_or_assign(std::string(plan::marks::owner), claim.bond.owner_label());
    return labels;
}

policy::Labels annotations_with_claim(const plan::Wish& wish, const plan::Claim& claim) {
    auto annotations = wish.content->annotations;
    annotations.insert_or_assign(std::string(plan::marks::claim), claim.text());
    return annotations;
}

json owner_reference(const plan::Belonging& belonging) {
    return {{"apiVersion", belonging.kind.api_version},
            {"kind", belonging.kind.kind},
            {"name", belonging.name},
            {"uid", belonging.uid},
            {"controller", true}};
}

/// The content's fields are long and already text, so they are spliced in, not parsed and written again.
std::string object_text(const plan::Wish& wish, const json& metadata) {
    const auto& content = *wish.content;
    std::string text = "{\"apiVersion\":" + dump(json(content.kind.api_version)) +
                       ",\"kind\":" + dump(json(content.kind.kind)) + ",\"metadata\":" + dump(metadata);
    const std::string_view fields = content.fields;
    if (fields.size() > 2) {
        text += ',';
        text += fields.substr(1);
    } else {
        text += '}';
    }
    return text;
}

json metadata_of(const plan::Wish& wish, const plan::Claim& claim) {
    json metadata = {{"name", claim.place.name},
                     {"namespace", claim.place.namespace_name},
                     {"labels", labels_with_marks(wish, claim)},
                     {"annotations", annotations_with_claim(wish, claim)}};
    if (wish.belonging) metadata["ownerReferences"] = json::array({owner_reference(*wish.belonging)});
    return metadata;
}

std::string pointer(std::string_view map, std::string_view key) {
    std::string text(map);
    text += '/';
    for (const char c : key) {
        if (c == '~') {
            text += "~0";
        } else if (c == '/') {
            text += "~1";
        } else {
            text += c;
        }
    }
    return text;
}

json same_object(const std::string& uid, kube::ResourceVersion version) {
    return json::array(
        {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", uid}},
         {{"op", "replace"}, {"path", "/metadata/resourceVersion"}, {"value", std::to_string(version)}}});
}

}  // namespace

plan::Claim claim(const plan::Wish& wish, const Signature& signature, const std::string& namespace_name,
                  const std::string& name, plan::Making making) {
    plan::Claim out;
    out.instance = signature.instance;
    out.bond = wish.bond;
    out.place = {signature.cluster, namespace_name, name};
    out.making = making;
    out.writes = wish.writes;
    out.hash = wish.hash;
    for (const auto& [key, value] : wish.content->labels) out.labels.push_back(key);
    for (const auto& [key, value] : wish.content->annotations) out.annotations.push_back(key);
    return out;
}

std::string new_object(const plan::Wish& wish, const plan::Claim& claim) {
    return object_text(wish, metadata_of(wish, claim));
}

std::string whole_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step) {
    json metadata = metadata_of(wish, claim);
    metadata["uid"] = step.uid.text();
    metadata["resourceVersion"] = std::to_string(step.resource_version);
    return object_text(wish, metadata);
}

std::string content_patch(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step) {
    json patch = same_object(step.uid.text(), step.resource_version);
    const auto add = [&](std::string path, json value) {
        patch.push_back({{"op", "add"}, {"path", std::move(path)}, {"value", std::move(value)}});
    };
    json fields = json::parse(wish.content->fields);
    // What is not wanted is emptied; the server leaves empty maps out. A type that must change is refused, as it should
    // be: left as it is, it would differ for ever.
    const auto or_else = [&](const char* field, json value) {
        if (!fields.contains(field)) fields[field] = std::move(value);
    };
    const auto& kind = wish.content->kind.kind;
    if (kind == "ConfigMap" || kind == "Secret") or_else("data", json::object());
    if (kind == "ConfigMap") or_else("binaryData", json::object());
    if (kind == "Secret") or_else("type", "Opaque");
    for (auto& [key, value] : fields.items()) add(pointer("", key), std::move(value));
    for (const auto& [key, value] : labels_with_marks(wish, claim)) add(pointer("/metadata/labels", key), value);
    for (const auto& [key, value] : annotations_with_claim(wish, claim))
        add(pointer("/metadata/annotations", key), value);
    if (wish.belonging) add("/metadata/ownerReferences", json::array({owner_reference(*wish.belonging)}));
    return dump(patch);
}

Result<std::string> merged_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step,
                                  std::string_view live_json) {
    const json live = json::parse(live_json, nullptr, false);
    if (!live.is_object() || !live.contains("metadata") || !live.at("metadata").is_object())
        return fail("the live object is no JSON object");
    json metadata = live.at("metadata");
    metadata.erase("managedFields");

    const auto map_at = [&](const char* key) {
        const auto found = metadata.find(key);
        return found != metadata.end() && found->is_object() ? *found : json::object();
    };
    json labels = map_at("labels");
    json annotations = map_at("annotations");
    if (const auto there = annotations.find(std::string(plan::marks::claim));
        there != annotations.end() && there->is_string()) {
        if (const auto before = plan::Claim::parse(there->get_ref<const std::string&>())) {
            for (const auto& key : before->labels) labels.erase(key);
            for (const auto& key : before->annotations) annotations.erase(key);
        }
    }
    // The controller that we replace wrote the annotations whole, the source's among them; they are ours now.
    if (step.takes_over && step.making == plan::Making::made) annotations = json::object();
    for (const auto& [key, value] : labels_with_marks(wish, claim)) labels[key] = value;
    for (const auto& [key, value] : annotations_with_claim(wish, claim)) annotations[key] = value;
    metadata["labels"] = std::move(labels);
    metadata["annotations"] = std::move(annotations);
    if (wish.belonging) metadata["ownerReferences"] = json::array({owner_reference(*wish.belonging)});
    metadata["uid"] = step.uid.text();
    metadata["resourceVersion"] = std::to_string(step.resource_version);
    return object_text(wish, metadata);
}

std::string keys_text(std::string_view live_json) {
    constexpr std::size_t most = 20;
    const json live = json::parse(live_json, nullptr, false);
    std::string text;
    for (const char* field : {"data", "binaryData"}) {
        if (!live.is_object() || !live.contains(field) || !live.at(field).is_object()) continue;
        text += (text.empty() ? "" : "; ") + std::string(field);
        std::size_t count = 0;
        for (const auto& [key, value] : live.at(field).items()) {
            if (++count <= most) text += (count == 1 ? " " : ", ") + key;
        }
        if (count > most) text += " and " + std::to_string(count - most) + " more";
    }
    return text.empty() ? "no data" : text;
}

std::string applied_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Apply& step) {
    json metadata = metadata_of(wish, claim);
    metadata["resourceVersion"] = std::to_string(step.resource_version == 0 ? 1 : step.resource_version);
    // With a uid an apply does not make what has gone meanwhile.
    if (step.uid != plan::Uid()) metadata["uid"] = step.uid.text();
    return object_text(wish, metadata);
}

std::string release_patch(const plan::Release& step, const plan::Claim& claim, std::string_view live_json) {
    json patch = same_object(step.uid.text(), step.resource_version);
    const json live = json::parse(live_json, nullptr, false);
    const auto remove = [&](const char* map, const std::string& key) {
        const auto path = pointer(std::string("/metadata/") + map, key);
        if (live.contains(json::json_pointer(path))) patch.push_back({{"op", "remove"}, {"path", path}});
    };
    for (const auto& key : claim.labels) remove("labels", key);
    for (const auto key : {plan::marks::managed_by, plan::marks::instance, plan::marks::owner}) {
        remove("labels", std::string(key));
    }
    for (const auto& key : claim.annotations) remove("annotations", key);
    remove("annotations", std::string(plan::marks::claim));
    const auto entries =
        live.contains("/metadata/managedFields"_json_pointer) ? live["metadata"]["managedFields"] : json::array();
    json others = json::array();
    std::copy_if(entries.begin(), entries.end(), std::back_inserter(others), [](const json& entry) {
        return entry.value("manager", "") != plan::whole_manager || entry.value("operation", "") != "Apply";
    });
    if (others.size() != entries.size()) {
        patch.push_back({{"op", "replace"}, {"path", "/metadata/managedFields"}, {"value", std::move(others)}});
    }
    return dump(patch);
}

std::string delete_options(const plan::Delete& step) {
    return dump(
        {{"apiVersion", "v1"},
         {"kind", "DeleteOptions"},
         {"propagationPolicy", "Background"},
         {"preconditions", {{"uid", step.uid.text()}, {"resourceVersion", std::to_string(step.resource_version)}}}});
}

}  // namespace moontide::apply

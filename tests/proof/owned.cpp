#include "owned.hpp"

#include "definitions.hpp"
#include "proof_server.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::proof {

const OwnerPolicy& policy_of(Driven driven) {
    static const OwnerPolicy syncer{
        "configmap-syncer",
        {{"config.example.com/v1alpha1", "ConfigMapSyncer"}, "configmapsyncers", true, true},
        "configmapsyncer.config.example.com/finalizer"};
    static const OwnerPolicy mirror{"config-mirror",
                                    {{"mirror.configmirror.io/v1alpha1", "ConfigMirror"}, "configmirrors", true, true},
                                    "mirror.configmirror.io/finalizer"};
    static const OwnerPolicy pods{
        "pod-configmap",
        {{"podconfig.example.com/v1alpha1", "PodConfigMapConfig"}, "podconfigmapconfigs", true, true},
        ""};
    switch (driven) {
        case Driven::configmap_syncer:
            return syncer;
        case Driven::config_mirror:
            return mirror;
        case Driven::pod_configmap:
            break;
    }
    return pods;
}

Json pod_object(const std::string& namespace_name, const std::string& name, const Json& labels) {
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"metadata", {{"namespace", namespace_name}, {"name", name}, {"labels", labels}}},
            {"spec", {{"containers", Json::array({{{"name", "main"}, {"image", "example.com/main"}}})}}}};
}

Owners::Owners(test::World& world, Driven driven) : world_(world), driven_(driven), policy_(proof::policy_of(driven)) {
    const auto& version = policy_.resource.kind.api_version;
    test::serve_definition(world_, version.substr(0, version.find('/')) + "_" + policy_.resource.plural);
    auto& server = ProofServer::under_test();
    server.follow(policy_.resource);
    if (driven == Driven::pod_configmap) server.follow(*kube::well_known({.api_version = "v1", .kind = "Pod"}));
}

Owners::~Owners() {
    try {
        for (const auto& owner : live()) {
            const auto ref = test::ref_of(owner);
            world_.api.try_merge(ref, {{"metadata", {{"finalizers", nullptr}}}});
            world_.api.remove_if_there(ref);
        }
    } catch (const std::exception& error) {
        WARN("cleaning up owners: " << error.what());
    }
}

kube::Ref Owners::ref(const std::string& namespace_name, const std::string& name) const {
    return {policy_.resource.kind, namespace_name, name};
}

Json Owners::object(const std::string& namespace_name, const std::string& name, const Json& spec) const {
    return {{"apiVersion", policy_.resource.kind.api_version},
            {"kind", policy_.resource.kind.kind},
            {"metadata", {{"namespace", namespace_name}, {"name", name}}},
            {"spec", spec}};
}

std::vector<Json> Owners::live() const {
    auto objects = list(kube::path(policy_.resource, {}), policy_.resource.kind);
    if (driven_ == Driven::pod_configmap) {
        for (auto& pod : list("/api/v1/pods", {.api_version = "v1", .kind = "Pod"})) objects.push_back(std::move(pod));
    }
    return objects;
}

std::vector<Json> Owners::list(const std::string& path, const kube::Kind& kind) const {
    std::vector<Json> objects;
    const auto page = Json::parse(world_.api.page(path));
    for (Json object : page.at("items")) {
        if (!object.at("metadata").value("namespace", "").starts_with(world_.id() + "-")) continue;
        object["apiVersion"] = kind.api_version;
        object["kind"] = kind.kind;
        objects.push_back(std::move(object));
    }
    return objects;
}

}  // namespace moontide::proof

#include "owned.hpp"

#include "proof_server.hpp"
#include "sandbox/yaml.hpp"
#include "source_directory.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>

namespace moontide::proof {

namespace {

const kube::Kind DEFINITION{.api_version = "apiextensions.k8s.io/v1", .kind = "CustomResourceDefinition"};

std::string definition_of(const OwnerPolicy& policy) {
    const auto& version = policy.resource.kind.api_version;
    return policy.resource.plural + "." + version.substr(0, version.find('/'));
}

Json tree_of(const std::string& file) {
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    auto documents = sandbox::read_yaml(text, file);
    if (!documents) throw std::runtime_error(documents.error().message);
    return documents->front().tree;
}

}  // namespace

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
    const kube::Ref name{DEFINITION, {}, definition_of(policy_)};
    const auto& version = policy_.resource.kind.api_version;
    const auto file = version.substr(0, version.find('/')) + "_" + policy_.resource.plural + ".yaml";
    if (!world_.api.find(name)) world_.api.create(tree_of(test::source_directory() + "/deploy/crds/" + file));
    world_.await(policy_.resource.plural + " are served", [&](const test::Objects&) -> std::string {
        const auto there = world_.api.find(name);
        for (const auto& condition : there->value("/status/conditions"_json_pointer, Json::array())) {
            if (condition.value("type", "") == "Established" && condition.value("status", "") == "True") return {};
        }
        return "not established";
    });
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

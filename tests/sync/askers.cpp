#include "askers.hpp"

#include "definitions.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

struct Known {
    kube::Kind kind;
    std::string definition;
};

Known known(Askers::Kind kind) {
    if (kind == Askers::Kind::configmap_syncer)
        return {{"config.example.com/v1alpha1", "ConfigMapSyncer"}, "config.example.com_configmapsyncers"};
    return {{"podconfig.example.com/v1alpha1", "PodConfigMapConfig"}, "podconfig.example.com_podconfigmapconfigs"};
}

}  // namespace

Askers::Askers(World& world, Kind kind, std::string home)
    : world_(world), kind_(known(kind).kind), home_(std::move(home)) {
    serve_definition(world, known(kind).definition);
}

Askers::~Askers() {
    try {
        for (const auto& name : made_) {
            world_.api.try_merge(ref(name), {{"metadata", {{"finalizers", nullptr}}}});
            world_.api.remove_if_there(ref(name));
        }
    } catch (const std::exception& error) {
        WARN("cleaning up owners: " << error.what());
    }
}

kube::Ref Askers::ref(const std::string& name) const {
    return {kind_, home_, name};
}

Json Askers::make(const std::string& name, const Json& spec, const Json& metadata) {
    Json object = {{"apiVersion", kind_.api_version},
                   {"kind", kind_.kind},
                   {"metadata", {{"namespace", home_}, {"name", name}}},
                   {"spec", spec}};
    object["metadata"].update(metadata);
    if (std::ranges::find(made_, name) == made_.end()) made_.push_back(name);
    return world_.api.create(object);
}

Json Askers::change(const std::string& name, const Json& spec) {
    return world_.api.merge(ref(name), {{"spec", spec}});
}

void Askers::remove(const std::string& name) {
    world_.api.remove(ref(name));
}

Json Askers::finalizers(const std::string& name) {
    return world_.api.get(ref(name)).at("metadata").value("finalizers", Json::array());
}

void Askers::expect_gone(const std::string& name, Where where) {
    world_.await(
        ref(name).text() + " goes",
        [&](const Objects&) {
            const auto there = world_.api.find(ref(name));
            return there ? "it is still there: " + there->dump() : std::string();
        },
        where);
}

}  // namespace moontide::test

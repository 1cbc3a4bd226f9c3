#include "copiers.hpp"

#include "definitions.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

namespace moontide::test {
namespace {

const kube::Kind definition{.api_version = "apiextensions.k8s.io/v1", .kind = "CustomResourceDefinition"};

Json definition_of(const std::string& group, Copiers::Status status) {
    const Json free = {{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
    const Json schema = {{"type", "object"}, {"properties", {{"spec", free}, {"status", free}}}};
    const bool served = status == Copiers::Status::served;
    return {{"apiVersion", definition.api_version},
            {"kind", definition.kind},
            {"metadata", {{"name", "copiers." + group}}},
            {"spec",
             {{"group", group},
              {"scope", "Namespaced"},
              {"names", {{"plural", "copiers"}, {"singular", "copier"}, {"kind", "Copier"}}},
              {"versions", Json::array({{{"name", "v1"},
                                         {"served", true},
                                         {"storage", true},
                                         {"subresources", served ? Json{{"status", Json::object()}} : Json::object()},
                                         {"schema", {{"openAPIV3Schema", schema}}}}})}}}};
}

}  // namespace

Copiers::Copiers(World& world, std::string group, Status status)
    : world_(world),
      group_(group.empty() ? "sync.example.com" : std::move(group)),
      own_group_(!group.empty()),
      status_(status) {
    own_group_ = group_ != "sync.example.com";
    if (!own_group_) install();
}

Copiers::~Copiers() {
    try {
        for (const auto& name : made_) {
            world_.api.try_merge(ref(name), {{"metadata", {{"finalizers", nullptr}}}});
            world_.api.remove_if_there(ref(name));
        }
        if (own_group_) uninstall();
    } catch (const std::exception& error) {
        WARN("cleaning up owners: " << error.what());
    }
}

void Copiers::install() {
    serve_kind(world_, definition_of(group_, status_));
}

void Copiers::uninstall() {
    world_.api.remove_if_there({definition, {}, "copiers." + group_});
}

kube::Ref Copiers::ref(const std::string& name) const {
    return {{group_ + "/v1", "Copier"}, world_.sources(), name};
}

Json Copiers::make(const std::string& name, const Json& spec, const Json& metadata) {
    Json object = {{"apiVersion", group_ + "/v1"},
                   {"kind", "Copier"},
                   {"metadata", {{"namespace", world_.sources()}, {"name", name}}},
                   {"spec", spec}};
    object["metadata"].update(metadata);
    if (std::ranges::find(made_, name) == made_.end()) made_.push_back(name);
    return world_.api.create(object);
}

Json Copiers::make_named(const std::string& name, const std::vector<std::string>& names,
                         const std::vector<std::string>& to) {
    return make(name, {{"from", world_.sources()}, {"names", names}, {"to", to}});
}

Json Copiers::change(const std::string& name, const Json& spec) {
    return world_.api.merge(ref(name), {{"spec", spec}});
}

void Copiers::remove(const std::string& name) {
    world_.api.remove(ref(name));
}

bool Copiers::has_finalizer(const std::string& name) {
    const auto all = world_.api.get(ref(name)).at("metadata").value("finalizers", Json::array());
    return std::ranges::find(all, Json(finalizer())) != all.end();
}

void Copiers::take_finalizers_off(const std::string& name) {
    world_.api.merge(ref(name), {{"metadata", {{"finalizers", nullptr}}}});
}

void Copiers::expect_gone(const std::string& name, Where where) {
    world_.await(
        "the owner " + name + " goes",
        [&](const Objects&) {
            const auto there = world_.api.find(ref(name));
            return there ? "it is still there: " + there->at("metadata").dump() : std::string();
        },
        where);
}

policy::PolicyPtr Copiers::policy(const std::string& slots, const std::string& name, const std::string& owners) const {
    return policy_with(owners + "finalizer = \"" + finalizer() + "\"", slots, name);
}

policy::PolicyPtr Copiers::policy_without_finalizer(const std::string& slots) const {
    return policy_with("", slots, "copier");
}

policy::PolicyPtr Copiers::policy_with(const std::string& finalizer, const std::string& slots,
                                       const std::string& name) const {
    return policy_of(world_,
                     R"(return {
  api    = "moontide/v1",
  owner  = { apiVersion = ")" +
                         group_ + R"(/v1", kind = "Copier", namespace = "@SOURCES@", )" + finalizer + R"( },
  from   = { { kind = "ConfigMap", namespace = "{owner.spec.from}", name = "{owner.spec.names}" },
             { kind = "ConfigMap", namespace = "{owner.spec.from}", selector = "{owner.spec.selector}" } },
  into   = { { namespace = "{owner.spec.to}" }, { labels = "{owner.spec.labels}" } },
  labels = { by = "{owner.name}" },
  )" + slots + "\n}",
                     name);
}

}  // namespace moontide::test

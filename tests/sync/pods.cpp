#include "pods.hpp"

namespace moontide::test {

Pods::Pods(World& world, std::string home) : world_(world), home_(std::move(home)) {
    if (!world_.server.is_real()) return;
    world_.await("the account of " + home_, [&](const Objects&) {
        const bool is_there = world_.api.find({{"v1", "ServiceAccount"}, home_, "default"}).has_value();
        return is_there ? std::string() : std::string("it is not there");
    });
}

kube::Ref Pods::ref(const std::string& name) const {
    return {{"v1", "Pod"}, home_, name};
}

Json Pods::make(const std::string& name, const Json& labels, const Json& more) {
    Json object = {{"apiVersion", "v1"},
                   {"kind", "Pod"},
                   {"metadata", {{"namespace", home_}, {"name", name}, {"labels", labels}}},
                   {"spec",
                    {{"automountServiceAccountToken", false},
                     {"containers", Json::array({{{"name", "main"}, {"image", "example.com/main:1"}}})}}}};
    object.merge_patch(more);
    return world_.api.create(object);
}

void Pods::label(const std::string& name, const Json& labels) {
    world_.api.merge(ref(name), {{"metadata", {{"labels", labels}}}});
}

void Pods::annotate(const std::string& name, const Json& annotations) {
    world_.api.merge(ref(name), {{"metadata", {{"annotations", annotations}}}});
}

void Pods::bind(const std::string& name, const std::string& node) {
    // The sandbox has no bindings, and no rule against this.
    if (!world_.server.is_real()) {
        world_.api.merge(ref(name), {{"spec", {{"nodeName", node}}}});
        return;
    }
    world_.api.ask("POST", path(name) + "/binding",
                   {{"apiVersion", "v1"},
                    {"kind", "Binding"},
                    {"metadata", {{"namespace", home_}, {"name", name}}},
                    {"target", {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", node}}}});
}

void Pods::set_phase(const std::string& name, const std::string& phase) {
    world_.api.ask("PATCH", path(name) + "/status", {{"status", {{"phase", phase}}}}, "application/merge-patch+json");
}

void Pods::remove(const std::string& name) {
    world_.api.ask("DELETE", path(name), {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"gracePeriodSeconds", 0}});
}

std::string Pods::path(const std::string& name) const {
    return "/api/v1/namespaces/" + home_ + "/pods/" + name;
}

}  // namespace moontide::test

#include "scenes.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace moontide::bench {

namespace {

Json object(const char* api_version, const char* kind, const std::string& space, const std::string& name) {
    Json made = {{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
    if (!space.empty()) made["metadata"]["namespace"] = space;
    return made;
}

Json space_named(const std::string& name) {
    return object("v1", "Namespace", {}, name);
}

/// About 500 bytes of data, as applications' configuration often has.
Json config_map(const std::string& space, const std::string& name) {
    auto made = object("v1", "ConfigMap", space, name);
    made["data"] = {{"application.properties", fmt::format("{:=<400}", "name=" + name + "\nmode=")},
                    {"level", "info"},
                    {"round", "none"}};
    return made;
}

Json marked_copy(Json copy) {
    copy["metadata"]["labels"] = {{"app.kubernetes.io/managed-by", "bench"},
                                  {"example.com/owner", "bench.owner-00001"}};
    copy["metadata"]["annotations"] = {{"example.com/claim", fmt::format("{:x<300}", "")}};
    return copy;
}

Json relabelled(std::size_t round) {
    return {{"metadata", {{"labels", {{"round", fmt::format("r{}", round)}}}}}};
}

Json edited(std::size_t round) {
    return {{"data", {{"round", fmt::format("r{}", round)}}}};
}

}  // namespace

Scene pods(std::size_t pods) {
    constexpr std::array apps = {"web", "worker", "cron"};
    Scene scene{.name = fmt::format("{} pods, 3 PodConfigMapConfigs", pods),
                .policy = "pod-configmap",
                .crd = "podconfig.example.com_podconfigmapconfigs.yaml",
                .definition = "podconfigmapconfigs.podconfig.example.com",
                .owners_path = "/apis/podconfig.example.com/v1alpha1/podconfigmapconfigs"};
    const auto space = fmt::format("bench-pods-{}", pods);
    scene.namespaces = {space_named(space)};
    for (std::size_t i = 0; i < pods; ++i) {
        auto pod = object("v1", "Pod", space, fmt::format("pod-{:05}", i));
        pod["metadata"]["labels"] = {{"app", apps[i % apps.size()]}, {"round", "none"}};
        pod["spec"] = {{"automountServiceAccountToken", false},
                       {"containers", Json::array({{{"name", "main"}, {"image", "example.com/app:1"}}})}};
        scene.objects.push_back(std::move(pod));
    }
    for (const auto* app : apps) {
        auto config = object("podconfig.example.com/v1alpha1", "PodConfigMapConfig", space, app);
        config["spec"] = {
            {"podSelector", {{"matchLabels", {{"app", app}}}}},
            {"labelsToInclude", Json::array({"app", "round"})},
            {"configMapDataTemplate",
             {{"where", "{{ .metadata.name }} on {{ with .spec.nodeName }}{{ . }}{{ else }}none{{ end }}"}}}};
        scene.owners.push_back(std::move(config));
    }
    scene.copies = pods;
    scene.a_copy = marked_copy(object("v1", "ConfigMap", space, "raw"));
    scene.a_copy["data"] = {{"podName", "pod-00001"}, {"namespace", space}, {"nodeName", ""},     {"phase", "Pending"},
                            {"label_app", "web"},     {"label_round", "r"}, {"where", "pod-1 on"}};
    const auto& one = scene.objects;
    scene.probes.push_back({"pod", 1, [one](std::size_t round) { return merged(one[7 + round], relabelled(round)); }});
    // What a kubelet changes most, and no copy shows.
    scene.probes.push_back({"pod, unread", 0, [one](std::size_t round) {
                                return merged(one[7 + round],
                                              {{"metadata", {{"annotations", {{"beat", std::to_string(round)}}}}}});
                            }});
    scene.probes.push_back({"namespace", 0, [namespaces = scene.namespaces](std::size_t round) {
                                return merged(namespaces.front(), relabelled(round));
                            }});
    const auto touched = (pods + apps.size() - 1) / apps.size();
    scene.probes.push_back(
        {"owner", touched, [owners = scene.owners](std::size_t round) {
             return merged(owners.front(), {{"spec", {{"configMapDataTemplate", {{"round", std::to_string(round)}}}}}});
         }});
    return scene;
}

Scene mirrors(std::size_t mirrors) {
    constexpr std::size_t sources = 20;
    constexpr std::size_t targets = 20;
    Scene scene{.name = fmt::format("{} ConfigMirrors x {} sources x {} namespaces", mirrors, sources, targets),
                .policy = "config-mirror",
                .crd = "mirror.configmirror.io_configmirrors.yaml",
                .definition = "configmirrors.mirror.configmirror.io",
                .owners_path = "/apis/mirror.configmirror.io/v1alpha1/configmirrors"};
    const auto from = fmt::format("bench-mirror-{}", mirrors);
    scene.namespaces = {space_named(from)};
    auto into = Json::array();
    for (std::size_t i = 0; i < targets; ++i) {
        const auto name = fmt::format("{}-{:02}", from, i);
        scene.namespaces.push_back(space_named(name));
        into.push_back(name);
    }
    for (std::size_t i = 0; i < mirrors; ++i) {
        const auto name = fmt::format("mirror-{:03}", i);
        for (std::size_t j = 0; j < sources; ++j) {
            auto source = config_map(from, fmt::format("{}-{:02}", name, j));
            source["metadata"]["labels"] = {{"mirror", name}};
            scene.objects.push_back(std::move(source));
        }
        auto mirror = object("mirror.configmirror.io/v1alpha1", "ConfigMirror", from, name);
        mirror["spec"] = {
            {"sourceNamespace", from}, {"selector", {{"matchLabels", {{"mirror", name}}}}}, {"targetNamespaces", into}};
        scene.owners.push_back(std::move(mirror));
    }
    scene.copies = mirrors * sources * targets;
    scene.a_copy = marked_copy(config_map(from, "raw"));
    scene.probes.push_back({"source", targets, [objects = scene.objects](std::size_t round) {
                                return merged(objects[7 + round], edited(round));
                            }});
    scene.probes.push_back({"namespace", 0, [namespaces = scene.namespaces](std::size_t round) {
                                return merged(namespaces[1], relabelled(round));
                            }});
    // A namespace less, a namespace more.
    scene.probes.push_back({"owner", sources, [owners = scene.owners, into](std::size_t round) {
                                auto fewer = into;
                                if (round % 2 == 0) fewer.erase(fewer.size() - 1);
                                return merged(owners[1], {{"spec", {{"targetNamespaces", fewer}}}});
                            }});
    return scene;
}

Scene syncers(std::size_t syncers) {
    constexpr std::size_t spaces = 50;
    constexpr std::size_t targets = 5;
    Scene scene{.name = fmt::format("{} ConfigMapSyncers x {} namespaces", syncers, targets),
                .policy = "configmap-syncer",
                .crd = "config.example.com_configmapsyncers.yaml",
                .definition = "configmapsyncers.config.example.com",
                .owners_path = "/apis/config.example.com/v1alpha1/configmapsyncers"};
    const auto from = fmt::format("bench-syncer-{}", syncers);
    const auto place = [&](std::size_t i) { return fmt::format("{}-{:02}", from, i % spaces); };
    scene.namespaces = {space_named(from)};
    for (std::size_t i = 0; i < spaces; ++i) scene.namespaces.push_back(space_named(place(i)));
    for (std::size_t i = 0; i < syncers; ++i) {
        const auto name = fmt::format("config-{:04}", i);
        scene.objects.push_back(config_map(from, name));
        auto into = Json::array();
        for (std::size_t j = 0; j < targets; ++j) into.push_back(place(i + 7 * j));
        auto syncer = object("config.example.com/v1alpha1", "ConfigMapSyncer", from, name);
        syncer["spec"] = {{"sourceNamespace", from}, {"sourceConfigMap", name}, {"targetNamespaces", into}};
        scene.owners.push_back(std::move(syncer));
    }
    scene.copies = syncers * targets;
    scene.a_copy = marked_copy(config_map(from, "raw"));
    scene.probes.push_back({"source", targets, [objects = scene.objects](std::size_t round) {
                                return merged(objects[7 + round], edited(round));
                            }});
    scene.probes.push_back({"namespace", 0, [namespaces = scene.namespaces](std::size_t round) {
                                return merged(namespaces[1], relabelled(round));
                            }});
    scene.probes.push_back({"owner", targets, [owners = scene.owners](std::size_t round) {
                                const auto keys = round % 2 == 0 ? Json::array({"level"}) : Json::array();
                                return merged(owners[1], {{"spec", {{"keys", keys}}}});
                            }});
    return scene;
}

}  // namespace moontide::bench

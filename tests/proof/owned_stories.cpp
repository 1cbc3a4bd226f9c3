// Stories of the policies with owners: owners, their sources and their targets come, change and go.
#include "stories.hpp"

namespace moontide::proof {

namespace {

const Json WEB = {{"metadata", {{"labels", {{"app", "web"}}}}}};
const Json NO_WEB = {{"metadata", {{"labels", {{"app", nullptr}}}}}};

Story driven_by(Driven driven, std::string name, std::function<void(Scene&)> before, std::vector<Act> acts) {
    Story story{.name = std::move(name), .before = std::move(before), .acts = std::move(acts)};
    story.driven = driven;
    return story;
}

Json to(const Scene& scene, const std::vector<std::string>& words) {
    Json names = Json::array();
    for (const auto& word : words) names.push_back(scene.spaces.at(word));
    return names;
}

Json syncing(const Scene& scene, const std::vector<std::string>& words) {
    return {
        {"sourceNamespace", scene.world.sources()}, {"sourceConfigMap", "a"}, {"targetNamespaces", to(scene, words)}};
}

Json mirroring(const Scene& scene, const std::vector<std::string>& words) {
    return {{"sourceNamespace", scene.world.sources()},
            {"selector", {{"matchLabels", {{"app", "web"}}}}},
            {"targetNamespaces", to(scene, words)}};
}

void spaces_and_a_source(Scene& scene) {
    for (const char* word : {"red", "blue"}) scene.space(word);
    scene.give("a", {{"k", "1"}, {"l", "1"}});
}

Story syncer() {
    return driven_by(Driven::configmap_syncer, "a ConfigMapSyncer",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.plant("blue", "a", {{"k", "mine"}});
                     },
                     {{[](Scene& scene) { scene.own("one", syncing(scene, {"red", "blue"})); }},
                      {[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}}}}); }},
                      {[](Scene& scene) {
                          scene.space("green");
                          scene.ask("one", {{"targetNamespaces", to(scene, {"green"})}, {"keys", {"k*"}}});
                      }},
                      {[](Scene& scene) { scene.edit_copy("green", "a", {{"data", {{"k", "edited"}}}}); }},
                      {[](Scene& scene) { scene.disown("one"); }}});
}

Story syncer_without_its_source() {
    return driven_by(Driven::configmap_syncer,
                     "a ConfigMapSyncer whose source goes and that is deleted while the engine is down",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.own("one", syncing(scene, {"red"}));
                         scene.own("two", syncing(scene, {"blue"}));
                     },
                     {{[](Scene& scene) { scene.remove("a"); }},
                      {[](Scene& scene) {
                           scene.disown("one");
                           scene.give("a", {{"k", "2"}});
                       },
                       Act::Engine::is_down}});
}

Story contest() {
    return driven_by(Driven::configmap_syncer, "two ConfigMapSyncers that ask for the same copy",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.own("one", syncing(scene, {"red"}));
                     },
                     {{[](Scene& scene) {
                          auto other = syncing(scene, {"red"});
                          other["keys"] = {"l"};
                          scene.own("two", other);
                      }},
                      {[](Scene& scene) { scene.disown("one"); }},
                      {[](Scene& scene) { scene.disown("two"); }}});
}

Json merging(const Scene& scene, const std::vector<std::string>& words) {
    auto spec = syncing(scene, words);
    spec["conflictPolicy"] = "Merge";
    return spec;
}

/// The marks of a copy come along with a part, and are not to be taken for those of a copy.
Story merger() {
    return driven_by(Driven::configmap_syncer, "a ConfigMapSyncer that merges, and then takes what is marked",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.plant("red", "a", {{"mine", "yes"}}, {{"metadata", {{"labels", {{"app", "web"}}}}}});
                         scene.own("one", merging(scene, {"red", "blue"}));
                     },
                     {{[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}, {"l", nullptr}}}}); }},
                      {[](Scene& scene) { scene.ask("one", {{"conflictPolicy", nullptr}}); }},
                      {[](Scene& scene) { scene.ask("one", {{"conflictPolicy", "Merge"}}); }},
                      {[](Scene& scene) { scene.ask("one", {{"conflictPolicy", nullptr}}); }, Act::Engine::is_down},
                      {[](Scene& scene) { scene.disown("one"); }}});
}

Story mirror() {
    return driven_by(Driven::config_mirror, "a ConfigMirror",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.change("a", WEB);
                         scene.give("b", {{"k", "1"}});
                     },
                     {{[](Scene& scene) { scene.own("one", mirroring(scene, {"red", "blue"})); }},
                      {[](Scene& scene) { scene.change("b", WEB); }},
                      {[](Scene& scene) { scene.change("a", NO_WEB); }},
                      {[](Scene& scene) { scene.ask("one", {{"targetNamespaces", to(scene, {"blue"})}}); }},
                      {[](Scene& scene) { scene.disown("one"); }}});
}

Story mirror_while_down() {
    return driven_by(Driven::config_mirror, "a ConfigMirror that changes and goes while the engine is down",
                     [](Scene& scene) {
                         spaces_and_a_source(scene);
                         scene.change("a", WEB);
                         scene.own("one", mirroring(scene, {"red", "blue"}));
                     },
                     {{[](Scene& scene) {
                           scene.change("a", {{"data", {{"k", "2"}}}});
                           scene.ask("one", {{"targetNamespaces", to(scene, {"red"})}});
                       },
                       Act::Engine::is_down},
                      {[](Scene& scene) { scene.disown("one"); }, Act::Engine::is_down}});
}

Story pods() {
    return driven_by(
        Driven::pod_configmap, "a PodConfigMapConfig",
        [](Scene& scene) {
            scene.run("p", {{"app", "web"}, {"tier", "1"}});
            scene.own("one", {{"podSelector", {{"matchLabels", {{"app", "web"}}}}}, {"labelsToInclude", {"tier"}}});
        },
        {{[](Scene& scene) { scene.run("q", {{"app", "web"}}); }},
         {[](Scene& scene) { scene.change("p", {{"metadata", {{"labels", {{"tier", "2"}}}}}}); }},
         {[](Scene& scene) { scene.change("p", NO_WEB); }},
         {[](Scene& scene) { scene.ask("one", {{"podSelector", nullptr}}); }},
         {[](Scene& scene) { scene.remove("q"); }},
         {[](Scene& scene) { scene.disown("one"); }}});
}

Story pods_while_down() {
    return driven_by(Driven::pod_configmap, "pods and a PodConfigMapConfig that go while the engine is down",
                     [](Scene& scene) {
                         scene.run("p", {{"app", "web"}});
                         scene.run("q", {{"app", "web"}});
                         scene.own("one", Json::object());
                         scene.own("two", {{"podSelector", {{"matchLabels", {{"app", "web"}}}}}});
                     },
                     {{[](Scene& scene) {
                           scene.change("p", NO_WEB);
                           scene.remove("q");
                           scene.disown("one");
                       },
                       Act::Engine::is_down}});
}

}  // namespace

std::vector<Story> owned_stories() {
    return {syncer(), merger(), mirror(), pods()};
}

std::vector<Story> owned_writing_stories() {
    return {syncer(), syncer_without_its_source(), contest(), merger(),
            mirror(), mirror_while_down(),         pods(),    pods_while_down()};
}

}  // namespace moontide::proof

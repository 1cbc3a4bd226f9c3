#include "stories.hpp"

namespace moontide::proof {

namespace {

Json left_behind(const Scene& scene, const std::string& name) {
    return {{"metadata", {{"annotations", {{test::COPY_MARK, scene.world.sources() + "/" + name}}}}}};
}

void two_targets(Scene& scene) {
    scene.target("red");
    scene.target("blue");
    scene.source("a", {{"k", "1"}});
}

Story fan_out() {
    return {.name = "a fan-out",
            .before =
                [](Scene& scene) {
                    two_targets(scene);
                    scene.source("b", {{"k", "1"}});
                },
            .acts = {{[](Scene& scene) { scene.target("green"); }}}};
}

Story update() {
    return {.name = "an update",
            .before = two_targets,
            .acts = {{[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}}}}); }},
                     {[](Scene& scene) { scene.change("a", {{"data", {{"k", nullptr}, {"l", "3"}}}}); }}}};
}

Story repair() {
    return {.name = "a repair",
            .before = two_targets,
            .acts = {{[](Scene& scene) { scene.edit_copy("red", "a", {{"data", {{"k", "edited"}}}}); }},
                     {[](Scene& scene) { scene.remove_copy("blue", "a"); }}}};
}

Story others_marks() {
    const Json marks = {{"metadata", {{"labels", {{"team", "red"}}}, {"annotations", {{"example.com/note", "x"}}}}}};
    return {.name = "an update of what others have marked",
            .before = two_targets,
            .acts = {{[marks](Scene& scene) { scene.edit_copy("red", "a", marks); }},
                     {[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}}}}); }}}};
}

Story takeover() {
    return {.name = "a takeover",
            .before =
                [](Scene& scene) {
                    two_targets(scene);
                    scene.plant("red", "a", {{"k", "0"}, {"old", "x"}}, left_behind(scene, "a"));
                    scene.plant("blue", "a", {{"k", "mine"}});
                },
            .acts = {{[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}}}}); }}}};
}

Story deletion() {
    return {.name = "a deletion", .before = two_targets, .acts = {{[](Scene& scene) { scene.remove("a"); }}}};
}

Story opt_out() {
    return {.name = "opting out and in",
            .before = two_targets,
            .acts = {{[](Scene& scene) { scene.opt("red", false); }}, {[](Scene& scene) { scene.opt("red", true); }}}};
}

Story while_down() {
    return {.name = "what is done while the engine is down",
            .before =
                [](Scene& scene) {
                    two_targets(scene);
                    scene.source("b", {{"k", "1"}});
                },
            .acts = {{[](Scene& scene) {
                          scene.remove("a");
                          scene.opt("blue", false);
                          scene.change("b", {{"data", {{"k", "2"}}}});
                      },
                      Act::Engine::is_down}}};
}

Story immutable() {
    return {.name = "an immutable source made anew",
            .before =
                [](Scene& scene) {
                    scene.target("red");
                    scene.source("a", {{"k", "1"}}, {{"immutable", true}});
                },
            .acts = {{[](Scene& scene) {
                scene.remove("a");
                scene.source("a", {{"k", "2"}}, {{"immutable", true}});
            }}}};
}

constexpr auto* ADOPTING = R"(return {
  api      = "moontide/v1",
  from     = { kind = "ConfigMap", namespace = "@SOURCES@", annotations = { ["flux-extension.nrfcloud.com/sync-configmap"] = "true" } },
  into     = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  existing = "adopt",
})";

/// What was there before is taken over where it is equal, and let go again.
Story release() {
    Story story{.name = "a release",
                .before =
                    [](Scene& scene) {
                        two_targets(scene);
                        scene.plant("red", "a", {{"k", "1"}}, {{"metadata", {{"labels", {{"app", "web"}}}}}});
                    },
                .acts = {{[](Scene& scene) { scene.remove("a"); }}}};
    story.lua = ADOPTING;
    story.terms = [](const Scene& scene) {
        auto terms = annotation_sync_terms(scene.world.sources(), scene.world.id());
        terms.existing = Existing::adopt;
        return terms;
    };
    return story;
}

constexpr auto* FIELDS = R"(return {
  api    = "moontide/v1",
  from   = { kind = "ConfigMap", namespace = "@SOURCES@", annotations = { ["flux-extension.nrfcloud.com/sync-configmap"] = "true" } },
  into   = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  writes = "fields",
})";

/// By server-side apply: made, followed, repaired, removed.
Story fields() {
    Story story{.name = "copies of fields",
                .before = two_targets,
                .acts = {{[](Scene& scene) { scene.change("a", {{"data", {{"k", nullptr}, {"l", "3"}}}}); }},
                         {[](Scene& scene) { scene.edit_copy("red", "a", {{"data", {{"l", "edited"}}}}); }},
                         {[](Scene& scene) { scene.remove("a"); }}}};
    story.lua = FIELDS;
    story.terms = [](const Scene& scene) {
        auto terms = annotation_sync_terms(scene.world.sources(), scene.world.id());
        terms.existing = Existing::refuse;
        return terms;
    };
    return story;
}

constexpr auto* MERGING = R"(return {
  api      = "moontide/v1",
  from     = { kind = "ConfigMap", namespace = "@SOURCES@", annotations = { ["flux-extension.nrfcloud.com/sync-configmap"] = "true" } },
  into     = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  existing = "merge",
})";

/// Parts of somebody's object, which is left as it was; where there is none, a copy.
Story parts() {
    Story story{.name = "parts",
                .before =
                    [](Scene& scene) {
                        two_targets(scene);
                        scene.plant("red", "a", {{"mine", "yes"}}, {{"metadata", {{"labels", {{"app", "web"}}}}}});
                    },
                .acts = {{[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}, {"l", "3"}}}}); }},
                         {[](Scene& scene) { scene.change("a", {{"data", {{"k", nullptr}}}}); }},
                         {[](Scene& scene) { scene.opt("red", false); }},
                         {[](Scene& scene) { scene.opt("red", true); }},
                         {[](Scene& scene) { scene.remove("a"); }}}};
    story.lua = MERGING;
    story.terms = [](const Scene& scene) {
        auto terms = annotation_sync_terms(scene.world.sources(), scene.world.id());
        terms.existing = Existing::merge;
        return terms;
    };
    return story;
}

constexpr auto* SECRETS = R"(return {
  api   = "moontide/v1",
  from  = { kind = "Secret", namespace = "@SOURCES@" },
  into  = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  keys  = { drop = { "*.key" } },
})";

/// Their values must not be said, where they are refused neither.
Story secrets() {
    Story story{
        .name = "Secrets",
        .before =
            [](Scene& scene) {
                scene.target("red");
                scene.target("blue");
                scene.objects["s"] = scene.world.api.create(
                    {{"apiVersion", "v1"},
                     {"kind", "Secret"},
                     {"metadata", {{"namespace", scene.world.sources()}, {"name", "s"}}},
                     {"stringData", {{"password", "correct horse battery"}, {"own.key", "staple by staple"}}}});
                scene.world.api.create({{"apiVersion", "v1"},
                                        {"kind", "Secret"},
                                        {"metadata", {{"namespace", scene.spaces.at("blue")}, {"name", "s"}}},
                                        {"stringData", {{"password", "somebody else's"}}}});
            },
        .acts = {{[](Scene& scene) { scene.change("s", {{"stringData", {{"password", "a better one of these"}}}}); }},
                 {[](Scene& scene) { scene.remove("s"); }}}};
    story.lua = SECRETS;
    story.terms = [](const Scene& scene) {
        auto terms = annotation_sync_terms(scene.world.sources(), scene.world.id());
        terms.existing = Existing::refuse;
        const auto sources = scene.world.sources();
        terms.may_be_source = [sources](const Json& object) {
            return object.value("kind", "") == "Secret" && object.at("metadata").value("namespace", "") == sources;
        };
        terms.wish = [](const Json& source, const Json& space) -> std::optional<Wish> {
            const auto annotations = space.at("metadata").value("annotations", Json::object());
            if (annotations.value(test::TARGET_MARK, "") != "true") return std::nullopt;
            auto content = content_of(source);
            content["data"].erase("own.key");
            return Wish{"secrets", source.at("metadata").value("name", ""), std::move(content)};
        };
        return terms;
    };
    return story;
}

}  // namespace

Story ordinary_story() {
    return {.name = "the ordinary story",
            .before =
                [](Scene& scene) {
                    two_targets(scene);
                    scene.plant("blue", "b", {{"k", "mine"}});
                },
            .acts = {{[](Scene& scene) { scene.source("b", {{"k", "1"}}); }},
                     {[](Scene& scene) { scene.change("a", {{"data", {{"k", "2"}}}}); }},
                     {[](Scene& scene) { scene.target("green"); }},
                     {[](Scene& scene) { scene.edit_copy("red", "a", {{"data", {{"k", "edited"}}}}); }},
                     {[](Scene& scene) { scene.remove_copy("red", "b"); }},
                     {[](Scene& scene) { scene.opt("red", false); }},
                     {[](Scene& scene) { scene.remove("a"); }},
                     {[](Scene& scene) { scene.change("b", {{"data", {{"k", "2"}}}}); }},
                     {[](Scene& scene) { scene.opt("red", true); }},
                     {[](Scene& scene) { scene.source("c", {{"k", "1"}}); }}}};
}

std::vector<Story> writing_stories() {
    return {fan_out(),    update(),    repair(),  others_marks(), takeover(), deletion(), opt_out(),
            while_down(), immutable(), release(), fields(),       parts(),    secrets()};
}

}  // namespace moontide::proof

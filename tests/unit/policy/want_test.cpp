// What a unit wants: which namespaces, with which content, and why not.
#include "scripted.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

namespace moontide::policy {
namespace {

using Lines = std::vector<std::string>;

/// A policy of ConfigMaps with a source infra/web and the namespaces a, b (team blue), c, excluded and going.
struct Unit {
    Shape shape;
    ScriptedEvaluator evaluator;
    Subject subject;
    GivenView view;
    Bounds bounds{{"excluded"}};
    std::vector<Copy> copies;

    Unit() {
        shape.source_kinds = shape.copy_kinds = {{"v1", "ConfigMap"}};
        subject.sources = {config_map("infra", "web")};
        view.add_namespace(namespace_of("infra"));
        view.add_namespace(namespace_of("b", R"("labels":{"team":"blue"})"));
        view.add_namespace(namespace_of("a", R"("labels":{"team":"blue"})"));
        view.add_namespace(namespace_of("c"));
        view.add_namespace(namespace_of("excluded", R"("labels":{"team":"blue"})"));
        view.add_namespace(namespace_of("going", R"("deletionTimestamp":"2026-01-01T00:00:00Z")"));
    }

    /// "a/web" for a copy, "c/web: NoConsent" for a refusal, "with x/y for a", "waiting: ...", "error: ...".
    Lines lines(std::optional<std::string_view> only = std::nullopt) {
        Lines result;
        copies.clear();
        Wanted wanted;
        wanted.copy = [&](Copy copy) {
            result.push_back(copy.target.namespace_name + "/" + copy.target.name);
            copies.push_back(std::move(copy));
        };
        wanted.refused = [&](Refusal refusal) {
            result.push_back(refusal.namespace_name + "/" + refusal.name + ": " + refusal.reason);
        };
        wanted.depends = [&](const std::string& space, const kube::Ref& ref) {
            result.push_back("with " + ref.namespace_name + "/" + ref.name + " for " + space);
        };
        wanted.waiting = [&](const std::string& text) { result.push_back("waiting: " + text); };
        const auto done = only ? want_in(shape, evaluator, subject, *only, view, bounds, wanted)
                               : want(shape, evaluator, subject, view, bounds, wanted);
        if (!done) result.push_back("error: " + done.error().message);
        return result;
    }
};

Selection named(std::vector<Pattern> names) {
    Selection selection;
    selection.names = std::move(names);
    return selection;
}

Selection of_team(const std::string& team) {
    Selection selection;
    selection.labels = {{"team", KeyRule::Presence::any_of, {{team, false}}}};
    return selection;
}

const Selection everywhere = named({{"*", true}});

Target target(const std::string& namespace_name, const std::string& name = "", const std::string& kind = "") {
    return Target{"", namespace_name, {"", kind}, name};
}

}  // namespace

TEST_CASE("a selection by label brings its namespaces in their order, excluded ones silently not") {
    Unit unit;
    unit.evaluator.into_selections({of_team("blue")});
    CHECK(unit.lines() == Lines{"a/web", "b/web"});
    CHECK(unit.copies.front().target == Target{"", "a", {"v1", "ConfigMap"}, "web"});
    CHECK(unit.lines("a") == Lines{"a/web"});
    CHECK(unit.lines("c").empty());
    CHECK(unit.lines("excluded").empty());
    CHECK(unit.lines("absent").empty());
}

TEST_CASE("a namespace that two selections select counts once") {
    Unit unit;
    unit.evaluator.into_selections({of_team("blue"), named({{"a", false}, {"c", false}}), named({{"a", false}})});
    CHECK(unit.lines() == Lines{"a/web", "b/web", "c/web"});
    CHECK(unit.lines("a") == Lines{"a/web"});
}

TEST_CASE("selections that give different names make as many copies") {
    Unit unit;
    Selection first = named({{"a", false}});
    first.copy_name = "one";
    Selection second = of_team("blue");
    second.copy_name = "two";
    unit.evaluator.into_selections({second, first});
    CHECK(unit.lines() == Lines{"a/one", "a/two", "b/two"});
}

TEST_CASE("what was named and cannot be served is said") {
    Unit unit;
    unit.evaluator.into_selections({named({{"absent", false}, {"excluded", false}, {"going", false}, {"a", false}})});
    CHECK(unit.lines() == Lines{"a/web", "absent/web: NamespaceNotFound", "excluded/web: NamespaceExcluded",
                                "going/web: NamespaceTerminating"});
    CHECK(unit.lines("absent") == Lines{"absent/web: NamespaceNotFound"});
    CHECK(unit.lines("excluded") == Lines{"excluded/web: NamespaceExcluded"});
    CHECK(unit.view.scans == 0);
}

TEST_CASE("a list of exact names and globs reports the names alone") {
    Unit unit;
    unit.evaluator.into_selections({named({{"absent", false}, {"excluded", false}, {"?", true}})});
    CHECK(unit.lines() ==
          Lines{"a/web", "absent/web: NamespaceNotFound", "b/web", "c/web", "excluded/web: NamespaceExcluded"});
}

TEST_CASE("a terminating namespace is said, also where a pattern brings it") {
    Unit unit;
    unit.evaluator.into_selections({named({{"go*", true}})});
    CHECK(unit.lines() == Lines{"going/web: NamespaceTerminating"});
}

TEST_CASE("a source is no target of itself, and its namespace is one under another name") {
    Unit unit;
    unit.evaluator.into_selections({named({{"infra", false}})});
    CHECK(unit.lines().empty());
    CHECK(unit.lines("infra").empty());

    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.target.name += "-copy";
        return copy;
    };
    CHECK(unit.lines() == Lines{"infra/web-copy"});
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.target.kind = {"v1", "Secret"};
        return copy;
    };
    CHECK(unit.lines() == Lines{"infra/web"});
    // Only `join` may name the source: it adds to it.
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.existing = Existing::join;
        return copy;
    };
    CHECK(unit.lines() == Lines{"infra/web"});
}

TEST_CASE("a source whose text does not say its kind is not written over") {
    Unit unit;
    unit.subject.sources = {object(R"({"metadata":{"namespace":"infra","name":"web"}})")};
    unit.evaluator.into_selections({named({{"infra", false}})});
    CHECK(unit.lines().empty());
}

TEST_CASE("the own namespace of a source or owner is not excluded from its own copies") {
    Unit unit;
    unit.evaluator.into_selections({named({{"excluded", false}})});
    unit.subject.sources = {config_map("excluded", "web")};
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.target.name = "other";
        return copy;
    };
    CHECK(unit.lines() == Lines{"excluded/other"});
    unit.subject.sources = {config_map("infra", "web")};
    unit.subject.owner = config_map("excluded", "asks");
    CHECK(unit.lines() == Lines{"excluded/other"});
    unit.subject.owner = config_map("infra", "asks");
    CHECK(unit.lines() == Lines{"excluded/other: NamespaceExcluded"});
}

TEST_CASE("a function is asked only about namespaces that the rest selects") {
    Unit unit;
    Selection selection = of_team("blue");
    selection.where = 0;
    unit.evaluator.into_selections({selection});
    unit.evaluator.on_where = [](const Inputs& inputs) -> Result<bool> {
        if (inputs.namespace_object->name() == "b") return fail("policy.lua:3: into.where: boom");
        return true;
    };
    CHECK(unit.lines() == Lines{"a/web", "b/web: EvaluationFailed"});
    CHECK(unit.evaluator.wheres_asked == Lines{"a", "b"});
    // Another selection that brings it settles the question.
    unit.evaluator.into_selections({selection, named({{"b", false}})});
    CHECK(unit.lines() == Lines{"a/web", "b/web"});
}

TEST_CASE("targets of a list are taken as they are named") {
    Unit unit;
    unit.shape.copy_kinds = {{"v1", "ConfigMap"}, {"v1", "Secret"}, {"apps/v1", "Deployment"}};
    unit.evaluator.into_targets({target("c", "two", "Deployment"), target("a", "one", "Secret"), target("a"),
                                 target("a", "one", "Secret"), target("absent", "x", "Secret"), target("a", "x", "Pod"),
                                 target("", "y", "Secret")});
    CHECK(unit.lines() == Lines{"/y: EvaluationFailed", "a/web", "a/x: EvaluationFailed", "a/one",
                                "absent/x: NamespaceNotFound", "c/two"});
    CHECK(unit.copies.back().target.kind == kube::Kind{"apps/v1", "Deployment"});
    CHECK(unit.copies.front().target.kind == kube::Kind{"v1", "ConfigMap"});
    CHECK(unit.lines("c") == Lines{"c/two"});
}

TEST_CASE("content that reads no place is made once, and any other for each target") {
    Unit unit;
    unit.evaluator.into_selections({everywhere});
    CHECK(unit.lines() == Lines{"a/web", "b/web", "c/web", "going/web: NamespaceTerminating"});
    CHECK(unit.evaluator.copies_asked.size() == 1);
    CHECK(unit.copies[0].content == unit.copies[2].content);

    unit.evaluator.copies_asked.clear();
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.reads.namespace_object = true;
        return copy;
    };
    CHECK(unit.lines().size() == 4);
    // a, b, c, the source's own, and the terminating one for its name.
    CHECK(unit.evaluator.copies_asked.size() == 5);
}

TEST_CASE("names that into gives are not shared") {
    Unit unit;
    unit.evaluator.into_targets({target("a", "one"), target("b", "two"), target("c", "one")});
    CHECK(unit.lines() == Lines{"a/one", "b/two", "c/one"});
    CHECK(unit.evaluator.copies_asked.size() == 2);
}

TEST_CASE("one namespace's failure leaves the others") {
    Unit unit;
    unit.evaluator.into_selections({of_team("blue"), named({{"c", false}})});
    unit.evaluator.on_copy = [](const Inputs& inputs, Copy copy) -> Result<Copy> {
        copy.reads.namespace_object = true;
        if (inputs.namespace_object->name() == "b") return fail("policy.lua:7: data: no region");
        if (inputs.namespace_object->name() == "c") copy.content = nullptr;
        return copy;
    };
    CHECK(unit.lines() == Lines{"a/web", "b/web: EvaluationFailed"});
}

TEST_CASE("what a selection awaits is told, and an error of into is one of the unit") {
    Unit unit;
    unit.evaluator.on_into = [](const Inputs&) -> Result<Into> {
        return Into{std::vector<Selection>{}, {"source.labels.team is missing"}, {}};
    };
    CHECK(unit.lines() == Lines{"waiting: source.labels.team is missing"});
    unit.evaluator.on_into = [](const Inputs&) -> Result<Into> { return fail("policy.lua:4: into: boom"); };
    CHECK(unit.lines() == Lines{"error: policy.lua:4: into: boom"});
}

TEST_CASE("a unit without its source wants nothing") {
    Unit unit;
    unit.evaluator.into_selections({everywhere});
    unit.subject.sources.clear();
    CHECK(unit.lines().empty());
}

TEST_CASE("consent is given by both sides") {
    Unit unit;
    unit.shape.consent = true;
    const auto allows_to = [](const std::string& list) {
        return config_map("infra", "web", R"("annotations":{"moontide.dev/allow-to":")" + list + R"("})");
    };
    unit.view.add_namespace(namespace_of("asks", R"("annotations":{"moontide.dev/allow-from":"x, infra"})"));
    unit.view.add_namespace(namespace_of("asks-all", R"("annotations":{"moontide.dev/allow-from":"*"})"));
    unit.view.add_namespace(namespace_of("asks-other", R"("annotations":{"moontide.dev/allow-from":"infra2"})"));
    unit.evaluator.into_selections({everywhere});

    unit.subject.sources = {allows_to("asks*,a")};
    // Where nobody named anybody (b, c), nobody waits for an answer.
    CHECK(unit.lines() == Lines{"a/web: NoConsent", "asks/web", "asks-all/web", "going/web: NamespaceTerminating"});
    unit.subject.sources = {allows_to("other")};
    CHECK(unit.lines("asks") == Lines{"asks/web: NoConsent"});
    CHECK(unit.lines("asks-all").empty());
    unit.subject.sources = {config_map("infra", "web")};
    CHECK(unit.lines("asks") == Lines{"asks/web: NoConsent"});
    unit.evaluator.into_selections({named({{"b", false}})});
    CHECK(unit.lines() == Lines{"b/web: NoConsent"});
}

TEST_CASE("a Secret of another namespace than its asker's allows the asker or the target") {
    Unit unit;
    unit.shape.source_kinds = unit.shape.copy_kinds = {{"v1", "Secret"}};
    unit.subject.owner = config_map("team", "asker");
    unit.evaluator.into_selections({named({{"a", false}, {"b", false}, {"infra", false}})});
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.target.name = "copy";
        return copy;
    };
    const auto with = [&](const std::string& list) {
        unit.subject.sources = {
            config_map("infra", "web", R"("annotations":{"moontide.dev/allow-to":")" + list + R"("})")};
        return unit.lines();
    };
    CHECK(with("") == Lines{"a/copy: NoConsent", "b/copy: NoConsent", "infra/copy"});
    CHECK(with("x,a") == Lines{"a/copy", "b/copy: NoConsent", "infra/copy"});
    CHECK(with("te*") == Lines{"a/copy", "b/copy", "infra/copy"});
    SECTION("one of its own namespace needs none") {
        unit.subject.owner = config_map("infra", "asker");
    }
    SECTION("nor a ConfigMap") {
        unit.shape.source_kinds = {{"v1", "ConfigMap"}};
    }
    SECTION("nor where nobody asks") {
        unit.subject.owner = nullptr;
    }
    CHECK(with("") == Lines{"a/copy", "b/copy", "infra/copy"});
}

TEST_CASE("there is no border within a namespace, so nobody is asked") {
    Unit unit;
    unit.shape.consent = true;
    unit.evaluator.into_selections({named({{"infra", false}})});
    unit.evaluator.on_copy = [](const Inputs&, Copy copy) -> Result<Copy> {
        copy.target.name = "web-copy";
        return copy;
    };
    CHECK(unit.lines() == Lines{"infra/web-copy"});
}

TEST_CASE("objects of with are looked up, and what was asked for is told, there or not") {
    Unit unit;
    unit.shape.has_with = true;
    unit.evaluator.into_selections({of_team("blue")});
    const kube::Ref there{{"v1", "ConfigMap"}, "infra", "defaults"};
    const kube::Ref absent{{"v1", "ConfigMap"}, "infra", "absent"};
    unit.view.objects[there] = config_map("infra", "defaults");
    unit.evaluator.on_with = [&](const Inputs& inputs) -> Result<std::vector<Companions>> {
        CHECK(inputs.target);
        return std::vector<Companions>{{"defaults", false, {there}}, {"more", true, {absent}}};
    };
    unit.evaluator.on_copy = [](const Inputs& inputs, Copy copy) -> Result<Copy> {
        CHECK(inputs.with.at("defaults").size() == 1);
        CHECK(inputs.with.at("more").empty());
        copy.reads.with = true;
        return copy;
    };
    CHECK(unit.lines() == Lines{"with infra/defaults for a", "with infra/absent for a", "a/web",
                                "with infra/defaults for b", "with infra/absent for b", "b/web"});
}

TEST_CASE("sources of one group make one copy a target, each where it goes") {
    Unit unit;
    unit.shape.has_group = true;
    unit.subject.sources = {config_map("infra", "one"), config_map("infra", "two")};
    unit.evaluator.on_into = [](const Inputs& inputs) -> Result<Into> {
        REQUIRE(inputs.sources.size() == 1);
        if (inputs.sources.front()->name() == "one") return Into{std::vector{of_team("blue")}, {}, {}};
        return Into{std::vector{named({{"a", false}, {"c", false}})}, {}, {}};
    };
    unit.evaluator.on_copy = [](const Inputs& inputs, Copy copy) -> Result<Copy> {
        copy.target.name = "group" + std::to_string(inputs.sources.size()) + std::string(inputs.sources[0]->name());
        return copy;
    };
    CHECK(unit.lines() == Lines{"a/group2one", "b/group1one", "c/group1two"});
}

TEST_CASE("where one source of a group cannot tell, the copy keeps what it has") {
    for (const std::string asked : {"one", "two"}) {
        Unit unit;
        unit.shape.has_group = true;
        unit.subject.sources = {config_map("infra", "one"), config_map("infra", "two")};
        unit.evaluator.on_into = [&](const Inputs& inputs) -> Result<Into> {
            Selection selection = of_team("blue");
            if (inputs.sources.front()->name() == asked) selection.where = 0;
            return Into{std::vector{selection}, {}, {}};
        };
        unit.evaluator.on_where = [](const Inputs& inputs) -> Result<bool> {
            if (inputs.namespace_object->name() == "a") return fail("boom");
            return false;
        };
        INFO(asked);
        CHECK(unit.lines() == Lines{"a/one: EvaluationFailed", asked == "one" ? "b/two" : "b/one"});
    }
}

}  // namespace moontide::policy

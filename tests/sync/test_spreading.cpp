// A source's copies: where they appear and what they hold.
#include "engine.hpp"

#include <catch2/catch.hpp>

namespace moontide::test {

TEST_CASE("a marked ConfigMap is copied to every namespace that asks") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source =
        world.make_source("shared", {{"database.host", "db.example.com"}, {"log.level", "info"}, {"empty", ""}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    engine.settle();
    CHECK(engine.sync().ailments().empty());
    CHECK(engine.count(Deed::What::created, red) == 1);
    CHECK(engine.count(Deed::What::created, blue) == 1);
    CHECK(engine.count(Deed::What::created, world.sources()) == 0);

    SECTION("and one that is marked later is too") {
        const auto later = world.make_source("later", {{"a", "1"}});
        world.expect_copies({red, blue}, later);
    }
    SECTION("and one whose mark is set later is too") {
        auto plain = world.make_config_map(world.sources(), "plain", {{"a", "1"}});
        pass_sentinel(world, engine);
        world.check_absent(config_map(red, "plain"));
        plain = world.change(plain, {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
        world.expect_copies({red, blue}, plain);
    }
}

TEST_CASE("each of two sources is copied by itself") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto base = world.make_source("base-config", {{"app.name", "myapp"}});
    auto database = world.make_source("db-config", {{"database.ssl", "true"}});
    Engine engine(world);
    world.expect_copies({red, blue}, base);
    world.expect_copies({red, blue}, database);

    const auto mark = world.mirror.mark();
    database = world.change_data(database, {{"database.ssl", "false"}});
    world.expect_copies({red, blue}, database);
    world.remove(database);
    world.expect_copy_gone(red, database);
    world.expect_copy_gone(blue, database);
    engine.settle();
    CHECK(world.changes_since(mark, config_map(red, "base-config")).empty());
}

TEST_CASE("only the text true marks a source") {
    World world;
    const auto red = world.make_target("red");
    Engine engine(world);
    const std::vector<std::string> others = {"True", "TRUE", "1", "yes", "", " true", "true ", "false"};
    for (std::size_t index = 0; index < others.size(); ++index) {
        world.make_source("s" + std::to_string(index), {{"a", "1"}},
                          {{"metadata", {{"annotations", {{SOURCE_MARK, others[index]}}}}}});
    }
    // A label of that name is no annotation.
    world.make_config_map(world.sources(), "labelled", {{"a", "1"}},
                          {{"metadata", {{"labels", {{SOURCE_MARK, "true"}}}}}});
    pass_sentinel(world, engine);
    for (std::size_t index = 0; index < others.size(); ++index) {
        INFO("the mark's value is '" << others[index] << "'");
        world.check_absent(config_map(red, "s" + std::to_string(index)));
    }
    world.check_absent(config_map(red, "labelled"));
}

TEST_CASE("only the text true marks a target") {
    World world;
    Engine engine(world);
    const auto source = world.make_source("shared", {{"a", "1"}});
    const std::vector<std::string> others = {"True", "TRUE", "1", "yes", "", " true", "true ", "false"};
    std::vector<std::string> names;
    names.reserve(others.size() + 1);
    for (std::size_t index = 0; index < others.size(); ++index) {
        names.push_back(world.make_namespace("n" + std::to_string(index), {{TARGET_MARK, others[index]}}));
    }
    names.push_back(world.make_namespace("labelled", {}, {{TARGET_MARK, "true"}}));
    pass_sentinel(world, engine);
    for (const auto& name : names) world.check_absent(config_map(name, "shared"));

    SECTION("and a namespace whose mark turns true is served") {
        world.annotate_namespace(names[0], {{TARGET_MARK, "true"}});
        world.expect_copy(names[0], source);
    }
}

TEST_CASE("a source that is unmarked loses its copies and stays") {
    World world;
    const auto red = world.make_target("red");
    auto source = world.make_source("shared", {{"a", "1"}});
    Engine engine(world);
    world.expect_copy(red, source);

    SECTION("the mark is removed") {
        source = world.change(source, {{"metadata", {{"annotations", {{SOURCE_MARK, nullptr}}}}}});
    }
    SECTION("the mark is set to something else") {
        source = world.change(source, {{"metadata", {{"annotations", {{SOURCE_MARK, "no"}}}}}});
    }
    SECTION("the mark is set to True") {
        source = world.change(source, {{"metadata", {{"annotations", {{SOURCE_MARK, "True"}}}}}});
    }
    world.expect_copy_gone(red, source);
    pass_sentinel(world, engine);
    world.check_untouched(source);
    world.check_absent(config_map(red, "shared"));

    source = world.change(source, {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
    world.expect_copy(red, source);
}

TEST_CASE("the copies of a deleted source are removed") {
    World world;
    const auto red = world.make_target("red");
    const auto blue = world.make_target("blue");
    const auto source = world.make_source("shared", {{"a", "1"}});
    const auto other = world.make_source("other", {{"b", "2"}});
    const auto neighbour = world.make_config_map(red, "neighbour", {{"mine", "yes"}});
    Engine engine(world);
    world.expect_copies({red, blue}, source);
    world.expect_copies({red, blue}, other);
    world.remove(source);
    world.expect_copy_gone(red, source);
    world.expect_copy_gone(blue, source);
    pass_sentinel(world, engine);
    world.expect_copies({red, blue}, other);
    world.check_untouched(neighbour);
}

TEST_CASE("ConfigMaps of other namespaces are no sources") {
    World world;
    const auto red = world.make_target("red");
    const auto elsewhere = world.make_namespace("elsewhere");
    Engine engine(world);
    world.make_config_map(elsewhere, "shared", {{"a", "1"}},
                          {{"metadata", {{"annotations", {{SOURCE_MARK, "true"}}}}}});
    pass_sentinel(world, engine);
    world.check_absent(config_map(red, "shared"));
}

TEST_CASE("data and binaryData are copied byte by byte, whatever their size") {
    World world;
    const auto red = world.make_target("red");
    Engine engine(world);

    SECTION("binaryData") {
        auto source = world.make_source("binary", {{"text", "ünïcödé \u2028 \"quoted\"\n\ttabbed"}},
                                        {{"binaryData", {{"blob", "AP/+gIE="}, {"nothing", ""}}}});
        world.expect_copy(red, source);
        source = world.change(source, {{"binaryData", {{"blob", "AAECAw=="}, {"nothing", nullptr}}}});
        world.expect_copy(red, source);
        source = world.change(source, {{"binaryData", nullptr}});
        world.expect_copy(red, source);
    }
    SECTION("no data at all") {
        auto source = world.make_source("empty", Json::object());
        world.expect_copy(red, source);
        source = world.change_data(source, {{"a", "1"}});
        world.expect_copy(red, source);
        source = world.change(source, {{"data", nullptr}});
        world.expect_copy(red, source);
    }
    SECTION("keys come and go") {
        auto source = world.make_source("keys", {{"a", "1"}, {"b", "2"}, {"c", "3"}});
        world.expect_copy(red, source);
        source = world.change_data(source, {{"a", nullptr}, {"b", "two"}, {"d", "4"}});
        world.expect_copy(red, source);
    }
    SECTION("900 KiB") {
        const std::string large(std::size_t{900} * 1024, 'x');
        auto source = world.make_source("large", {{"blob", large}});
        world.expect_copy(red, source);
        source = world.change_data(source, {{"blob", large + "y"}});
        world.expect_copy(red, source);
    }
}

TEST_CASE("nothing of the source's metadata goes along") {
    World world;
    const auto red = world.make_target("red");
    const auto parent = world.make_config_map(world.sources(), "parent", {{"a", "1"}});
    const auto source = world.make_source(
        "shared", {{"a", "1"}},
        {{"metadata",
          {{"labels",
            {{"app", "web"}, {"argocd.argoproj.io/instance", "web"}, {"app.kubernetes.io/managed-by", "Helm"}}},
           {"annotations",
            {{"kubectl.kubernetes.io/last-applied-configuration", "{}"},
             {"meta.helm.sh/release-name", "web"},
             {"kustomize.toolkit.fluxcd.io/checksum", "0"},
             {"example.com/note", "mine"}}},
           {"finalizers", {"example.com/hold"}},
           {"ownerReferences",
            {{{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"name", "parent"}, {"uid", uid_of(parent)}}}}}}});
    Engine engine(world);
    world.expect_copy(red, source);
    engine.settle();

    const auto mark = world.mirror.mark();
    world.change(source, {{"metadata", {{"labels", {{"app", "other"}}}, {"finalizers", nullptr}}}});
    pass_sentinel(world, engine);
    CHECK(world.changes_since(mark, config_map(red, "shared")).empty());
}

TEST_CASE("a source that a finalizer held is followed to its end") {
    World world;
    const auto red = world.make_target("red");
    const auto source =
        world.make_source("shared", {{"a", "1"}}, {{"metadata", {{"finalizers", {"example.com/hold"}}}}});
    Engine engine(world);
    world.expect_copy(red, source);
    world.remove(source);
    world.change(source, {{"metadata", {{"finalizers", nullptr}}}});
    world.expect_copy_gone(red, source);
}

}  // namespace moontide::test

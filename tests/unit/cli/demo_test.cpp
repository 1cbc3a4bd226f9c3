#include "cli/demo_world.hpp"
#include "cli/embedded_files.hpp"
#include "cli/story.hpp"
#include "cli/told_story.hpp"

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using nlohmann::json;

namespace {

json config_map(const std::string& place, const std::string& name, const json& data, const std::string& origin = {}) {
    json object{{"metadata", {{"namespace", place}, {"name", name}}}, {"data", data}};
    if (!origin.empty()) object["metadata"]["annotations"] = {{"flux-extension.nrfcloud.com/sync-source", origin}};
    return object;
}

}  // namespace

TEST_CASE("the demo sees what is missing, wrong, foreign or too much") {
    cli::DemoWorld world;
    world.sources = {{"shared", {{"a", "1"}}}};
    world.targets = {"blue", "red"};
    const auto source = config_map("flux-system", "shared", {{"a", "1"}});
    const auto good = [](const std::string& place) {
        return config_map(place, "shared", {{"a", "1"}}, "flux-system/shared");
    };
    struct Case {
        std::vector<json> items;
        std::vector<std::string> differences;
    };
    const std::vector<Case> cases{
        {{source, good("blue"), good("red")}, {}},
        {{source, good("blue"), good("red"), config_map("blue", "own", {})}, {}},
        {{source, good("blue")}, {"red/shared is not there"}},
        {{source, good("blue"), good("red"), good("green")}, {"green/shared is still there"}},
        {{source, good("blue"), config_map("red", "shared", {{"a", "2"}}, "flux-system/shared")},
         {"red/shared has other content"}},
        {{source, good("blue"), config_map("red", "shared", {{"a", "1"}})}, {"red/shared is marked ''"}},
    };
    for (const auto& one : cases) {
        const json list{{"items", one.items}};
        INFO(list.dump());
        CHECK(world.differences(list) == one.differences);
    }
}

TEST_CASE("the examples' manifests are in the binary, and their stories can be read") {
    std::map<std::string, int> manifests;
    for (const auto& manifest : cli::demo_manifests()) {
        INFO(manifest.file);
        REQUIRE(manifest.file.starts_with("examples/"));
        const auto folder = manifest.file.substr(9, manifest.file.find('/', 9) - 9);
        ++manifests[std::string(folder)];
        if (!manifest.file.ends_with("/story.yaml")) {
            CHECK(manifest.text.find("apiVersion: ") != std::string_view::npos);
            continue;
        }
        const auto story = cli::ToldStory::read(manifest.text, manifest.file);
        if (!story) FAIL(story.error().message);
        CHECK_FALSE(story->title().empty());
    }
    CHECK(manifests ==
          std::map<std::string, int>{
              {"annotation-sync", 2}, {"config-mirror", 4}, {"configmap-syncer", 4}, {"pod-configmap", 4}});
}

TEST_CASE("what is wrong with a story is told with its step") {
    struct Case {
        const char* text;
        const char* message;
    };
    const auto test = GENERATE(values<Case>({
        {"title: a", "s.yaml: a story has title and steps"},
        {"title: a\nsteps: [{say: b}]", "s.yaml: step 1: 'b' expects nothing"},
        {"title: a\nsteps: [{expect: [{of: {kind: Pod, name: a}}]}]", "s.yaml: step 1: a step needs 'say'"},
        {"title: a\nsteps: [{say: b, expect: [{of: {kind: Widget, name: a}}]}]", "needs a kind, its apiVersion"},
        {"title: a\nsteps: [{say: b, expect: [{of: {kind: Pod, name: a}, at: x}]}]", "s.yaml: step 1: "},
    }));
    const auto story = cli::ToldStory::read(test.text, "s.yaml");
    REQUIRE_FALSE(story);
    INFO(story.error().message);
    CHECK(story.error().message.find(test.message) != std::string::npos);
}

TEST_CASE("the story is plain where it is read by programs, and its times stand in one column") {
    std::ostringstream out;
    cli::Story story(out, cli::Story::Look::plain);
    story.came_true("short", std::chrono::microseconds(1'500));
    story.came_true("with an \u00e4", std::chrono::milliseconds(120));
    story.tree("flux-system/shared", {"blue", "red"});
    story.did_not("a deed", "this", "that");
    CHECK(out.str() ==
          "  \u2713 short                                                           1.5 ms\n"
          "  \u2713 with an \u00e4                                                     120.0 ms\n"
          "      flux-system/shared\n"
          "      \u251c\u2500 blue\n"
          "      \u2514\u2500 red\n"
          "  \u2717 a deed\n"
          "    expected  this\n"
          "    seen      that\n");
    std::ostringstream coloured;
    cli::Story(coloured, cli::Story::Look::coloured).detail("x");
    CHECK(coloured.str() == "      \033[2mx\033[0m\n");
}

// The definition of a kind is removed, with all objects of it, and installed again, while policies read and write it.
#include "scene.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

namespace {

constexpr auto* GROUP = "moontide.test";
constexpr std::size_t TARGETS = 10;
constexpr std::size_t SOURCES = 12;  // more of them than may vanish at once

const kube::Kind DEFINITION{"apiextensions.k8s.io/v1", "CustomResourceDefinition"};
const kube::Kind TIDE{"moontide.test/v1", "Tide"};

constexpr auto* FROM_TIDES = R"(return {
  api  = "moontide/v1",
  from = { apiVersion = "moontide.test/v1", kind = "Tide", namespace = "@SOURCES@" },
  into = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  kind = "ConfigMap",
  data = { height = "{source.spec.height}" },
})";

constexpr auto* INTO_TIDES = R"(return {
  api    = "moontide/v1",
  from   = { kind = "ConfigMap", namespace = "@SOURCES@", labels = { tide = "true" } },
  into   = { annotations = { ["flux-extension.nrfcloud.com/sync-target"] = "true" } },
  kind   = { apiVersion = "moontide.test/v1", kind = "Tide" },
  object = { spec = { height = "{source.data.height}" } },
})";

/// The kind Tide, and what a user does with it.
class Tides {
public:
    explicit Tides(Scene& scene) : scene_(scene) { install(); }
    ~Tides() {
        try {
            scene_.world.api.remove_if_there(definition());
        } catch (const std::exception& error) {
            WARN("cleaning up: " << error.what());
        }
    }
    Tides(const Tides&) = delete;
    Tides& operator=(const Tides&) = delete;

    void install() {
        // Another test's takes a moment to go.
        scene_.await(
            "no definition is there", [this] { return scene_.world.api.find(definition()) ? "one is" : std::string(); },
            Milliseconds(30'000));
        const Json schema = {
            {"type", "object"},
            {"properties", {{"spec", {{"type", "object"}, {"properties", {{"height", {{"type", "string"}}}}}}}}}};
        const Json version = {
            {"name", "v1"}, {"served", true}, {"storage", true}, {"schema", {{"openAPIV3Schema", schema}}}};
        scene_.world.api.create({{"apiVersion", DEFINITION.api_version},
                                 {"kind", DEFINITION.kind},
                                 {"metadata", {{"name", definition().name}}},
                                 {"spec",
                                  {{"group", GROUP},
                                   {"scope", "Namespaced"},
                                   {"names", {{"plural", "tides"}, {"kind", "Tide"}}},
                                   {"versions", Json::array({version})}}}});
        scene_.await("Tides are served", [this] { return list() ? "" : "they are not"; }, Milliseconds(20'000));
    }

    /// With all Tides.
    void remove() {
        scene_.world.api.remove(definition());
        scene_.await(
            "the definition goes", [&] { return scene_.world.api.find(definition()) ? "it is there" : std::string(); },
            Milliseconds(30'000));
        scene_.await("Tides are no longer served", [this] { return list() ? "they are" : ""; }, Milliseconds(20'000));
    }

    static kube::Ref definition() { return {DEFINITION, {}, std::string("tides.") + GROUP}; }

    void make(const std::string& name, const std::string& height) {
        scene_.await(
            "a Tide is taken",
            [&] {
                try {
                    scene_.world.api.create({{"apiVersion", TIDE.api_version},
                                             {"kind", TIDE.kind},
                                             {"metadata", {{"name", name}, {"namespace", scene_.world.sources()}}},
                                             {"spec", {{"height", height}}}});
                } catch (const std::exception& error) {
                    return std::string(error.what());
                }
                return std::string();
            },
            Milliseconds(10'000));
    }

    /// All Tides by namespace and name, with their heights; nothing where the kind is not served.
    std::optional<std::vector<std::string>> list() {
        try {
            const auto page =
                Json::parse(scene_.world.api.page("/apis/moontide.test/v1/tides")).at("items").get<std::vector<Json>>();
            std::vector<std::string> all;
            for (const auto& tide : page) {
                all.push_back(tide.at("metadata").at("namespace").get<std::string>() + "/" +
                              tide.at("metadata").at("name").get<std::string>() + "=" +
                              tide.value("/spec/height"_json_pointer, std::string()));
            }
            return all;
        } catch (const std::exception&) {
            return std::nullopt;
        }
    }

private:
    Scene& scene_;
};

std::string tide_name(std::size_t number) {
    return fmt::format("tide-{}", number);
}

/// A copy of a Tide that is not there, or not of that height; nothing where all are.
std::string await_copies(Scene& scene, const std::string& height, Milliseconds deadline) {
    return scene.world.mirror.await(
        [&](const test::Objects& objects) -> std::string {
            for (const auto& space : scene.spaces) {
                for (std::size_t number = 0; number < SOURCES; ++number) {
                    const auto ref = test::config_map(space, tide_name(number));
                    const auto told = test::complaint_about_data(objects.find(ref), {{"height", height}});
                    if (!told.empty()) return ref.text() + ": " + told;
                }
            }
            return {};
        },
        deadline);
}

}  // namespace

TEST_CASE("copies of a custom kind's objects stay while its definition is away, and follow what comes back",
          "[definitions]") {
    Scene scene(TARGETS);
    Tides tides(scene);
    for (std::size_t number = 0; number < SOURCES; ++number) tides.make(tide_name(number), "low");
    scene.start_engine({}, {{"tides", FROM_TIDES}});
    REQUIRE(await_copies(scene, "low", Milliseconds(20'000)) == "");

    const auto requests = scene.audit.heard(is_engine).size();
    tides.remove();
    scene.await_log("a kind is being removed with all its objects", Milliseconds(20'000));
    scene.await(
        "readiness fails and says why",
        [&]() -> std::string {
            const auto page = scene.engine->ready();
            return page.status == 503 && page.text.find("tides") != std::string::npos ? "" : page.text;
        },
        Milliseconds(30'000));
    CHECK(await_copies(scene, "low", Milliseconds(0)) == "");
    CHECK(scene.deletions_of_copies() == 0);
    CHECK(scene.engine->times_logged("a kind is being removed") == 1);
    // Two for each source, and few for the watch.
    CHECK(scene.audit.heard(is_engine).size() - requests < SOURCES * 2 + 40);

    tides.install();
    for (std::size_t number = 0; number < SOURCES; ++number) tides.make(tide_name(number), "high");
    REQUIRE(await_copies(scene, "high", Milliseconds(60'000)) == "");
    scene.await_ready(Milliseconds(40'000));
    CHECK(scene.deletions_of_copies() == 0);
    // One that somebody deletes while its kind stays is gone, and its copies go.
    scene.world.api.remove({TIDE, scene.world.sources(), tide_name(0)});
    for (const auto& space : scene.spaces) scene.world.expect_gone(test::config_map(space, tide_name(0)));
    scene.await(
        "the audit tells of each deletion",
        [&] {
            const auto told = scene.deletions_of_copies();
            return told < TARGETS ? std::to_string(told) : std::string();
        },
        Milliseconds(10'000));
    CHECK(scene.deletions_of_copies() == TARGETS);
    scene.engine->end();
    for (const auto& object : scene.foreign) scene.world.check_untouched(object);
}

TEST_CASE("copies of a custom kind come back by themselves after its definition was away", "[definitions]") {
    Scene scene(TARGETS);
    Tides tides(scene);
    scene.world.make_config_map(scene.world.sources(), "moon", {{"height", "3"}},
                                {{"metadata", {{"labels", {{"tide", "true"}}}}}});
    scene.start_engine({}, {{"tides", INTO_TIDES}});
    const auto all_are_there = [&] {
        scene.await(
            "every namespace has its Tide",
            [&]() -> std::string {
                const auto there = tides.list();
                if (!there) return "they are not served";
                for (const auto& space : scene.spaces) {
                    if (std::ranges::find(*there, space + "/moon=3") == there->end()) return "not in " + space;
                }
                return there->size() == TARGETS ? "" : "there are others";
            },
            Milliseconds(60'000));
    };
    all_are_there();
    tides.remove();
    const auto requests = scene.audit.heard(is_engine).size();
    scene.await(
        "every target is refused",
        [&] { return scene.engine->times_logged("refused target") >= TARGETS ? std::string() : "some are not"; },
        Milliseconds(20'000));
    CHECK(scene.audit.heard(is_engine).size() - requests < TARGETS * 8 + 40);
    tides.install();
    all_are_there();
    scene.await_ready(Milliseconds(40'000));
    scene.engine->end();
    for (const auto& object : scene.foreign) scene.world.check_untouched(object);
}

}  // namespace moontide::trouble

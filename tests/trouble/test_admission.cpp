// A quota and an admission policy that refuse one target in fifty.
#include "scene.hpp"

#include <algorithm>
#include <exception>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::trouble {

namespace {

constexpr std::size_t TARGETS = 50;
constexpr auto* ADMISSION = "admissionregistration.k8s.io/v1";

/// The namespaces where nothing is in the way: not the first, and not the one that is refused.
std::vector<std::string> others(const Scene& scene, const std::string& refused) {
    std::vector<std::string> spaces(scene.spaces.begin() + 1, scene.spaces.end());
    std::erase(spaces, refused);
    return spaces;
}

/// A warning about that place among the Events of a source.
std::string missing_event(Scene& scene, const std::string& source, const std::string& place, const std::string& why) {
    for (const auto& event : scene.world.api.list("Event", scene.world.sources())) {
        const auto message = event.value("message", "");
        if (event.value("/involvedObject/name"_json_pointer, std::string()) == source &&
            event.value("reason", "") == "TargetFailed" && message.find(place) != std::string::npos &&
            message.find(why) != std::string::npos) {
            return {};
        }
    }
    return "there is none";
}

void check_one_refused(Scene& scene, const std::string& refused, const std::string& source, const std::string& why) {
    const auto place = refused + "/" + source;
    scene.await("an Event says so", [&] { return missing_event(scene, source, place, why); }, Milliseconds(10'000));
    CHECK(scene.metric(R"(moontide_copies{policy="annotation-sync",state="failed"})") == 1);
    CHECK(scene.engine->times_logged("failed target") == 1);
    // Told and tried again, ever more rarely.
    CHECK(scene.audit
              .heard([&](const Heard& heard) {
                  return is_engine(heard) && heard.namespace_name == refused && heard.status >= 400;
              })
              .size() <= 20);
}

bool is_denied(Scene& scene, const std::string& space, const std::string& verb) {
    try {
        const auto path = fmt::format("/api/v1/namespaces/{}/configmaps/shared?dryRun=All", space);
        const Json body = verb == "PATCH" ? Json{{"data", {{"n", "tried"}}}} : Json{{"dryRun", Json::array({"All"})}};
        scene.world.api.ask(verb, path, body, verb == "PATCH" ? "application/merge-patch+json" : "application/json");
    } catch (const std::exception&) {
        return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a quota that one target exceeds is told, and the copy comes when the quota is raised", "[admission]") {
    constexpr auto* controllers =
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,"
        "serviceaccount-token-controller,resourcequota-controller";
    constexpr auto* often = "--resource-quota-sync-period=2s";
    Scene scene(TARGETS);
    scene.cluster.kill("kube-controller-manager");
    scene.cluster.start("kube-controller-manager", {controllers, often});
    const auto& full = scene.spaces[7];
    const kube::Ref quota{{"v1", "ResourceQuota"}, full, "few"};
    scene.world.api.create({{"apiVersion", "v1"},
                            {"kind", "ResourceQuota"},
                            {"metadata", {{"name", quota.name}, {"namespace", full}}},
                            {"spec", {{"hard", {{"count/configmaps", "1"}}}}}});
    const auto await_count = [&](const char* count) {
        scene.await(
            std::string("the quota counts ") + count,
            [&] {
                const auto used = scene.world.api.get(quota).value("/status/used"_json_pointer, Json::object());
                return used.value("count/configmaps", "") == count ? std::string() : used.dump();
            },
            Milliseconds(20'000));
    };
    // A copy that comes while its controller counts for the first time may be counted or not.
    await_count("0");
    scene.start_engine();
    scene.await_rest(Milliseconds(20'000));
    await_count("1");

    scene.add_source("one-more");
    scene.world.expect_copies(others(scene, full), scene.sources[1]);
    check_one_refused(scene, full, "one-more", "exceeded quota");

    scene.world.api.merge(quota, {{"spec", {{"hard", {{"count/configmaps", "10"}}}}}});
    scene.await_rest(Milliseconds(30'000));
    CHECK(scene.metric(R"(moontide_copies{policy="annotation-sync",state="failed"})") == 0);
    scene.check_promises();
    scene.world.api.remove(quota);
}

TEST_CASE("an admission policy that refuses one target delays no other, for changes and for deletions", "[admission]") {
    Scene scene(TARGETS);
    scene.start_engine();
    scene.await_rest(Milliseconds(20'000));
    const auto& frozen = scene.spaces[9];
    const kube::Ref policy{{ADMISSION, "ValidatingAdmissionPolicy"}, {}, scene.world.id() + "-frozen"};
    const kube::Ref binding{{ADMISSION, "ValidatingAdmissionPolicyBinding"}, {}, policy.name};
    const Json rule = {{"apiGroups", Json::array({""})},
                       {"apiVersions", Json::array({"v1"})},
                       {"operations", {"CREATE", "UPDATE", "DELETE"}},
                       {"resources", Json::array({"configmaps"})}};
    const Json validation = {{"expression", "false"}, {"message", "this namespace is frozen"}};
    scene.world.api.create({{"apiVersion", ADMISSION},
                            {"kind", "ValidatingAdmissionPolicy"},
                            {"metadata", {{"name", policy.name}}},
                            {"spec",
                             {{"failurePolicy", "Fail"},
                              {"matchConstraints", {{"resourceRules", Json::array({rule})}}},
                              {"validations", Json::array({validation})}}}});
    scene.world.api.create(
        {{"apiVersion", ADMISSION},
         {"kind", "ValidatingAdmissionPolicyBinding"},
         {"metadata", {{"name", binding.name}}},
         {"spec",
          {{"policyName", policy.name},
           {"validationActions", Json::array({"Deny"})},
           {"matchResources",
            {{"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", frozen}}}}}}}}}});
    for (const auto* verb : {"PATCH", "DELETE"}) {
        scene.await(
            "the policy counts", [&] { return is_denied(scene, frozen, verb) ? std::string() : "it does not"; },
            Milliseconds(20'000));
    }

    scene.change_source(0, "thawed");
    scene.world.expect_copies(others(scene, frozen), scene.sources[0]);
    check_one_refused(scene, frozen, "shared", "this namespace is frozen");

    scene.world.remove(scene.sources[0]);
    for (const auto& space : others(scene, frozen)) scene.world.expect_copy_gone(space, scene.sources[0]);
    CHECK(scene.world.api.find(test::config_map(frozen, "shared")));

    scene.world.api.remove(binding);
    scene.world.api.remove(policy);
    scene.await_rest(Milliseconds(30'000));
    scene.check_promises();
}

}  // namespace moontide::trouble

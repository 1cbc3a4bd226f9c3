// What the built-in policies tell their owners; the case files beside them cannot say it.
#include "bindings/load.hpp"
#include "kube/object.hpp"
#include "source_directory.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using namespace moontide::bindings;
using Json = nlohmann::json;

namespace {

policy::Report settled() {
    policy::Report made;
    made.wanted = 4;
    made.synced = {"dev", "staging"};
    made.failed = {"prod"};
    made.sources = {{"infra", "a", {"dev", "staging"}, "2026-01-01T00:00:01Z"}, {"infra", "b", {}, std::nullopt}};
    made.changed = "2026-01-01T00:00:02Z";
    return made;
}

Json status(const std::string& name, const std::string& spec, const policy::Report& report) {
    const auto text = read_policy_file(test::source_directory() + "/policies/" + name + "/policy.lua");
    REQUIRE(text);
    const auto policy = load(*text);
    if (!policy) FAIL(policy.error().message);
    kube::Reader reader;
    const auto& kind = (*policy)->shape().owner_kinds.front();
    const Json owner{{"apiVersion", kind.api_version},
                     {"kind", kind.kind},
                     {"metadata", {{"namespace", "home"}, {"name", "one"}, {"uid", "u-1"}, {"generation", 2}}},
                     {"spec", Json::parse(spec)}};
    policy::Inputs inputs;
    inputs.owner = kube::Object::read(reader, owner.dump()).value();
    const auto status = (*policy)->evaluator()->status(inputs, report);
    if (!status) FAIL(status.error().message);
    return status->fields;
}

}  // namespace

TEST_CASE("a ConfigMapSyncer is told its namespaces and the last time that a copy was written") {
    CHECK(status("configmap-syncer", "{}", settled()) == Json({{"syncedNamespaces", {"dev", "staging"}},
                                                               {"failedNamespaces", Json::array({"prod"})},
                                                               {"lastSyncTime", "2026-01-01T00:00:02Z"}}));
}

TEST_CASE("a ConfigMirror is told each of its sources, and how it is with its database") {
    auto report = settled();
    report.store = policy::Report::Store{};
    report.store->connected = true;
    const auto told = status("config-mirror", "{}", report);
    CHECK(told.at("configMaps") == 2);
    CHECK(told.at("replicatedConfigMaps").at(0) == Json({{"name", "a"},
                                                         {"sourceNamespace", "infra"},
                                                         {"targets", {"dev", "staging"}},
                                                         {"lastSyncTime", "2026-01-01T00:00:01Z"}}));
    CHECK(told.at("databaseStatus").at("connected") == true);

    report.sources.clear();
    report.store.reset();
    const auto none = status("config-mirror", "{}", report);
    CHECK(none == Json({{"configMaps", 0}, {"replicatedConfigMaps", Json::array()}}));
}

TEST_CASE("a PodConfigMapConfig is told which template does not parse, and where") {
    CHECK(status("pod-configmap", "{}", settled()) == Json({{"conditions", Json::array()}}));
    CHECK(status("pod-configmap", R"({"configMapDataTemplate":{"good":"{{ .a.b }}"}})", settled()) ==
          Json({{"conditions", Json::array()}}));
    const auto told =
        status("pod-configmap", R"({"configMapDataTemplate":{"b":"{{ .a","a":"x\n{{ end }}"}})", settled());
    const std::string message = "template: a:2: unexpected {{end}}; template: b:1: unclosed action";
    CHECK(told.at("conditions") ==
          Json::array(
              {{{"type", "ErrorInTemplate"}, {"status", "True"}, {"reason", "ErrorInTemplate"}, {"message", message}},
               {{"type", "Ready"}, {"status", "False"}, {"reason", "ErrorInTemplate"}, {"message", message}}}));
}

TEST_CASE("a PodConfigMapConfig is told that its selector cannot be read") {
    auto report = settled();
    report.error = "policy.lua:5: 'matchExpressions' ...";
    const auto told = status("pod-configmap", "{}", report).at("conditions");
    REQUIRE(told.size() == 2);
    CHECK(told.at(0).at("type") == "ErrorInPodSelector");
    CHECK(told.at(0).at("message") == report.error);
    CHECK(told.at(1).at("status") == "False");
}

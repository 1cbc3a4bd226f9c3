// What deploy/crds takes and refuses, as the tables in definitions/ say. Rules in CEL are judged by a real server
// alone: `tests/cluster/with-cluster build/dev/tests/test_sandbox "[cluster]"`.
#include "case_runner.hpp"
#include "sandbox/yaml.hpp"
#include "source_directory.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

using namespace moontide;
using namespace moontide::sandbox;

namespace {

constexpr const char* DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/";

/// The whole file as one document.
Json tree_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    auto documents = read_yaml(text.str(), file.string());
    INFO(file.string());
    REQUIRE((documents ? "" : documents.error().message) == std::string());
    REQUIRE(documents->size() == 1);
    return std::move(documents->front().tree);
}

std::vector<std::filesystem::path> files_of(const std::string& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(test::source_directory() + folder)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    }
    return files;
}

/// Applies the files of deploy/crds as `kubectl apply --server-side` does, and waits until their kinds are served.
void install(const tests::Server& server) {
    const auto files = files_of("/deploy/crds");
    REQUIRE(files.size() == 3);
    for (const auto& file : files) {
        const auto definition = tree_of(file);
        const auto path = DEFINITIONS + definition.at("metadata").at("name").get<std::string>();
        const auto applied = server({"PATCH", path + "?fieldManager=kubectl&fieldValidation=Strict",
                                     "application/apply-patch+yaml", "application/json", definition.dump()});
        INFO(applied.body.dump());
        REQUIRE((applied.code == 201 || applied.code == 200));
        const auto names = definition.at("spec").at("names");
        const auto served = fmt::format("/apis/{}/v1alpha1/{}", definition.at("spec").at("group").get<std::string>(),
                                        names.at("plural").get<std::string>());
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (server({"GET", served, "", "application/json", ""}).code != 200) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
}

enum class Rules { not_evaluated, evaluated };

void judge(const tests::Server& server, Rules rules) {
    install(server);
    const auto tables = files_of("/tests/unit/sandbox/definitions");
    REQUIRE(tables.size() == 3);
    for (const auto& file : tables) {
        const auto table = tree_of(file);
        const auto path = fmt::format("/apis/{}/namespaces/default/{}?dryRun=All&fieldValidation=Strict",
                                      table.at("apiVersion").get<std::string>(), table.at("plural").get<std::string>());
        for (const auto& test : table.at("cases")) {
            const auto title = test.at("title").get<std::string>();
            Json object = test;
            object.erase("title");
            object.erase("refused");
            object.erase("rule");
            object["apiVersion"] = table.at("apiVersion");
            object["kind"] = table.at("kind");
            if (!object.contains("metadata")) object["metadata"] = {{"name", "tried"}};
            object["metadata"].erase("namespace");
            const auto got = server({"POST", path, "application/json", "application/json", object.dump()});
            INFO(file.stem().string() << ": " << title << "\n" << got.body.dump());
            const bool judged = rules == Rules::evaluated || !test.value("rule", false);
            if (!test.contains("refused") || !judged) {
                CHECK(got.code == 201);
                continue;
            }
            CHECK(got.code >= 400);
            CHECK(got.code < 500);
            const auto message = got.body.value("message", "");
            const auto wanted = test.at("refused").get<std::string>();
            INFO("wanted in the message: " << wanted);
            CHECK(message.find(wanted) != std::string::npos);
        }
    }
}

/// Places of the schema that `kubectl explain` would show without a word.
void undescribed(const Json& schema, const std::string& place, std::vector<std::string>& found) {
    if (schema.contains("properties")) {
        for (const auto& [name, property] : schema.at("properties").items()) {
            // The API server describes it.
            if (place.empty() && name == "metadata") continue;
            if (property.value("description", "").size() < 10) found.push_back(place + "." + name);
            undescribed(property, place + "." + name, found);
        }
    }
    if (schema.contains("items")) undescribed(schema.at("items"), place + "[]", found);
}

}  // namespace

TEST_CASE("the definitions of deploy/crds take and refuse by their schemas what the tables say") {
    judge(tests::sandbox_server(), Rules::not_evaluated);
}

TEST_CASE("a kube-apiserver takes and refuses what the tables say", "[.][cluster]") {
    judge(tests::cluster_server(), Rules::evaluated);
}

TEST_CASE("each field of the definitions is described, and none keeps what it does not know") {
    for (const auto& file : files_of("/deploy/crds")) {
        INFO(file.string());
        const auto definition = tree_of(file);
        CHECK(definition.dump().find("x-kubernetes-preserve-unknown-fields") == std::string::npos);
        CHECK(definition.at("spec").at("names").at("categories") == Json::array({"moontide"}));
        for (const auto& version : definition.at("spec").at("versions")) {
            CHECK(version.at("subresources").contains("status"));
            std::vector<std::string> found;
            undescribed(version.at("schema").at("openAPIV3Schema"), "", found);
            CHECK(found == std::vector<std::string>{});
        }
    }
}

namespace {

struct Columns {
    const char* path;
    const char* kind;
    std::vector<std::string> names;  ///< with -o wide
    Json spec;
    Json status;
    Json cells;  ///< but for the age
};

void look_at_columns(const tests::Server& server) {
    install(server);
    const Json ready = Json::array({{{"type", "Ready"},
                                     {"status", "True"},
                                     {"reason", "A"},
                                     {"message", ""},
                                     {"lastTransitionTime", "2026-01-01T00:00:00Z"}}});
    const std::vector<Columns> all{
        {"/apis/config.example.com/v1alpha1/namespaces/default/configmapsyncers",
         "ConfigMapSyncer",
         {"Name", "Source", "Targets", "Synced", "Failed", "Ready", "Age"},
         {{"sourceNamespace", "a"}, {"sourceSecret", "tls"}, {"targetNamespaces", {"dev", "prod"}}},
         {{"syncedNamespaces", {"dev"}}, {"failedNamespaces", Json::array({"prod"})}, {"conditions", ready}},
         {"shown", "tls", R"(["dev","prod"])", R"(["dev"])", R"(["prod"])", "True"}},
        {"/apis/mirror.configmirror.io/v1alpha1/namespaces/default/configmirrors",
         "ConfigMirror",
         {"Name", "Ready", "ConfigMaps", "DB", "Age"},
         {{"sourceNamespace", "a"}, {"targetNamespaces", Json::array({"dev"})}, {"selector", Json::object()}},
         {{"configMaps", 2}, {"databaseStatus", {{"connected", true}}}, {"conditions", ready}},
         {"shown", "True", 2, true}},
        {"/apis/podconfig.example.com/v1alpha1/namespaces/default/podconfigmapconfigs",
         "PodConfigMapConfig",
         {"Name", "Ready", "Observed", "Age"},
         Json::object(),
         {{"observedGeneration", 3}, {"conditions", ready}},
         {"shown", "True", 3}},
    };
    for (const auto& test : all) {
        INFO(test.path);
        const std::string path = test.path;
        const auto ask = [&](const char* method, const std::string& where, const char* type, const Json& body) {
            const auto got = server({method, where, type, "application/json", body.is_null() ? "" : body.dump()});
            INFO(got.body.dump());
            CHECK(got.code / 100 == 2);
        };
        ask("POST", path, "application/json",
            {{"apiVersion", path.substr(6, path.find("/namespaces") - 6)},
             {"kind", test.kind},
             {"metadata", {{"name", "shown"}}},
             {"spec", test.spec}});
        ask("PATCH", path + "/shown/status", "application/merge-patch+json", {{"status", test.status}});
        const auto table =
            server({"GET", path + "/shown", "", "application/json;as=Table;v=v1;g=meta.k8s.io", ""}).body;
        ask("DELETE", path + "/shown", "application/json", Json::object());
        std::vector<std::string> names;
        for (const auto& column : table.at("columnDefinitions")) names.push_back(column.at("name"));
        CHECK(names == test.names);
        auto cells = table.at("rows").at(0).at("cells");
        cells.erase(cells.size() - 1);
        CHECK(cells == test.cells);
    }
}

}  // namespace

TEST_CASE("kubectl get shows the columns that the definitions name") {
    look_at_columns(tests::sandbox_server());
}

TEST_CASE("a kube-apiserver shows the same columns", "[.][cluster]") {
    look_at_columns(tests::cluster_server());
}

#include "case_runner.hpp"

#include "sandbox/names.hpp"
#include "sandbox/yaml.hpp"
#include "source_directory.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace moontide::sandbox::tests {

namespace {

using Words = std::map<std::string, std::string>;

std::string filled(std::string text, const Words& words) {
    for (const auto& [word, value] : words) {
        const auto hole = "${" + word + "}";
        for (auto at = text.find(hole); at != std::string::npos; at = text.find(hole, at + value.size())) {
            text.replace(at, hole.size(), value);
        }
    }
    return text;
}

Json filled(const Json& json, const Words& words) {
    if (json.is_string()) return filled(json.get<std::string>(), words);
    if (!json.is_structured()) return json;
    Json made = json.is_array() ? Json::array() : Json::object();
    for (const auto& [key, value] : json.items()) {
        if (json.is_array()) {
            made.push_back(filled(value, words));
        } else {
            made[filled(key, words)] = filled(value, words);
        }
    }
    return made;
}

std::string content_type(const std::string& as) {
    if (as.empty()) return "application/json";
    if (as == "merge") return "application/merge-patch+json";
    if (as == "json") return "application/json-patch+json";
    if (as == "strategic") return "application/strategic-merge-patch+json";
    if (as == "yaml") return "application/yaml";
    if (as == "apply") return "application/apply-patch+yaml";
    return as;
}

std::string accept(const std::string& show) {
    if (show == "table") return "application/json;as=Table;v=v1;g=meta.k8s.io";
    if (show == "metadata") return "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
    if (show == "metadata list") return "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    return "application/json";
}

/// What the step says under that key, or an empty map.
const Json& under(const Json& step, const char* key) {
    static const Json none = Json::object();
    const auto found = step.find(key);
    return found == step.end() ? none : *found;
}

/// managedFields by "manager operation subresource": the fields.
Json managers_of(const Json& object) {
    Json managers = Json::object();
    const Json::json_pointer place("/metadata/managedFields");
    if (!object.contains(place)) return managers;
    for (const auto& entry : object.at(place)) {
        auto who = entry.value("manager", "") + " " + entry.value("operation", "");
        if (entry.contains("subresource")) who += " " + entry.value("subresource", "");
        managers[who] = entry.value("fieldsV1", Json());
    }
    return managers;
}

/// What is not as the step says; empty where all is.
std::vector<std::string> differences(const Json& step, const Got& got) {
    std::vector<std::string> out;
    const auto note = [&](const std::string& what, const Json& want, const Json& is) {
        out.push_back(fmt::format("{}: want {}, is {}", what, want.dump(), is.dump()));
    };
    const auto at = [&](const std::string& pointer) {
        const Json::json_pointer place(pointer);
        return got.body.contains(place) ? got.body.at(place) : Json();
    };
    if (step.at("code") != got.code) note("code", step.at("code"), got.code);
    for (const char* key : {"reason", "message"}) {
        if (step.contains(key) && step[key] != got.body.value(key, Json()))
            note(key, step[key], got.body.value(key, Json()));
    }
    for (const auto& [pointer, want] : under(step, "has").items()) {
        if (at(pointer) != want || !got.body.contains(Json::json_pointer(pointer))) note(pointer, want, at(pointer));
    }
    for (const auto& [pointer, other] : under(step, "differs").items()) {
        if (at(pointer) == other || at(pointer).is_null()) out.push_back(pointer + " is " + at(pointer).dump());
    }
    for (const auto& pointer : under(step, "lacks")) {
        if (got.body.contains(Json::json_pointer(pointer.get<std::string>())))
            out.push_back(pointer.get<std::string>() + " is there");
    }
    if (step.contains("causes")) {
        Json causes = Json::array();
        for (const auto& cause : at("/details/causes")) causes.push_back({cause.at("reason"), cause.at("field")});
        for (const auto& want : step["causes"]) {
            if (std::ranges::find(causes, want) == causes.end()) note("causes", want, causes);
        }
        for (const auto& is : causes) {
            if (std::ranges::find(step["causes"], is) == step["causes"].end()) note("causes", step["causes"], is);
        }
    }
    if (step.contains("names")) {
        Json names = Json::array();
        for (const auto& item : got.body.value("items", Json::array())) names.push_back(item.at("metadata").at("name"));
        if (names != step["names"]) note("names", step["names"], names);
    }
    if (step.contains("managers")) {
        Json wanted = Json::object();
        for (const auto& [who, fields] : step["managers"].items()) {
            wanted[who] = Json::parse(fields.get_ref<const std::string&>());
        }
        if (const auto managers = managers_of(got.body); managers != wanted) note("managers", wanted, managers);
    }
    if (step.contains("warnings") && step["warnings"] != Json(got.warnings))
        note("warnings", step["warnings"], got.warnings);
    return out;
}

void run_step(const Json& described, const Server& server, Words& words) {
    const auto step = filled(described, words);
    const auto text = step.at("ask").get<std::string>();
    Ask ask;
    ask.method = text.substr(0, text.find(' '));
    ask.path = text.substr(text.find(' ') + 1);
    ask.content_type = content_type(step.value("as", ""));
    ask.accept = accept(step.value("show", ""));
    ask.body = step.contains("body") ? step["body"].dump() : step.value("text", "");

    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Got got;
    std::vector<std::string> wrong;
    do {
        got = server(ask);
        wrong = differences(step, got);
        if (wrong.empty() || !step.value("eventually", false)) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    } while (std::chrono::steady_clock::now() < deadline);

    INFO(text << "\n" << got.body.dump());
    CHECK(wrong == std::vector<std::string>{});
    for (const auto& [word, pointer] : under(step, "keep").items()) {
        const Json::json_pointer place(pointer.get<std::string>());
        REQUIRE(got.body.contains(place));
        words[word] = got.body.at(place).get<std::string>();
    }
}

}  // namespace

void run_cases(const std::function<Server()>& make_server) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry :
         std::filesystem::directory_iterator(test::source_directory() + "/tests/unit/sandbox/cases")) {
        files.push_back(entry.path());
    }
    std::ranges::sort(files);
    REQUIRE(files.size() > 3);
    for (const auto& file : files) {
        std::ostringstream text;
        text << std::ifstream(file).rdbuf();
        const auto documents = read_yaml(text.str(), file.string());
        REQUIRE((documents ? "" : documents.error().message) == std::string());
        for (const auto& test : documents->front().tree) {
            INFO(file.stem().string() << ": " << test.at("title").get<std::string>());
            const auto server = make_server();
            Words words{{"ns", names::generated("case-")}};
            const auto made = server({"POST", "/api/v1/namespaces", "application/json", "application/json",
                                      Json{{"metadata", {{"name", words["ns"]}}}}.dump()});
            REQUIRE(made.code == 201);
            for (const auto& step : test.at("steps")) run_step(step, server, words);
            server({"DELETE", "/api/v1/namespaces/" + words["ns"], "application/json", "application/json", ""});
        }
    }
}

}  // namespace moontide::sandbox::tests

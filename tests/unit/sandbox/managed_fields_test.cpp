// What the cases cannot ask: who a client is that does not say so, and sets of fields by themselves.
#include "sandbox/api.hpp"
#include "sandbox/field_set.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sandbox;

namespace {

std::string manager_after(const std::string& user_agent) {
    Api api(ApiOptions{});
    Request request;
    request.method = "POST";
    request.path = "/api/v1/namespaces/default/configmaps";
    request.body = R"({"metadata":{"name":"x"},"data":{"k":"v"}})";
    request.user_agent = user_agent;
    const auto response = api.handle(request);
    REQUIRE(response.status == 201);
    return Json::parse(response.body).at(Json::json_pointer("/metadata/managedFields/0/manager"));
}

}  // namespace

TEST_CASE("who does not say what he is called is called as his program") {
    CHECK(manager_after("kubectl/v1.36.3 (linux/amd64) kubernetes/abc") == "kubectl");
    CHECK(manager_after("program") == "program");
    CHECK(manager_after("a\tb/1") == "ab");
    CHECK(manager_after(std::string(200, 'x')).size() == 128);
    CHECK(manager_after("") == "unknown");
}

TEST_CASE("a set of fields is written as it was read") {
    for (const char* text : {
             R"({})",
             R"({"f:data":{}})",
             R"({"f:data":{".":{},"f:a":{},"f:b":{}}})",
             R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}}}})",
             R"({"f:metadata":{"f:finalizers":{"v:\"a.b/c\"":{}}}})",
         }) {
        CHECK(FieldSet::read(Json::parse(text)).write().dump() == text);
    }
    // Other spellings of the same, and steps that nobody knows.
    const auto odd = Json::parse(R"({"f:list":{"k:{ \"b\":1,\"a\":\"x\"}":{}},"x:what":{},"k:{":{}})");
    CHECK(FieldSet::read(odd).write().dump() == R"({"f:list":{"k:{\"a\":\"x\",\"b\":1}":{}}})");
}

TEST_CASE("sets of fields are joined, cut and subtracted step by step") {
    const auto set = [](const char* text) { return FieldSet::read(Json::parse(text)); };
    const auto left = set(R"({"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}})");
    const auto right = set(R"({"f:a":{"f:y":{},"f:z":{}},"f:c":{}})");
    CHECK(left.with(right) == set(R"({"f:a":{".":{},"f:x":{},"f:y":{},"f:z":{}},"f:b":{},"f:c":{}})"));
    CHECK(left.common(right) == set(R"({"f:a":{"f:y":{}}})"));
    CHECK(left.without(right) == set(R"({"f:a":{".":{},"f:x":{}},"f:b":{}})"));
    CHECK(left.without(set(R"({"f:a":{}})")) == set(R"({"f:a":{"f:x":{},"f:y":{}},"f:b":{}})"));
    CHECK(left.without_trees(set(R"({"f:a":{}})")) == set(R"({"f:b":{}})"));
    CHECK(right.meets(left.write()));
    CHECK_FALSE(set(R"({"f:a":{"f:z":{}}})").meets(left.write()));
    CHECK(set(R"({"f:a":{".":{},"f:x":{}}})").is_within(left.write()));
    CHECK_FALSE(right.is_within(left.write()));
    CHECK(set(R"({"f:a":{".":{},"k:{\"n\":\"x\",\"p\":1}":{"v:2":{}}}})").paths() ==
          std::vector<std::string>{".a", R"(.a[n="x",p=1][=2])"});
}

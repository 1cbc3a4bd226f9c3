// What of an object's JSON text is read, and what is left out of what is kept.
#include "kube/object.hpp"

#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide;
using kube::Object;
using kube::Reader;

namespace {

const std::string last_applied = "kubectl.kubernetes.io/last-applied-configuration";

std::string nested(int depth) {
    std::string text = R"({"metadata":{"name":"a"},"data":)";
    for (int i = 1; i < depth; ++i) text += '[';
    for (int i = 1; i < depth; ++i) text += ']';
    return text + "}";
}

}  // namespace

TEST_CASE("metadata is read wherever it stands in the object") {
    Reader reader;
    const auto metadata = reader.metadata(
        R"({"apiVersion":"v1","data":{"resourceVersion":"1","metadata":"x"},"kind":"ConfigMap","metadata":{)"
        R"("annotations":{"a/b":"1"},"creationTimestamp":"2026-01-31T12:00:00Z","labels":{"app":"web","tier":""},)"
        R"("name":"shared","namespace":"flux-system","resourceVersion":"18446744073709551615","uid":"u-1"}})");
    REQUIRE(metadata);
    CHECK(metadata->name == "shared");
    CHECK(metadata->namespace_name == "flux-system");
    CHECK(metadata->uid == "u-1");
    CHECK(metadata->resource_version == 18446744073709551615ULL);
    CHECK(metadata->creation_timestamp == "2026-01-31T12:00:00Z");
    CHECK(metadata->deletion_timestamp.empty());
    CHECK_FALSE(metadata->has_finalizers);
    CHECK_FALSE(metadata->has_owner_references);
    REQUIRE(kube::find(metadata->labels, "tier"));
    CHECK(kube::find(metadata->labels, "tier")->empty());
    CHECK(*kube::find(metadata->labels, "app") == "web");
    CHECK(*kube::find(metadata->annotations, "a/b") == "1");
    CHECK(kube::find(metadata->annotations, "a") == nullptr);
}

TEST_CASE("escapes in keys and values are undone") {
    Reader reader;
    const auto metadata =
        reader.metadata(R"({"metadata":{"name":"a","annotations":{"k\u0065y":"l1\nl2 \"q\" \ud83c\udf19"}}})");
    REQUIRE(metadata);
    REQUIRE(metadata->annotations.size() == 1);
    CHECK(metadata->annotations[0].first == "key");
    CHECK(metadata->annotations[0].second == "l1\nl2 \"q\" \U0001F319");
}

TEST_CASE("owners, finalizers and a deletion are noticed") {
    Reader reader;
    const auto metadata = reader.metadata(
        R"({"metadata":{"name":"a","deletionTimestamp":"2026-01-31T12:00:00Z","finalizers":["x/y"],)"
        R"("ownerReferences":[{"kind":"Pod","name":"p","uid":"u-1"},{"uid":"u-2","controller":true}]}})");
    REQUIRE(metadata);
    CHECK(metadata->deletion_timestamp == "2026-01-31T12:00:00Z");
    CHECK(metadata->has_finalizers);
    CHECK(metadata->has_owner_references);
    CHECK(metadata->owner_uids == std::vector<std::string_view>{"u-1", "u-2"});
}

TEST_CASE("null and empty fields count as absent") {
    Reader reader;
    const auto metadata =
        reader.metadata(R"({"metadata":{"creationTimestamp":null,"labels":null,"annotations":{},"finalizers":[],)"
                        R"("ownerReferences":null,"name":"a"}})");
    REQUIRE(metadata);
    CHECK(metadata->creation_timestamp.empty());
    CHECK(metadata->labels.empty());
    CHECK(metadata->resource_version == 0);
    CHECK_FALSE(metadata->has_finalizers);
    CHECK_FALSE(metadata->has_owner_references);
}

TEST_CASE("text that is no object with a name and a version is refused") {
    Reader reader;
    const auto text = GENERATE(
        as<std::string>(), "", " ", "[]", "null", "1", "{", R"({"metadata":)", R"({"kind":"a"})", R"({"metadata":{}})",
        R"({"metadata":{"name":""}})", R"({"metadata":{"name":5}})", R"({"metadata":[]})", R"({"metadata":{"name":"a")",
        R"({"metadata":{"name":"a}})", R"({"metadata":{"name":"a","resourceVersion":"5x"}})",
        R"({"metadata":{"name":"a","resourceVersion":"-5"}})", R"({"metadata":{"name":"a","resourceVersion":5}})",
        "{\"metadata\":{\"name\":\"\xff\"}}", "<html>busy</html>");
    CAPTURE(text);
    CHECK_FALSE(reader.metadata(text));
    CHECK_FALSE(Object::read(reader, text));
}

TEST_CASE("a label that is no text is refused") {
    Reader reader;
    CHECK_FALSE(reader.metadata(R"({"metadata":{"name":"a","labels":{"x":1}}})"));
}

TEST_CASE("objects nest at most 128 deep, brackets in texts not counted") {
    Reader reader;
    CHECK(reader.metadata(nested(128)));
    CHECK_FALSE(reader.metadata(nested(129)));
    CHECK_FALSE(reader.metadata(nested(100'000)));
    const std::string brackets(1000, '[');
    CHECK(reader.metadata(R"({"metadata":{"name":"a"},"data":{"x":"\")" + brackets + R"("}})"));
}

TEST_CASE("a reader forgets the text that it read before") {
    Reader reader;
    const std::string closing(200, '}');
    CHECK(reader.metadata(R"({"data":{"x":")" + closing + R"("},"metadata":{"name":"long"}})"));
    CHECK_FALSE(reader.metadata(R"({"metadata":{"name":"a")"));
    CHECK(reader.metadata(R"({"metadata":{"name":"short"}})")->name == "short");
}

TEST_CASE("slimming takes managedFields and the last applied configuration out and nothing else") {
    Reader reader;
    const std::string big = R"("status":{"count":9007199254740993,"huge":123456789012345678901234567890,"e":1.0e5})";
    const std::string fields = R"("managedFields":[{"manager":"a","fieldsV1":{"f:data":{"f:[":{}}}},{"x":"]"}])";
    const std::string applied = '"' + last_applied + R"(":"{\"metadata\":{}}\n")";
    struct Case {
        std::string before;
        std::string after;
    };
    const auto [before, after] = GENERATE_COPY(
        Case{R"({"metadata":{)" + fields + R"(,"name":"a"},)" + big + "}", R"({"metadata":{"name":"a"},)" + big + "}"},
        Case{R"({"metadata":{"name":"a",)" + fields + "}," + big + "}", R"({"metadata":{"name":"a"},)" + big + "}"},
        Case{R"({"metadata":{"annotations":{)" + applied + R"(},)" + fields + R"(,"name":"a"}})",
             R"({"metadata":{"annotations":{},"name":"a"}})"},
        Case{R"({"metadata":{"annotations":{"a":"1",)" + applied + R"(},"name":"a","uid":"u"}})",
             R"({"metadata":{"annotations":{"a":"1"},"name":"a","uid":"u"}})"},
        Case{R"({"metadata":{"annotations":{)" + applied + R"(,"z":"1"},"name":"a"}})",
             R"({"metadata":{"annotations":{"z":"1"},"name":"a"}})"},
        Case{R"({"metadata":{"name":"a",)" + fields + "," + fields + "}}", R"({"metadata":{"name":"a"}})"},
        Case{R"({"metadata":{"name":"a","managedFields":null}})", R"({"metadata":{"name":"a"}})"},
        Case{"{ \"metadata\" : { \"name\" : \"a\" ,\n " + fields + "\n } }",
             "{ \"metadata\" : { \"name\" : \"a\" \n } }"},
        Case{R"({"metadata":{"name":"a"},"spec":{"metadata":{)" + fields + "}}}",
             R"({"metadata":{"name":"a"},"spec":{"metadata":{)" + fields + "}}}"});
    CAPTURE(before);
    const auto slim = reader.slim(before);
    REQUIRE(slim);
    CHECK(*slim == after);
    CHECK(nlohmann::json::accept(*slim));
}

TEST_CASE("an object knows its names in the slimmed text") {
    Reader reader;
    const auto object = Object::read(
        reader,
        R"({"data":{"x":"shared"},"metadata":{"creationTimestamp":"2026-01-31T12:00:00Z","annotations":{"a":"1",")" +
            last_applied +
            R"(":"{}"},"managedFields":[{"name":"shared"}] , "name":"shared","namespace":"blue",)"
            R"("resourceVersion":"7","uid":"u-1","deletionTimestamp":"2026-01-31T12:00:00Z"}})");
    REQUIRE(object);
    const auto& kept = **object;
    CHECK(kept.name() == "shared");
    CHECK(kept.namespace_name() == "blue");
    CHECK(kept.uid() == "u-1");
    CHECK(kept.creation_timestamp() == "2026-01-31T12:00:00Z");
    CHECK(kept.resource_version() == 7);
    CHECK(kept.terminating());
    CHECK(nlohmann::json::parse(kept.json())["metadata"]["annotations"] == nlohmann::json{{"a", "1"}});
    CHECK(kept.json().find("managedFields") == std::string_view::npos);
}

TEST_CASE("a name that is written with escapes is known without them") {
    Reader reader;
    const std::string json = R"({"metadata":{"name":"system:\u003cx\u003e","uid":"u"}})";
    const auto object = Object::read(reader, json);
    REQUIRE(object);
    CHECK((*object)->name() == "system:<x>");
    CHECK((*object)->uid() == "u");
    CHECK((*object)->json() == json);
    CHECK((*object)->namespace_name().empty());
    CHECK_FALSE((*object)->terminating());
}

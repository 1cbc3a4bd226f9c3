#include "sandbox/patch.hpp"

#include <catch2/catch.hpp>

using namespace moontide::sandbox;

TEST_CASE("JSON patch") {
    struct Case {
        const char* title;
        const char* object;
        const char* patch;
        const char* want;  ///< null where it is refused
    };
    const auto test = GENERATE(values<Case>({
        {"adds to a map", R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
        {"adds over what is there", R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
        {"inserts into a list", R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
        {"appends to a list", R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
        {"does not insert beyond a list", R"({"a":[1]})", R"([{"op":"add","path":"/a/5","value":2}])", nullptr},
        {"does not add below what is not there", R"({})", R"([{"op":"add","path":"/a/b","value":2}])", nullptr},
        {"removes", R"({"a":1,"b":[1,2]})", R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/b/0"}])",
         R"({"b":[2]})"},
        {"does not remove what is not there", R"({"a":1})", R"([{"op":"remove","path":"/b"}])", nullptr},
        {"replaces", R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"b":null}}])", R"({"a":{"b":null}})"},
        {"replaces the whole", R"({"a":1})", R"([{"op":"replace","path":"","value":{}}])", R"({})"},
        {"moves", R"({"a":{"b":1}})", R"([{"op":"move","from":"/a/b","path":"/c"}])", R"({"a":{},"c":1})"},
        {"copies", R"({"a":1})", R"([{"op":"copy","from":"/a","path":"/b"}])", R"({"a":1,"b":1})"},
        {"does not copy what is not there", R"({})", R"([{"op":"copy","from":"/a","path":"/b"}])", nullptr},
        {"unescapes paths", R"({"a/b":1,"c~d":2})",
         R"([{"op":"remove","path":"/a~1b"},{"op":"remove","path":"/c~0d"}])", R"({})"},
        {"tests, and goes on", R"({"a":{"b":[1]}})",
         R"([{"op":"test","path":"/a","value":{"b":[1]}},{"op":"remove","path":"/a"}])", R"({})"},
        {"tests, and stops", R"({"a":1})", R"([{"op":"test","path":"/a","value":"1"}])", nullptr},
        {"takes null for what is not there", R"({"a":1})", R"([{"op":"test","path":"/b","value":null}])", R"({"a":1})"},
        {"knows six operations", R"({"a":1})", R"([{"op":"delete","path":"/a"}])", nullptr},
        {"is a list", R"({"a":1})", R"({"op":"remove","path":"/a"})", nullptr},
        {"wants paths that begin with a slash", R"({"a":1})", R"([{"op":"remove","path":"a"}])", nullptr},
    }));
    INFO(test.title);
    auto object = Json::parse(test.object);
    const auto done = json_patch(object, Json::parse(test.patch));
    CHECK(done.has_value() == (test.want != nullptr));
    if (test.want) CHECK(object == Json::parse(test.want));
}

TEST_CASE("strategic merge patch") {
    struct Case {
        const char* title;
        const char* object;
        const char* patch;
        const char* want;
    };
    // Of a Pod: its containers are merged by name, its finalizers are a set, its args are replaced.
    const auto test = GENERATE(values<Case>({
        {"merges maps", R"({"metadata":{"labels":{"a":"1","b":"2"}}})", R"({"metadata":{"labels":{"a":null,"c":"3"}}})",
         R"({"metadata":{"labels":{"b":"2","c":"3"}}})"},
        {"replaces a map where it is told to", R"({"metadata":{"labels":{"a":"1"}}})",
         R"({"metadata":{"labels":{"$patch":"replace","c":"3"}}})", R"({"metadata":{"labels":{"c":"3"}}})"},
        {"merges lists by their key", R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"a","image":"2"}]}})",
         R"({"spec":{"containers":[{"name":"a","image":"2"},{"name":"b"}]}})"},
        {"puts new elements first", R"({"spec":{"containers":[{"name":"a"}]}})",
         R"({"spec":{"containers":[{"name":"b"}]}})", R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
        {"keeps the order that is asked for", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"c"},{"name":"a"}],"containers":[{"name":"c"}]}})",
         R"({"spec":{"containers":[{"name":"b"},{"name":"c"},{"name":"a"}]}})"},
        {"deletes elements", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"a","$patch":"delete"}]}})", R"({"spec":{"containers":[{"name":"b"}]}})"},
        {"replaces a list where it is told to", R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
         R"({"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}})", R"({"spec":{"containers":[{"name":"c"}]}})"},
        {"replaces lists without a key", R"({"spec":{"containers":[{"name":"a","args":["1","2"]}]}})",
         R"({"spec":{"containers":[{"name":"a","args":["3"]}]}})",
         R"({"spec":{"containers":[{"name":"a","args":["3"]}]}})"},
        {"joins sets", R"({"metadata":{"finalizers":["a/b"]}})", R"({"metadata":{"finalizers":["a/b","c/d"]}})",
         R"({"metadata":{"finalizers":["a/b","c/d"]}})"},
        {"takes from sets", R"({"metadata":{"finalizers":["a/b","c/d"]}})",
         R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["a/b"],"$setElementOrder/finalizers":["c/d"]}})",
         R"({"metadata":{"finalizers":["c/d"]}})"},
        {"drops what is not retained", R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
         R"({"spec":{"volumes":[{"name":"v","$retainKeys":["name","hostPath"],"hostPath":{"path":"/x"}}]}})",
         R"({"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"}}]}})"},
    }));
    INFO(test.title);
    const Kinds kinds;
    auto object = Json::parse(test.object);
    auto patch = Json::parse(test.patch);
    CHECK(strategic_patch(*kinds.find("", "v1", "pods"), object, patch).has_value());
    CHECK(object == Json::parse(test.want));
}

TEST_CASE("a strategic merge patch without the merge key is refused") {
    const Kinds kinds;
    auto object = Json::parse(R"({"spec":{"containers":[{"name":"a"}]}})");
    auto patch = Json::parse(R"({"spec":{"containers":[{"image":"x"}]}})");
    const auto done = strategic_patch(*kinds.find("", "v1", "pods"), object, patch);
    REQUIRE_FALSE(done);
    CHECK(done.error().message == "map: map[image:x] does not contain declared merge key: name");
}

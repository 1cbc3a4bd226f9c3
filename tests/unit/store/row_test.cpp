// How a ConfigMap becomes a row, and what JSONB refuses becomes storable.
#include "store/row.hpp"

#include "store/arrays.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace moontide::store;
using nlohmann::json;

TEST_CASE("data and binaryData become one object, and none is an empty one") {
    const auto row = Row::of(R"({"metadata":{"namespace":"app","name":"c","labels":{"l":"1"},"annotations":{"a":"2"}},
                                 "data":{"k":"v"},"binaryData":{"b":"AAE="}})")
                         .value();
    CHECK(row.key == Key{"app", "c"});
    CHECK(json::parse(row.data) == json{{"k", "v"}, {"b", "AAE="}});
    CHECK(row.labels == R"({"l":"1"})");
    CHECK(row.annotations == R"({"a":"2"})");

    const auto bare = Row::of(R"({"metadata":{"namespace":"app","name":"c","labels":{}},"data":null})").value();
    CHECK(bare.data == "{}");
    CHECK(bare.labels.empty());
    CHECK(bare.annotations.empty());
}

TEST_CASE("what is no ConfigMap is an error, not an exception") {
    for (const char* text : {"", "[]", "{", R"({"data":{}})", R"({"metadata":[]})"}) CHECK_FALSE(Row::of(text));
    CHECK(Row::of(R"({"metadata":{"namespace":1,"name":{}}})").value().key == Key{});
}

TEST_CASE("what JSONB refuses is escaped, and nothing else is") {
    const struct {
        const char* text;
        const char* stored;
    } table[] = {
        {R"({"a":"b"})", R"({"a":"b"})"},
        {R"("x\u0000y")", R"("x\\u0000y")"},
        {R"("\u0000\u0000")", R"("\\u0000\\u0000")"},
        {R"("\\u0000")", R"("\\u0000")"},     // a backslash and text
        {R"("\\\u0000")", R"("\\\\u0000")"},  // a backslash and a NUL
        {R"("\u0001\u00e4")", R"("\u0001\u00e4")"},
        {R"("\ud83d\ude00")", R"("\ud83d\ude00")"},  // a pair
        {R"("\ud83d")", R"("\\ud83d")"},
        {R"("\ud83dx\ude00")", R"("\\ud83dx\\ude00")"},
        {R"("\uDE00\uD83D")", R"("\\uDE00\\uD83D")"},
        {R"("\ud83d\ud83d\ude00")", R"("\\ud83d\ud83d\ude00")"},
        {R"("\u00)", R"("\u00)"},  // broken off: the database refuses it
        {R"("\)", R"("\)"},
    };
    for (const auto& [text, stored] : table) CHECK(storable(text) == stored);
}

TEST_CASE("an array's binary form is PostgreSQL's") {
    using namespace std::string_view_literals;
    CHECK(binary_array({}) == "\0\0\0\0\0\0\0\0\0\0\0\x19"sv);
    CHECK(binary_array({"ab"sv, std::nullopt}) ==
          "\0\0\0\1\0\0\0\1\0\0\0\x19\0\0\0\2\0\0\0\1\0\0\0\2ab\xff\xff\xff\xff"sv);
}

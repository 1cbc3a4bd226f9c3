// What is read: JSON, YAML, protobuf; and small formats within them.
#include "sandbox/base64.hpp"
#include "sandbox/decode.hpp"
#include "sandbox/protobuf.hpp"
#include "sandbox/time.hpp"
#include "sandbox/yaml.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::sandbox;

TEST_CASE("JSON is read within bounds, and every byte of it is kept") {
    const auto body =
        parse_json(R"({"a":9007199254740993,"b":18446744073709551615,"c":"\u0000\u001f/","d":-9223372036854775808})");
    REQUIRE(body);
    CHECK(body->tree.dump() ==
          R"({"a":9007199254740993,"b":18446744073709551615,"c":"\u0000\u001f/","d":-9223372036854775808})");
    CHECK_FALSE(parse_json(std::string(200, '[') + std::string(200, ']')));
    CHECK(parse_json(std::string(100, '[') + std::string(100, ']')));
    // A bracket in a text nests nothing.
    CHECK(parse_json("\"" + std::string(1000, '[') + "\""));
    CHECK(parse_json("\"\xff x\"")->tree == "\xef\xbf\xbd x");
}

TEST_CASE("fields that stand twice are found where they are") {
    const auto body = parse_json(R"({"a":1,"l":[{"b":1},{"b":1,"b":2}],"a":{"c":1,"c":1}})");
    REQUIRE(body);
    CHECK(body->duplicates == std::vector<std::string>{"l[1].b", "a", "a.c"});
    CHECK(parse_json(R"({"a":":","b":{"a":1}})")->duplicates.empty());
}

TEST_CASE("YAML scalars mean what they mean to kubectl") {
    struct Case {
        const char* yaml;
        const char* json;
    };
    const auto test = GENERATE(values<Case>({
        {"yes", "true"},
        {"No", "false"},
        {"on", "true"},
        {"'yes'", "\"yes\""},
        {"~", "null"},
        {"010", "8"},
        {"0x1F", "31"},
        {"0o17", "15"},
        {"1_000", "1000"},
        {"-5", "-5"},
        {"1e3", "1000.0"},
        {"1.5", "1.5"},
        {"\"1\"", "\"1\""},
        {"1.2.3", "\"1.2.3\""},
        {"2026-01-01", "\"2026-01-01\""},
        {"9007199254740993", "9007199254740993"},
        {"!!str 5", "\"5\""},
        {"[a, {b: c}]", R"(["a",{"b":"c"}])"},
        {"{1: a, true: b}", R"({"1":"a","true":"b"})"},
        {R"("x\Ny\_z")", "\"x\xC2\x85y\xC2\xA0z\""},
        {"|\n  two\n  lines", R"("two\nlines")"},
    }));
    INFO(test.yaml);
    const auto documents = read_yaml(std::string("v: ") + test.yaml, "f");
    REQUIRE(documents);
    CHECK(documents->front().tree.at("v") == Json::parse(test.json));
}

TEST_CASE("YAML has anchors, merges and several documents") {
    const auto documents =
        read_yaml("base: &b {x: 1, z: 2}\nmine: {<<: *b, z: 3}\n---\n---\nsecond: 1\nsecond: 2\n", "f");
    REQUIRE(documents);
    REQUIRE(documents->size() == 2);
    CHECK(documents->front().tree.at("mine") == Json({{"x", 1}, {"z", 3}}));
    CHECK(documents->back().tree == Json({{"second", 2}}));
    CHECK(documents->back().line == 5);
    CHECK(documents->back().duplicates == std::vector<std::string>{"second"});
}

TEST_CASE("YAML that is none, or blows up, says where") {
    CHECK(read_yaml("a: b\nc: b\xAC\n", "m.yaml").error().message == "m.yaml:2: is not UTF-8");
    CHECK_FALSE(read_yaml("\xC3: b\n", "m.yaml").has_value());
    CHECK_FALSE(read_yaml("a: \x85\n", "m.yaml").has_value());
    CHECK_FALSE(read_yaml("a: \"\\uD800\"\n", "m.yaml").has_value());
    for (const char* endless : {",", "a: b\n---\n,", "---\n}", "]", ", ,", "--- ,\n--- ,"}) {
        INFO(endless);
        const auto read = read_yaml(endless, "m.yaml");
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().message.starts_with("m.yaml:"));
    }
    CHECK(read_yaml("---\n---\n---\n...\n---\n", "m.yaml")->empty());
    CHECK(read_yaml("a: b\nc: [", "m.yaml").error().message.starts_with("m.yaml:"));
    std::string bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n";
    for (char c = 'b'; c < 'j'; ++c) {
        bomb += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 10; ++i) bomb += std::string(i ? "," : "") + "*" + static_cast<char>(c - 1);
        bomb += "]\n";
    }
    CHECK(read_yaml(bomb, "m.yaml").error().message ==
          "m.yaml:1: the document has too many nodes (aliases count each time)");
}

TEST_CASE("protobuf is read by the captured fields") {
    // A ConfigMap with name "x", a label, a creation time of nothing, two keys, and immutable.
    const std::string metadata("\x0a\x01x\x12\x00\x42\x00\x5a\x06\x0a\x01l\x12\x01v", 15);
    const std::string raw = "\x0a" + std::string(1, static_cast<char>(metadata.size())) + metadata +
                            std::string(
                                "\x12\x06\x0a\x01k\x12\x01"
                                "1",
                                8) +
                            std::string(
                                "\x1a\x07\x0a\x01"
                                "b\x12\x02\x00\xff",
                                9) +
                            std::string("\x20\x01", 2);
    const std::string type_meta(
        "\x0a\x02v1\x12\x09"
        "ConfigMap",
        15);
    const std::string body =
        std::string("k8s\0\x0a\x0f", 6) + type_meta + "\x12" + std::string(1, static_cast<char>(raw.size())) + raw;
    const auto object = from_protobuf(body);
    REQUIRE(object);
    const auto want = Json::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","labels":{"l":"v"}},
        "data":{"k":"1"},"binaryData":{"b":"AP8="},"immutable":true})");
    CHECK(*object == want);

    CHECK_FALSE(from_protobuf("{}"));
    for (std::size_t size = 4; size < body.size(); ++size) {
        // Cut anywhere, it is an error or less, never more.
        const auto cut = from_protobuf(std::string_view(body).substr(0, size));
        if (cut) CHECK(cut->size() < object->size());
    }
}

TEST_CASE("a definition is read from protobuf, whose names are not those of JSON") {
    const auto field = [](int number, const std::string& bytes) {
        return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
    };
    const std::string preserves("\xb0\x02\x01", 3);                        // field 38, true
    const std::string minimum("\x59\x00\x00\x00\x00\x00\x00\xf8\x3f", 9);  // field 11, 1.5
    const auto text = field(5, "string") + field(8, field(1, "\"x\""));
    const auto schema = field(5, "object") + preserves + minimum;
    const auto property = [&](const std::string& name, const std::string& of) { return field(1, name) + field(2, of); };
    // properties is field 29: a tag of two bytes.
    const auto properties = [&](const std::string& entry) {
        return std::string("\xea\x01", 2) + static_cast<char>(entry.size()) + entry;
    };
    const auto version = field(1, "v1") + field(4, field(1, schema + properties(property("a", text))));
    const auto raw = field(2, field(1, "g.test") + field(7, version));
    const auto type_meta = field(1, "apiextensions.k8s.io/v1") + field(2, "CustomResourceDefinition");
    const auto object = from_protobuf(std::string("k8s\0", 4) + field(1, type_meta) + field(2, raw));
    REQUIRE(object);
    const auto want = Json::parse(R"({"type":"object","x-kubernetes-preserve-unknown-fields":true,"minimum":1.5,
        "properties":{"a":{"type":"string","default":"x"}}})");
    CHECK(object->at(Json::json_pointer("/spec/versions/0/schema/openAPIV3Schema")) == want);
}

TEST_CASE("base64") {
    CHECK(base64("") == "");
    CHECK(base64("a") == "YQ==");
    CHECK(base64(std::string("\x00\xff", 2)) == "AP8=");
    CHECK(from_base64("YWJj") == "abc");
    CHECK(from_base64(base64_url("\xfb\xff")) == "\xfb\xff");
    CHECK_FALSE(base64_error("YWJj"));
    CHECK_FALSE(base64_error("YWJj\nYQ=="));
    CHECK(base64_error("*") == 0U);
    CHECK(base64_error("YQ=a"));
    CHECK(base64_error("YQ"));
    CHECK(base64_error("YQ==YQ=="));
}

TEST_CASE("ages are told as kubectl tells them") {
    using namespace std::chrono_literals;
    CHECK(human_duration(-5s) == "<invalid>");
    CHECK(human_duration(0s) == "0s");
    CHECK(human_duration(119s) == "119s");
    CHECK(human_duration(120s) == "2m");
    CHECK(human_duration(205s) == "3m25s");
    CHECK(human_duration(90min) == "90m");
    CHECK(human_duration(195min) == "3h15m");
    CHECK(human_duration(30h) == "30h");
    CHECK(human_duration(50h) == "2d2h");
    CHECK(human_duration(240h) == "10d");
    CHECK(human_duration(24h * 365 * 3) == "3y");
    const auto time = parse_time("2026-01-31T12:00:00.5+01:00");
    REQUIRE(time);
    CHECK(rfc3339_micro(*time) == "2026-01-31T11:00:00.500000Z");
    CHECK_FALSE(parse_time("2026-02-30T12:00:00Z"));
    CHECK_FALSE(parse_time("2026-01-31 12:00:00Z"));
}

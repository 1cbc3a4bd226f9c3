#include "base/yaml_escapes.hpp"

#include <string>

#include <catch2/catch.hpp>

namespace moontide {

TEST_CASE("what yaml-cpp makes of \\N and \\_ becomes the characters that they stand for") {
    struct Row {
        std::string given;
        std::string wanted;
    };
    const Row rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"\x85", "\xC2\x85"},
        {"a\xA0z", "a\xC2\xA0z"},
        {"\x85\xA0\x85", "\xC2\x85\xC2\xA0\xC2\x85"},
        {"\xC3\xA9\x85", "\xC3\xA9\xC2\x85"},                                                  // after é
        {"\xC3\xA0 \xE2\x85\xA0 \xF0\x9F\x85\xA0", "\xC3\xA0 \xE2\x85\xA0 \xF0\x9F\x85\xA0"},  // within à, Ⅰ and 🅠
        {"\xC2\x85\xC2\xA0", "\xC2\x85\xC2\xA0"},                                              // written as they are
    };
    for (const auto& [given, wanted] : rows) {
        INFO(given);
        CHECK(with_yaml_escapes(given) == wanted);
    }
}

TEST_CASE("bytes that are no text stay as they are") {
    CHECK(with_yaml_escapes("\xFF\xE2\x28") == "\xFF\xE2\x28");
    CHECK(with_yaml_escapes("\xE2\x85") == "\xE2\xC2\x85");
}

}  // namespace moontide

#include "bindings/template_cache.hpp"

#include <string>

#include <catch2/catch.hpp>

using namespace moontide;
using bindings::TemplateCache;

TEST_CASE("a template is parsed once, by text and name, those too that do not parse") {
    TemplateCache cache;
    const auto good = cache.find("a", "{{ .x }}");
    CHECK(good->has_value());
    CHECK(cache.find("a", "{{ .x }}") == good);
    const auto bad = cache.find("a", "{{ if }}");
    CHECK_FALSE(bad->has_value());
    CHECK(cache.find("a", "{{ if }}") == bad);
    // The name stands in errors.
    const auto other = cache.find("b", "{{ if }}");
    CHECK(other->error().message != bad->error().message);
    CHECK(cache.find("a", "{{ .y }}") != good);
}

TEST_CASE("what was not asked for lately is forgotten, and a text that is too long is not kept") {
    TemplateCache cache;
    const auto first = cache.find("a", "first");
    const auto second = cache.find("a", "second");
    for (int i = 0; i < 63; ++i) {
        cache.find("a", "another " + std::to_string(i));
        CHECK(cache.find("a", "first") == first);
    }
    CHECK(cache.find("a", "second") != second);
    const std::string half(600'000, 'x');
    const auto long_one = cache.find("a", half);
    CHECK(cache.find("a", half) == long_one);
    cache.find("b", half);
    CHECK(cache.find("a", half) != long_one);
    const std::string too_long(2'000'000, 'x');
    CHECK(cache.find("a", too_long) != cache.find("a", too_long));
}

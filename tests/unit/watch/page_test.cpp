// Pages of lists.
#include "watch/page.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using watch::Page;

namespace {

std::vector<std::string> items_of(Page& page) {
    std::vector<std::string> items;
    const auto read = page.for_each([&](std::string_view item) -> Result<void> {
        items.emplace_back(item);
        return {};
    });
    if (!read) items.push_back("error: " + read.error().message);
    return items;
}

}  // namespace

TEST_CASE("a page has a version, a token and items, in whatever order they stand") {
    const auto* body = GENERATE(
        R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"77","continue":"abc","remainingItemCount":5},"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]})",
        R"({"apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}],"kind":"List","metadata":{"continue":"abc","resourceVersion":"77"}})");
    auto page = Page::read(body);
    REQUIRE(page);
    CHECK(page->version() == 77);
    CHECK(page->continue_token() == "abc");
    const std::vector<std::string> expected{R"({"metadata":{"name":"a"}})", R"({"metadata":{"name":"b"}})"};
    CHECK(items_of(*page) == expected);
    CHECK(items_of(*page) == expected);
}

TEST_CASE("a page that was moved still has its items") {
    auto first = Page::read(R"({"metadata":{"resourceVersion":"1"},"items":[{"a":1}]})");
    REQUIRE(first);
    Page second = std::move(*first);
    CHECK(items_of(second) == std::vector<std::string>{R"({"a":1})"});
}

TEST_CASE("no items is an empty list") {
    const auto* items = GENERATE("[]", "null");
    auto page = Page::read(R"({"metadata":{"resourceVersion":"1","continue":""},"items":)" + std::string(items) + "}");
    REQUIRE(page);
    CHECK(page->continue_token().empty());
    CHECK(items_of(*page).empty());
}

TEST_CASE("what is no list is never an empty one") {
    const auto* body = GENERATE("", "{}", "[]", "<html></html>", R"({"metadata":{"resourceVersion":"1"}})",
                                R"({"items":[]})", R"({"metadata":{"resourceVersion":""},"items":[]})",
                                R"({"metadata":{"resourceVersion":"1"},"items":[])",
                                R"({"metadata":{"resourceVersion":"1"},"items":[{"a":1},)");
    CAPTURE(body);
    CHECK_FALSE(Page::read(body));
}

TEST_CASE("an item that is no object and a taker that fails end the reading") {
    auto page = Page::read(R"({"metadata":{"resourceVersion":"1"},"items":[{"a":1},5]})");
    REQUIRE(page);
    CHECK(items_of(*page).back().starts_with("error"));
    int taken = 0;
    CHECK_FALSE(page->for_each([&](std::string_view) -> Result<void> {
        ++taken;
        return fail("enough");
    }));
    CHECK(taken == 1);
}

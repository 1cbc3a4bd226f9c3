// Lines of a watch stream, however they are written and cut.
#include "watch/line.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::watch;

namespace {

const std::string object = R"({"metadata":{"name":"a","resourceVersion":"5"}})";

}  // namespace

TEST_CASE("the object of an event is cut out as it stands") {
    LineReader reader;
    const auto [text, type] = GENERATE(table<std::string, EventType>({
        {R"({"type":"ADDED","object":)" + object + "}", EventType::added},
        {R"({"type":"MODIFIED","object":)" + object + "}", EventType::modified},
        {R"({"type":"DELETED","object":)" + object + "}", EventType::deleted},
        {R"({"object":)" + object + R"(,"type":"DELETED"})", EventType::deleted},
        {R"({ "type" : "ADDED" , "object": )" + object + "}\r", EventType::added},
    }));
    CAPTURE(text);
    const auto line = reader.read(text);
    REQUIRE(line);
    REQUIRE(std::holds_alternative<EventLine>(*line));
    CHECK(std::get<EventLine>(*line).type == type);
    CHECK(std::get<EventLine>(*line).object_json == object);
}

TEST_CASE("a bookmark says its version and whether the initial events end") {
    LineReader reader;
    const auto plain = reader.read(
        R"({"type":"BOOKMARK","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"12746","creationTimestamp":null}}})");
    REQUIRE(plain);
    CHECK(std::get<BookmarkLine>(*plain).version == 12746);
    CHECK_FALSE(std::get<BookmarkLine>(*plain).initial_events_end);
    const auto end = reader.read(
        R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9","annotations":{"k8s.io/initial-events-end":"true"}}}})");
    REQUIRE(end);
    CHECK(std::get<BookmarkLine>(*end).initial_events_end);
}

TEST_CASE("an error says its status and when to come again") {
    LineReader reader;
    const auto line = reader.read(
        R"J({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version: 1 (9)","reason":"Expired","code":410
}
})J");
    REQUIRE(line);
    CHECK(std::get<ErrorLine>(*line).failure == Failure{410, "too old resource version: 1 (9)"});
    const auto busy = reader.read(
        R"({"type":"ERROR","object":{"reason":"TooManyRequests","code":429,"details":{"retryAfterSeconds":3}}})");
    REQUIRE(busy);
    CHECK(std::get<ErrorLine>(*busy).failure == Failure{429, "TooManyRequests", Milliseconds(3000)});
}

TEST_CASE("what is no line of a watch is refused") {
    LineReader reader;
    const auto* text = GENERATE(
        "", " ", "{}", "[]", "<html>", "{", R"({"type":"ADDED"})", R"({"type":"ADDED}})",
        R"({"type":"ADDED","object":5})", R"({"type":"ADDED","object":{"metadata":{"name":"a"})",
        R"({"type":"SOMETHING","object":{}})", R"({"type":5,"object":{}})", R"({"type":"BOOKMARK","object":{}})",
        R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"x"}}})", R"({"kind":"Status","code":500})",
        R"({"type":"ADDED","object":{}} {"type":"ADDED"})");
    CAPTURE(text);
    CHECK_FALSE(reader.read(text));
}

TEST_CASE("lines are put together from chunks of any size") {
    const std::string text = "first\nsecond line\n\nthird\nrest";
    for (std::size_t size = 1; size <= text.size(); ++size) {
        LineSplitter splitter(1024);
        std::vector<std::string> lines;
        for (std::size_t at = 0; at < text.size(); at += size) {
            CHECK(splitter.feed(std::string_view(text).substr(at, size), [&](std::string_view line) {
                lines.emplace_back(line);
                return true;
            }));
        }
        CHECK(lines == std::vector<std::string>{"first", "second line", "third"});
    }
}

TEST_CASE("a line that is too long is an error, in one chunk or in many") {
    const auto ignore = [](std::string_view) { return true; };
    LineSplitter whole(10);
    CHECK(whole.feed("0123456789\n", ignore));
    CHECK_FALSE(whole.feed("0123456789a\n", ignore));
    LineSplitter pieces(10);
    CHECK(pieces.feed("01234567", ignore));
    CHECK_FALSE(pieces.feed("01234567", ignore));
}

TEST_CASE("no line is handed out after one that ends the stream") {
    LineSplitter splitter(100);
    int lines = 0;
    CHECK(splitter.feed("a\nb\nc\n", [&](std::string_view) { return ++lines < 2; }));
    CHECK(lines == 2);
}

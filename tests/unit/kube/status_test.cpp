#include "kube/client.hpp"
#include "kube/client_answer.hpp"

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::kube;

namespace {

Status status_of(int code, const std::string& body, http2::Headers headers = {}) {
    return read_status({code, std::move(headers), body, {}});
}

}  // namespace

TEST_CASE("a Status is read") {
    const auto status =
        status_of(403, R"({"kind":"Status","status":"Failure","message":"no: being terminated",)"
                       R"("reason":"Forbidden","details":{"causes":[{"reason":"NamespaceTerminating"}],)"
                       R"("retryAfterSeconds":3},"code":403})");
    CHECK(status.code == 403);
    CHECK(status.reason == "Forbidden");
    CHECK(status.message == "no: being terminated");
    CHECK(status.cause == "NamespaceTerminating");
    CHECK(status.retry_after == Milliseconds(3000));
    CHECK(status_of(429, "{}", {{"retry-after", "2"}}).retry_after == Milliseconds(2000));
    CHECK(
        status_of(429, R"({"kind":"Status","details":{"retryAfterSeconds":7}})", {{"retry-after", "2"}}).retry_after ==
        Milliseconds(2000));
}

TEST_CASE("an answer that is no Status gets the usual reason and its text") {
    CHECK(status_of(404, "404 page not found\n").reason == "NotFound");
    CHECK(status_of(404, "404 page not found\n").message == "404 page not found");
    CHECK(status_of(503, "").message == "HTTP 503");
    CHECK(status_of(502, "<html>\x01\xff").message == "<html>");
    CHECK(status_of(409, R"({"kind":"ConfigMap"})").reason == "Conflict");
}

TEST_CASE("garbage never throws") {
    const std::vector<std::string> bodies = {
        "null",
        "[]",
        "1",
        "\"x\"",
        "{",
        "{\"kind\":\"Status\"",
        "\xff\xfe",
        std::string("\0", 1),
        R"({"kind":1,"reason":[],"message":{},"code":"x","details":[]})",
        R"({"kind":"Status","reason":1,"message":null,"code":1e400,"details":{"causes":{},"retryAfterSeconds":"x"}})",
        R"({"kind":"Status","code":99999999999999999999,"details":{"causes":[1],"retryAfterSeconds":-5}})",
        R"({"kind":"Status","code":-1,"details":{"causes":[],"retryAfterSeconds":9223372036854775807}})",
        std::string(100'000, '['),
        std::string(100'000, '{')};
    for (const auto& body : bodies) {
        const auto status = status_of(500, body, {{"retry-after", "Wed, 21 Oct 2015 07:28:00 GMT"}});
        CHECK(status.code == 500);
        CHECK(status.reason == "InternalError");
        CHECK_FALSE(status.message.empty());
        CHECK(status.retry_after.value_or(Milliseconds(0)) <= std::chrono::hours(24));
    }
}

TEST_CASE("an object is not there only where a Status says so of its name") {
    const auto says = [](int code, const std::string& body) { return says_not_there({code, {}, body, {}}, "a"); };
    CHECK(says(404, R"({"kind":"Status","reason":"NotFound","details":{"name":"a","kind":"configmaps"}})"));
    CHECK_FALSE(says(404, R"({"kind":"Status","reason":"NotFound","details":{"name":"b","kind":"configmaps"}})"));
    CHECK_FALSE(says(404, R"({"kind":"Status","reason":"NotFound","details":{}})"));
    CHECK_FALSE(says(404, R"({"kind":"Status","reason":"NotFound"})"));
    CHECK_FALSE(says(404, "404 page not found"));
    CHECK_FALSE(says(403, R"({"kind":"Status","reason":"NotFound","details":{"name":"a"}})"));
}

TEST_CASE("a kind whose definition is being deleted is not served any more") {
    const kube::Kind tide{"moontide.test/v1", "Tide"};
    const auto document = [](const std::string& verbs) {
        return R"({"kind":"APIResourceList","resources":[
            {"name":"tides/status","kind":"Tide","verbs":["get","patch","create"]},
            {"name":"tides","kind":"Tide","verbs":)" +
               verbs + "}]}";
    };
    const auto answer = [](int status, const std::string& body) { return Answer{status, {}, body, {}}; };
    CHECK(serves(answer(200, document(R"(["create","get"])")), tide) == true);
    CHECK(serves(answer(200, document(R"(["delete","get","list"])")), tide) == false);
    CHECK(serves(answer(200, R"({"kind":"APIResourceList","resources":[]})"), tide) == false);
    CHECK(serves(answer(404, "404 page not found"), tide) == false);
    CHECK_FALSE(serves(answer(503, "busy"), tide).has_value());
    CHECK_FALSE(serves(answer(200, "a page of a proxy's own"), tide).has_value());
}

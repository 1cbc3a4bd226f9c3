#include "serve/address.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using serve::Address;

TEST_CASE("an address is a port, or a host and a port") {
    struct Case {
        std::string text;
        Address address;
        std::string back;
    };
    const std::vector<Case> cases{
        {":8080", {"", 8080}, ":8080"},
        {"127.0.0.1:8080", {"127.0.0.1", 8080}, "127.0.0.1:8080"},
        {"0.0.0.0:1", {"0.0.0.0", 1}, "0.0.0.0:1"},
        {"[::1]:8080", {"::1", 8080}, "[::1]:8080"},
        {"[::]:65535", {"::", 65535}, "[::]:65535"},
        {"localhost:0", {"localhost", 0}, "localhost:0"},
    };
    for (const auto& one : cases) {
        INFO(one.text);
        const auto parsed = serve::parse_address(one.text, "--here");
        REQUIRE(parsed);
        REQUIRE(*parsed);
        CHECK(**parsed == one.address);
        CHECK((*parsed)->text() == one.back);
    }
}

TEST_CASE("0 and nothing mean nowhere") {
    for (const std::string text : {"0", ""}) {
        const auto parsed = serve::parse_address(text, "--here");
        REQUIRE(parsed);
        CHECK_FALSE(*parsed);
    }
}

TEST_CASE("what is no address is told with its flag, its text and the way out") {
    for (const std::string text : {"8080", "localhost", "127.0.0.1:", ":http", ":65536", ":-1", ":80x", "::1:8080",
                                   "[::1]8080", "[::1", "[127.0.0.1]:80", ": 80"}) {
        INFO(text);
        const auto parsed = serve::parse_address(text, "--here");
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().message.starts_with("--here '" + text + "'"));
        CHECK(parsed.error().message.find("0 for none") != std::string::npos);
    }
}

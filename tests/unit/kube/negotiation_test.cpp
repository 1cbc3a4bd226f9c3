#include "kube/proxy_negotiation.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::kube;
using namespace std::string_literals;

namespace {

Proxy proxy_of(Proxy::Kind kind, std::string user = {}, std::string password = {}) {
    return {kind, "proxy", 1, std::move(user), std::move(password), "proxy-url", {}};
}

struct Spoken {
    std::string sent;
    std::string outcome;  ///< "open", "awaits ..." or the error
    std::size_t unread = 0;
};

/// What comes of a proxy that says `answers`, in pieces of `piece` bytes at most.
Spoken spoken(Negotiation& negotiation, std::string_view answers, std::size_t piece) {
    Spoken result;
    auto turn = negotiation.begin();
    while (turn) {
        result.sent += turn->send;
        if (turn->read == 0) {
            result.outcome = "open";
            break;
        }
        if (answers.empty()) {
            result.outcome = "awaits " + negotiation.awaited();
            break;
        }
        const auto bytes = answers.substr(0, std::min(turn->read, piece));
        answers.remove_prefix(bytes.size());
        turn = negotiation.received(bytes);
    }
    if (!turn) result.outcome = turn.error().message;
    result.unread = answers.size();
    return result;
}

/// The same in pieces of any size.
Spoken spoken_with(const Proxy& proxy, const std::string& host, std::string_view answers) {
    const auto make = proxy.kind == Proxy::Kind::socks5 ? socks5_negotiation : connect_negotiation;
    const auto whole = spoken(*make(proxy, host, 6443), answers, 100'000);
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
        const auto again = spoken(*make(proxy, host, 6443), answers, piece);
        INFO("pieces of " << piece << ": " << again.outcome);
        CHECK(again.sent == whole.sent);
        CHECK((again.outcome == "open") == (whole.outcome == "open"));
    }
    return whole;
}

std::string connect(std::string_view answer, const std::string& user = {}) {
    return spoken_with(proxy_of(Proxy::Kind::http, user), "api", answer).outcome;
}

std::string socks5(std::string_view answer, const std::string& user = {}) {
    return spoken_with(proxy_of(Proxy::Kind::socks5, user, "pass"), "api", answer).outcome;
}

}  // namespace

TEST_CASE("CONNECT is asked for, with Basic credentials where there is a user") {
    CHECK(spoken_with(proxy_of(Proxy::Kind::http), "api", {}).sent ==
          "CONNECT api:6443 HTTP/1.1\r\nHost: api:6443\r\n\r\n");
    CHECK(spoken_with(proxy_of(Proxy::Kind::https, "ada", "s:cret"), "fd00::1", {}).sent ==
          "CONNECT [fd00::1]:6443 HTTP/1.1\r\nHost: [fd00::1]:6443\r\n"
          "Proxy-Authorization: Basic YWRhOnM6Y3JldA==\r\n\r\n");
}

TEST_CASE("any 2xx opens a CONNECT's stream, also after informational answers") {
    CHECK(connect("HTTP/1.1 200 Connection established\r\n\r\n") == "open");
    CHECK(connect("HTTP/1.0 200 OK\r\nVia: a\r\nX: b\r\n\r\n") == "open");
    CHECK(connect("HTTP/1.1 204\r\n\r\n") == "open");
    CHECK(connect("HTTP/1.1 200 OK\n\n") == "open");
    CHECK(connect("HTTP/1.1 200 OK\nVia: a\r\n\r\n") == "open");
    CHECK(connect("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n\r\n") ==
          "open");
}

TEST_CASE("a CONNECT that is refused names the status and what to do") {
    CHECK(connect("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") ==
          "refuses CONNECT api:6443 with 'HTTP/1.1 407 Proxy Authentication Required': its URL must bring a user and "
          "password (user:password@ before the host)");
    CHECK(connect("HTTP/1.1 407 No\r\n\r\nsome page", "ada") ==
          "refuses CONNECT api:6443 with 'HTTP/1.1 407 No': it does not take the user and password of its URL");
    CHECK(connect("HTTP/1.0 401 Unauthorized\r\n\r\n", "ada").ends_with("take the user and password of its URL"));
    CHECK(connect("HTTP/1.1 403 Filtered\r\n\r\n") ==
          "refuses CONNECT api:6443 with 'HTTP/1.1 403 Filtered': its rules must allow this host and port");
    CHECK(connect("HTTP/1.1 503 Unavailable\r\n\r\n") ==
          "refuses CONNECT api:6443 with 'HTTP/1.1 503 Unavailable': it does not reach the server");
    CHECK(connect("HTTP/1.1 301 Moved\r\n\r\n") ==
          "refuses CONNECT api:6443 with 'HTTP/1.1 301 Moved': it must allow CONNECT to this host and port");
}

TEST_CASE("what is no answer to CONNECT is an error") {
    CHECK(connect("SSH-2.0-OpenSSH_9.2\r\n") ==
          "no HTTP in the answer to CONNECT: 'SSH-2.0-OpenSSH_9.2'; is it an HTTP proxy, or does its URL begin with "
          "socks5://?");
    CHECK(connect("\x15\x03\x01\x00\x02\x02\x46"s).find("it speaks TLS, so its URL begins with https://") !=
          std::string::npos);
    CHECK(connect("\r\n\r\n") != "open");
    for (const auto* line : {"HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 2", "HTTP/1.1 20x", "HTTP/1.1 2000", "HTTP/1.1  200",
                             "HTTP/1.1 -20", "HTTP/1.1 099"}) {
        INFO(line);
        CHECK(connect(line + "\r\n\r\n"s).starts_with("an answer to CONNECT without a status"));
    }
    // Whoever reads in smaller pieces leaves the rest to TLS, which makes nothing of it either.
    const auto eager = connect_negotiation(proxy_of(Proxy::Kind::http), "api", 6443);
    CHECK(spoken(*eager, "HTTP/1.1 200 OK\r\n\r\n\x16\x03", 100).outcome ==
          "2 bytes after the head of the answer to CONNECT api:6443, where none may be");
    CHECK(connect("HTTP/1.1 200 OK\r\nVia: a\r\n") == "awaits the answer to CONNECT api:6443");
    CHECK(connect("") == "awaits the answer to CONNECT api:6443");
}

TEST_CASE("an answer to CONNECT without end is an error") {
    std::string endless = "HTTP/1.1 200 OK\r\n";
    while (endless.size() < 100'000) endless += "X-Padding: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
    const auto result = spoken_with(proxy_of(Proxy::Kind::http), "api", endless);
    CHECK(result.outcome == "an answer to CONNECT of more than 16384 bytes");
    CHECK(result.unread > 70'000);
    std::string informational;
    while (informational.size() < 100'000) informational += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(connect(informational) == "an answer to CONNECT of more than 16384 bytes");
}

TEST_CASE("a hostile status line is cut and made printable") {
    const auto message = connect("HTTP/1.1 500 \x1b[2J" + std::string(5000, 'x') + "\r\n\r\n");
    CHECK(message.find("'HTTP/1.1 500 ?[2Jxxxx") != std::string::npos);
    CHECK(message.size() < 400);
}

TEST_CASE("SOCKS5 is spoken for a name, which the proxy resolves, and for addresses") {
    const auto open =
        "\x05\x00"
        "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s;
    const auto sent = [&](const std::string& host) {
        const auto result = spoken_with(proxy_of(Proxy::Kind::socks5), host, open);
        CHECK(result.outcome == "open");
        CHECK(result.unread == 0);
        return result.sent;
    };
    CHECK(sent("api.test") ==
          "\x05\x01\x00"
          "\x05\x01\x00\x03\x08"
          "api.test\x19\x2b"s);
    CHECK(sent("10.1.2.3") ==
          "\x05\x01\x00"
          "\x05\x01\x00\x01\x0a\x01\x02\x03\x19\x2b"s);
    CHECK(sent("fd00::1") ==
          "\x05\x01\x00"
          "\x05\x01\x00\x04\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x19\x2b"s);
}

TEST_CASE("a SOCKS5 reply is read to its end and no further, whatever its address") {
    for (const auto& address : {"\x01"
                                "abcd"s,
                                "\x04"
                                "abcdefghijklmnop"s,
                                "\x03\x05host1"s, "\x03\x00"s, "\x03\xff"s + std::string(255, 'x')}) {
        const auto result = spoken_with(proxy_of(Proxy::Kind::socks5), "api",
                                        "\x05\x00\x05\x00\x00"s + address + "\x00\x50"s + "the server's");
        CHECK(result.outcome == "open");
        CHECK(result.unread == 12);
    }
}

TEST_CASE("SOCKS5 logs in where the proxy asks for it") {
    const auto open = "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"s;
    const auto ada = proxy_of(Proxy::Kind::socks5, "ada", "s:cret");
    const auto asked = spoken_with(ada, "api", "\x05\x02\x01\x00"s + open);
    CHECK(asked.outcome == "open");
    CHECK(
        asked.sent.starts_with("\x05\x02\x00\x02\x01\x03"
                               "ada\x06s:cret\x05\x01"s));
    const auto not_asked = spoken_with(ada, "api", "\x05\x00"s + open);
    CHECK(not_asked.outcome == "open");
    CHECK(not_asked.sent.find("ada") == std::string::npos);
    CHECK(socks5("\x05\x02\x01\x01"s, "ada") == "does not take the user and password of its URL (SOCKS5 status 1)");
    CHECK(socks5("\x05\xff"s) ==
          "takes nobody without a log-in: its URL must bring a user and password (user:password@ before the host)");
    CHECK(socks5("\x05\xff"s, "ada") ==
          "takes neither nobody nor a user and password, and no other log-in is known here");
    CHECK(socks5("\x05\x02"s) == "chooses log-in method 2, which it was not offered");
    CHECK(socks5("\x05\x01"s, "ada") == "chooses log-in method 1, which it was not offered");
}

TEST_CASE("SOCKS5 replies have the names of the RFC") {
    const auto reply = [](char code) { return socks5("\x05\x00\x05"s + code); };
    CHECK(reply(1).starts_with("SOCKS5 reply 1 to CONNECT api:6443, 'general SOCKS server failure': "));
    CHECK(reply(2) ==
          "SOCKS5 reply 2 to CONNECT api:6443, 'connection not allowed by ruleset': its rules must allow this "
          "host and port");
    CHECK(reply(3).find("'Network unreachable'") != std::string::npos);
    CHECK(reply(4).find("'Host unreachable'") != std::string::npos);
    CHECK(reply(5) ==
          "SOCKS5 reply 5 to CONNECT api:6443, 'Connection refused': it does not reach the server, or cannot "
          "resolve its name");
    CHECK(reply(6).find("'TTL expired'") != std::string::npos);
    CHECK(reply(7).find("'Command not supported'") != std::string::npos);
    CHECK(reply(8).find("'Address type not supported'") != std::string::npos);
    CHECK(reply(9).find("'unassigned'") != std::string::npos);
    CHECK(reply('\xff').find("SOCKS5 reply 255") != std::string::npos);
}

TEST_CASE("what is no answer of SOCKS5 is an error") {
    CHECK(socks5("HTTP/1.1 400 Bad Request\r\n\r\n") ==
          "no SOCKS5 in the answer to SOCKS5's greeting, which begins with byte 72; is it a SOCKS5 proxy, or does its "
          "URL "
          "begin with http:// or https://?");
    CHECK(socks5("\x04\x5a"s).starts_with("no SOCKS5"));
    CHECK(socks5("\x05\x02\x05\x00"s, "ada").starts_with("no SOCKS5 in the answer to SOCKS5's log-in"));
    CHECK(socks5("\x05\x00\x04"s).starts_with("no SOCKS5 in the SOCKS5 reply to CONNECT api:6443"));
    CHECK(socks5("\x05\x00\x05\x00\x01\x01"s) == "a SOCKS5 reply whose third byte is not 0");
    CHECK(socks5("\x05\x00\x05\x00\x00\x02"s) == "a SOCKS5 reply with the unknown address type 2");
    CHECK(socks5("\x05"s) == "awaits the answer to SOCKS5's greeting");
    CHECK(socks5("\x05\x00\x05\x00\x00\x03\x09"s) == "awaits the SOCKS5 reply to CONNECT api:6443");
}

TEST_CASE("a host's name that SOCKS5 has no room for is an error") {
    const auto proxy = proxy_of(Proxy::Kind::socks5);
    CHECK(spoken_with(proxy, std::string(256, 'a'), {}).outcome.starts_with("SOCKS5 has room for 255 bytes"));
    CHECK(spoken_with(proxy, std::string(255, 'a'), {}).outcome == "awaits the answer to SOCKS5's greeting");
}

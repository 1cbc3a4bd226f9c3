#include "kube/connection_url.hpp"
#include "kube/proxy_negotiation.hpp"

#include <array>
#include <utility>

#include <arpa/inet.h>

namespace moontide::kube {

namespace {

// RFC 1928, and RFC 1929 for the version of the log-in.
constexpr unsigned char version = 5;
constexpr unsigned char login_version = 1;
constexpr unsigned char no_login = 0;
constexpr unsigned char user_and_password = 2;
constexpr unsigned char nothing_acceptable = 0xff;
constexpr unsigned char connect = 1;
constexpr unsigned char ipv4 = 1;
constexpr unsigned char name = 3;
constexpr unsigned char ipv6 = 4;

std::string_view name_of_reply(unsigned char reply) {
    static constexpr std::array<std::string_view, 9> names = {
        "succeeded",
        "general SOCKS server failure",
        "connection not allowed by ruleset",
        "Network unreachable",
        "Host unreachable",
        "Connection refused",
        "TTL expired",
        "Command not supported",
        "Address type not supported",
    };
    return reply < names.size() ? names[reply] : "unassigned";
}

std::string_view advice(unsigned char reply) {
    switch (reply) {
        case 2:
            return "its rules must allow this host and port";
        case 7:
        case 8:
        case 0:
            return "it must support CONNECT to names and addresses";
        default:
            return "it does not reach the server, or cannot resolve its name";
    }
}

class Socks5 final : public Negotiation {
public:
    Socks5(const Proxy& proxy, std::string host, std::uint16_t port)
        : user_(proxy.user), password_(proxy.password), host_(std::move(host)), port_(port) {}

    Result<Turn> begin() override {
        if (host_.size() > 255) return fail("SOCKS5 has room for 255 bytes of a host's name: '" + host_ + "'");
        std::string greeting{static_cast<char>(version), 1, static_cast<char>(no_login)};
        if (!user_.empty()) {
            greeting[1] = 2;
            greeting += static_cast<char>(user_and_password);
        }
        return Turn{std::move(greeting), 2};
    }

    Result<Turn> received(std::string_view bytes) override {
        answer_ += bytes;
        if (byte(0) != (state_ == State::login ? login_version : version)) {
            return fail("no SOCKS5 in " + awaited() + ", which begins with byte " + std::to_string(byte(0)) +
                            "; is it a SOCKS5 proxy, or does its URL begin with http:// or https://?",
                        Retry::later);
        }
        if (answer_.size() < 2) return Turn{{}, 1};
        switch (state_) {
            case State::method:
                return method_chosen();
            case State::login:
                return logged_in();
            case State::reply:
                return replied();
        }
        std::unreachable();
    }

    std::string awaited() const override {
        if (state_ == State::method) return "the answer to SOCKS5's greeting";
        if (state_ == State::login) return "the answer to SOCKS5's log-in";
        return "the SOCKS5 reply to CONNECT " + target();
    }

private:
    enum class State { method, login, reply };

    Result<Turn> method_chosen() {
        const auto method = byte(1);
        if (method == no_login) return request();
        if (method == user_and_password && !user_.empty()) {
            state_ = State::login;
            answer_.clear();
            std::string login{static_cast<char>(login_version), static_cast<char>(user_.size())};
            login += user_;
            login += static_cast<char>(password_.size());
            login += password_;
            return Turn{std::move(login), 2};
        }
        if (method == nothing_acceptable) {
            return fail(user_.empty()
                            ? "takes nobody without a log-in: its URL must bring a user and password "
                              "(user:password@ before the host)"
                            : "takes neither nobody nor a user and password, and no other log-in is known here",
                        Retry::later);
        }
        return fail("chooses log-in method " + std::to_string(method) + ", which it was not offered", Retry::later);
    }

    Result<Turn> logged_in() {
        if (byte(1) != 0) {
            return fail(
                "does not take the user and password of its URL (SOCKS5 status " + std::to_string(byte(1)) + ")",
                Retry::later);
        }
        return request();
    }

    Turn request() {
        state_ = State::reply;
        answer_.clear();
        std::string text{static_cast<char>(version), static_cast<char>(connect), 0};
        in6_addr address{};  // the larger of the two
        const auto* const bytes = reinterpret_cast<const char*>(&address);
        if (::inet_pton(AF_INET, host_.c_str(), &address) == 1) {
            text += static_cast<char>(ipv4);
            text.append(bytes, 4);
        } else if (::inet_pton(AF_INET6, host_.c_str(), &address) == 1) {
            text += static_cast<char>(ipv6);
            text.append(bytes, 16);
        } else {
            text += static_cast<char>(name);
            text += static_cast<char>(host_.size());
            text += host_;
        }
        text += static_cast<char>(port_ >> 8U);
        text += static_cast<char>(port_ & 0xffU);
        return Turn{std::move(text), 4};
    }

    Result<Turn> replied() {
        if (byte(1) != 0) {  // what follows it may be left out, whatever the RFC says
            return fail("SOCKS5 reply " + std::to_string(byte(1)) + " to CONNECT " + target() + ", '" +
                            std::string(name_of_reply(byte(1))) + "': " + std::string(advice(byte(1))),
                        Retry::later);
        }
        // The address that the proxy speaks from, of no interest but for its length; a name's length is its first byte.
        if (answer_.size() < 4) return Turn{{}, 4 - answer_.size()};
        if (byte(2) != 0) return fail("a SOCKS5 reply whose third byte is not 0", Retry::later);
        std::size_t size = 4 + 2;
        switch (byte(3)) {
            case ipv4:
                size += 4;
                break;
            case ipv6:
                size += 16;
                break;
            case name:
                if (answer_.size() < 5) return Turn{{}, 1};
                size += 1 + std::size_t{byte(4)};
                break;
            default:
                return fail("a SOCKS5 reply with the unknown address type " + std::to_string(byte(3)), Retry::later);
        }
        return Turn{{}, size - answer_.size()};
    }

    unsigned char byte(std::size_t at) const { return static_cast<unsigned char>(answer_[at]); }
    std::string target() const { return Url{{}, {}, {}, host_, port_, {}}.authority(); }

    std::string user_;
    std::string password_;
    std::string host_;
    std::uint16_t port_;
    State state_ = State::method;
    std::string answer_;  // so far, to what was sent last
};

}  // namespace

std::unique_ptr<Negotiation> socks5_negotiation(const Proxy& proxy, const std::string& host, std::uint16_t port) {
    return std::make_unique<Socks5>(proxy, host, port);
}

}  // namespace moontide::kube

#include "kube/connection_url.hpp"
#include "kube/credentials_base64.hpp"
#include "kube/proxy_negotiation.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace moontide::kube {

namespace {

constexpr std::size_t answer_limit = std::size_t{16} * 1024;
constexpr std::size_t piece = 4096;
constexpr std::string_view protocol = "HTTP/1.";

/// The end of the first head in `text`, looked for from `from` on; its lines may end without a CR (RFC 9112, 2.2).
std::optional<std::size_t> end_of_head(std::string_view text, std::size_t from) {
    for (auto line = text.find('\n', from); line != std::string_view::npos; line = text.find('\n', line + 1)) {
        const auto rest = text.substr(line + 1);
        if (rest.starts_with('\n')) return line + 2;
        if (rest.starts_with("\r\n")) return line + 3;
    }
    return std::nullopt;
}

/// Fit for a message: somebody else wrote it.
std::string in_quotes(std::string_view line) {
    std::string text(line.substr(0, 200));
    std::ranges::replace_if(text, [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
    return "'" + text + (line.size() > 200 ? "...'" : "'");
}

/// Of "HTTP/1.1 200 Connection established".
std::optional<int> status_of(std::string_view line) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    const auto rest = line.substr(space + 1);
    const auto digits = rest.substr(0, rest.find(' '));
    int status = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), status);
    if (error != std::errc() || end != digits.data() + digits.size() || digits.size() != 3 || status < 100) {
        return std::nullopt;
    }
    return status;
}

class Connect final : public Negotiation {
public:
    Connect(const Proxy& proxy, const std::string& host, std::uint16_t port)
        : target_(Url{{}, {}, {}, host, port, {}}.authority()), has_user_(!proxy.user.empty()) {
        request_ = "CONNECT " + target_ + " HTTP/1.1\r\nHost: " + target_ + "\r\n";
        if (has_user_) {
            request_ += "Proxy-Authorization: Basic " + to_base64(proxy.user + ":" + proxy.password) + "\r\n";
        }
        request_ += "\r\n";
    }

    Result<Turn> begin() override { return Turn{request_, piece}; }

    Result<Turn> received(std::string_view bytes) override {
        const auto from = answer_.size() < 2 ? 0 : answer_.size() - 2;
        answer_ += bytes;
        total_ += bytes.size();
        auto end = end_of_head(answer_, from);
        while (true) {
            if (!std::string_view(answer_).starts_with(protocol.substr(0, answer_.size()))) return no_http();
            if (!end) break;
            const auto line = first_line();
            const auto status = status_of(line);
            if (!status) return fail("an answer to CONNECT without a status: " + in_quotes(line), Retry::later);
            if (*status >= 200) return finished(*status, line, *end);
            answer_.erase(0, *end);  // informational, the answer is still to come
            end = end_of_head(answer_, 0);
        }
        if (total_ > answer_limit) {
            return fail("an answer to CONNECT of more than " + std::to_string(answer_limit) + " bytes", Retry::later);
        }
        return Turn{{}, piece};
    }

    std::string awaited() const override { return "the answer to CONNECT " + target_; }

private:
    std::string first_line() const {
        auto line = answer_.substr(0, answer_.find('\n'));
        if (line.ends_with('\r')) line.pop_back();
        return line;
    }

    Result<Turn> no_http() const {
        // The first bytes of a TLS alert and of a handshake.
        const bool tls = answer_.front() == 0x15 || answer_.front() == 0x16;
        return fail("no HTTP in the answer to CONNECT: " + in_quotes(first_line()) +
                        (tls ? "; it speaks TLS, so its URL begins with https://"
                             : "; is it an HTTP proxy, or does its URL begin with socks5://?"),
                    Retry::later);
    }

    Result<Turn> finished(int status, const std::string& line, std::size_t end) const {
        if (status >= 300) {
            return fail("refuses CONNECT " + target_ + " with " + in_quotes(line) + ": " + advice(status),
                        Retry::later);
        }
        // TLS servers wait to be spoken to, so this is not the server's.
        if (end < answer_.size()) {
            return fail(std::to_string(answer_.size() - end) + " bytes after the head of the answer to CONNECT " +
                            target_ + ", where none may be",
                        Retry::later);
        }
        return Turn{};
    }

    std::string advice(int status) const {
        if (status == 407 || status == 401) {  // the latter is what some proxies say instead
            return has_user_ ? "it does not take the user and password of its URL"
                             : "its URL must bring a user and password (user:password@ before the host)";
        }
        if (status == 403) return "its rules must allow this host and port";
        if (status >= 500) return "it does not reach the server";
        return "it must allow CONNECT to this host and port";
    }

    std::string target_;
    bool has_user_;
    std::string request_;
    std::string answer_;
    std::size_t total_ = 0;
};

}  // namespace

std::unique_ptr<Negotiation> connect_negotiation(const Proxy& proxy, const std::string& host, std::uint16_t port) {
    return std::make_unique<Connect>(proxy, host, port);
}

}  // namespace moontide::kube

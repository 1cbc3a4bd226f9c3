#include "kube/tls_socket.hpp"

#include "loopback.hpp"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <sys/socket.h>

using namespace moontide;
using namespace moontide::kube;

namespace {

/// Takes all that a socket has, as a layer of TLS takes a whole record. Once it is told to, it gives nothing out before
/// it has so much.
class Hoard final : public ByteStream {
public:
    explicit Hoard(int descriptor) : under_(descriptor) {}

    Moved read(std::span<char> room) override {
        std::array<char, 65536> buffer;
        while (true) {
            const auto [flow, bytes] = under_.read(buffer);
            if (flow != Flow::done && held_.empty()) return {flow};
            if (flow != Flow::done) break;
            held_.append(buffer.data(), bytes);
        }
        if (held_.size() < until) return {Flow::wants_input};
        until = 0;
        const auto count = std::min(room.size(), held_.size());
        std::copy_n(held_.data(), count, room.data());
        held_.erase(0, count);
        return {Flow::done, count};
    }
    Moved write(std::string_view bytes) override { return under_.write(bytes.substr(0, 1000)); }
    bool holds_bytes() const override { return !held_.empty(); }
    void say_end() override {}
    int descriptor() const override { return under_.descriptor(); }
    std::string failure() const override { return under_.failure(); }

    std::size_t until = 0;

private:
    TcpStream under_;
    std::string held_;
};

/// Sends a text, and keeps what comes.
struct Talker final : tls::Protocol {
    void on_open() override { open = true; }
    void on_bytes(const std::uint8_t* bytes, std::size_t size) override {
        got.append(reinterpret_cast<const char*>(bytes), size);
    }
    void collect(std::string& out) override { out += std::exchange(to_send, {}); }
    void on_failure(std::string what) override { failure = std::move(what); }

    bool open = false;
    std::string to_send;
    std::string got;
    std::string failure;
    std::unique_ptr<tls::Socket> socket;
};

}  // namespace

TEST_CASE("bytes that a layer beneath TLS holds are read, though no event tells of them") {
    constexpr auto size = std::size_t{4} << 20;
    Loop loop;
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
    const auto client = std::make_shared<Talker>();
    const auto server = std::make_shared<Talker>();
    const auto context = tls::client_context(Identities::shared().access()).value();
    auto hoard = std::make_unique<Hoard>(ends[0]);
    auto& held_back = *hoard;
    client->socket =
        std::make_unique<tls::Socket>(loop, std::move(hoard), tls::client_ssl(context, "localhost", true), client);
    const auto server_context = Identities::shared().server_context();
    tls::SslPtr accepting(SSL_new(server_context.get()));
    SSL_set_accept_state(accepting.get());
    server->socket =
        std::make_unique<tls::Socket>(loop, std::make_unique<Hoard>(ends[1]), std::move(accepting), server);
    client->socket->start();
    server->socket->start();
    run_until(loop, [&] { return client->open && server->open; });

    held_back.until = size;  // then next to nothing is still to come
    server->to_send.assign(size, 's');
    client->to_send.assign(size, 'c');
    server->socket->flush();
    client->socket->flush();
    run_until(loop, [&] { return client->got.size() == size && server->got.size() == size; });
    CHECK(client->got == std::string(size, 's'));
    CHECK(server->got == std::string(size, 'c'));
    client->socket->close();
    run_until(loop, [&] { return !server->failure.empty(); });
    CHECK(server->failure == "the peer closed the connection");
}

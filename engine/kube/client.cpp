#include "kube/client.hpp"

#include "base/log.hpp"
#include "kube/client_answer.hpp"
#include "kube/client_link.hpp"
#include "kube/connection_url.hpp"
#include "kube/tls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace moontide::kube {

namespace {

// A server that keeps refusing a certificate is not dialled anew for each request.
constexpr Milliseconds renewal_rest{10'000};

/// A request from send() or stream() until its last callback.
struct Pending {
    Call call;
    Done done;              // of send()
    StreamHandler handler;  // of stream()
    bool is_stream = false;
    Instant began;
    Loop::TimerId deadline = 0;
    bool retried = false;
    bool finished = false;
    ProofPtr proof;
    unsigned renewals = 0;  // of the client's links when it was sent
    std::shared_ptr<Link> link;
    std::shared_ptr<http2::Connection> connection;
    http2::StreamId stream = 0;
    Answer answer;
};
using PendingPtr = std::shared_ptr<Pending>;

class ClientImplementation final : public Client {
public:
    ClientImplementation(Loop& loop, Access access, ClientOptions options, Url url, std::optional<Proxy> proxy)
        : loop_(loop),
          access_(std::move(access)),
          options_(std::move(options)),
          url_(std::move(url)),
          proxy_(std::move(proxy)),
          host_(url_.authority()),
          credentials_(loop, access_, options_.credentials) {
        for (auto& link : lanes_) link = new_link();
    }

    ClientImplementation(const ClientImplementation&) = delete;
    ClientImplementation& operator=(const ClientImplementation&) = delete;

    ~ClientImplementation() override {
        while (!pending_.empty()) drop(PendingPtr(*pending_.begin()));
    }

    void send(Call call, Done done) override {
        const auto pending = std::make_shared<Pending>();
        pending->done = std::move(done);
        start(pending, std::move(call));
    }

    std::unique_ptr<Stream> stream(Call call, StreamHandler handler) override;

    void resolve(const Kind& kind, std::function<void(Result<std::optional<Resource>>)> done) override {
        auto known = well_known(kind);
        if (const auto found = resolved_.find(kind); found != resolved_.end()) known = found->second;
        if (known) {
            loop_.post([known = std::move(known), done = std::move(done)] { done(known); });
            return;
        }
        Call call;
        call.path = (kind.group().empty() ? "/api/" : "/apis/") + kind.api_version;
        send(std::move(call), [this, kind, done = std::move(done)](Result<Answer> answer) {
            if (!answer) return done(std::unexpected(std::move(answer).error()));
            done(discovered(kind, *answer));
        });
    }

    const std::string& host() const override { return host_; }
    std::chrono::seconds server_time_offset() const override { return server_time_offset_.load(); }

    /// Expires with the client.
    std::weak_ptr<bool> alive() const { return alive_; }

    /// Cancels, and calls nothing.
    void drop(const PendingPtr& pending) {
        if (std::exchange(pending->finished, true)) return;
        release(pending);
    }

private:
    std::shared_ptr<Link> new_link() {
        http2::ClientOptions to;
        to.host = url_.host;
        to.port = url_.port;
        to.server_name = access_.tls_server_name;
        to.verify = !access_.insecure_skip_tls_verify;
        to.proxy = proxy_;
        to.dial_timeout = options_.dial_timeout;
        to.ping_every = options_.ping_every;
        to.ping_timeout = options_.ping_timeout;
        return std::make_shared<Link>(loop_,
                                      LinkTarget{std::move(to), [this] { return context(); }, options_.redial_after});
    }

    /// Files are read again for each dial; where that fails, what was read before is still worth a try.
    Result<tls::Context> context() {
        const bool has_files = !access_.certificate_authority.file.empty() ||
                               !proof_->client_certificate.file.empty() || !proof_->client_key.file.empty();
        if (context_ && !has_files && context_proof_ == proof_) return context_;
        Access shown = access_;
        shown.client_certificate = proof_->client_certificate;
        shown.client_key = proof_->client_key;
        auto made = tls::client_context(shown);
        if (!made) {
            if (!context_) return made;
            log::warn("TLS files cannot be read, the last ones stay in use", {{"reason", made.error().message}});
            return context_;
        }
        context_ = std::move(*made);
        context_proof_ = proof_;
        return context_;
    }

    void start(const PendingPtr& pending, Call call) {
        pending->call = std::move(call);
        pending->began = system_clock().now();
        pending->deadline = loop_.after(pending->call.timeout, [this, pending] {
            finish(pending,
                   Error{"no answer within " + std::to_string(pending->call.timeout.count()) + " ms", Retry::later});
        });
        pending_.insert(pending);
        begin(pending);
    }

    void begin(const PendingPtr& pending) {
        credentials_.get([this, alive = alive(), pending](Result<ProofPtr> proof) {
            if (alive.expired() || pending->finished) return;
            if (!proof) return fail_soon(pending, std::move(proof).error());
            transmit(pending, *proof);
        });
    }

    void transmit(const PendingPtr& pending, const ProofPtr& proof) {
        if (proof != proof_) {
            const auto before = std::exchange(proof_, proof);
            if (before && before->client_certificate.inline_pem != proof->client_certificate.inline_pem) renew_links();
        }
        pending->proof = proof;
        pending->renewals = renewals_;
        pending->link = pending->is_stream ? watch_link() : lanes_[static_cast<std::size_t>(pending->call.lane)];
        auto connection = pending->link->connection();
        if (!connection) return fail_soon(pending, std::move(connection).error());
        pending->connection = std::move(*connection);
        pending->stream = pending->connection->send(
            request(pending->call, *proof),
            {[this, pending](int status, http2::Headers headers) { answered(pending, status, std::move(headers)); },
             [this, pending](std::string_view chunk) { received(pending, chunk); },
             [this, pending](std::optional<Error> error) { finish(pending, std::move(error)); }});
    }

    http2::Request request(const Call& call, const Proof& proof) const {
        http2::Request request{call.method, url_.path + call.path, {}, call.body};
        auto& headers = request.headers;
        headers.emplace_back("accept", call.accept);
        headers.emplace_back("user-agent", options_.user_agent.empty() ? "moontide" : options_.user_agent);
        if (!call.content_type.empty()) headers.emplace_back("content-type", call.content_type);
        if (!call.body.empty()) headers.emplace_back("content-length", std::to_string(call.body.size()));
        if (!proof.authorization.empty()) headers.emplace_back("authorization", proof.authorization);
        if (!access_.impersonate_user.empty()) headers.emplace_back("impersonate-user", access_.impersonate_user);
        for (const auto& group : access_.impersonate_groups) headers.emplace_back("impersonate-group", group);
        return request;
    }

    std::shared_ptr<Link> watch_link() {
        for (const auto& link : watches_) {
            if (link->streams() < options_.watches_per_connection) return link;
        }
        watches_.push_back(new_link());
        return watches_.back();
    }

    void renew_links() {
        ++renewals_;
        for (const auto& link : lanes_) link->renew();
        for (const auto& link : watches_) link->renew();
    }

    void answered(const PendingPtr& pending, int status, http2::Headers headers) {
        pending->link->answered();
        if (const auto date = date_of(headers)) {
            // The header is cut to whole seconds, so half of one is what it lacks on average.
            server_time_offset_ =
                std::chrono::round<std::chrono::seconds>(*date + Milliseconds(500) - system_clock().wall());
        }
        report(*pending, status);
        if (status == 401 && !pending->retried && may_succeed_now(*pending)) return try_again(pending);
        tell_refusal(status == 401);
        pending->answer.status = status;
        if (!pending->is_stream) {
            pending->answer.headers = std::move(headers);
            return;
        }
        loop_.cancel(std::exchange(pending->deadline, 0));
        if (pending->handler.on_headers) pending->handler.on_headers(status, std::move(headers));
    }

    void tell_refusal(bool refused) {
        if (std::exchange(refused_, refused) == refused) return;
        if (refused) {
            log::warn("the API server does not take our credentials (401); they are asked for again until it does",
                      {{"server", host_}, {"context", access_.context}});
        } else {
            log::info("the API server takes our credentials again", {{"server", host_}});
        }
    }

    /// Whether another try would show other credentials than the ones that were refused.
    bool may_succeed_now(const Pending& refused) {
        if (credentials_.refused(refused.proof) || refused.renewals != renewals_) return true;
        const auto now = system_clock().now();
        if (proof_->client_certificate.file.empty() || now - renewed_ < renewal_rest) return false;
        renewed_ = now;
        renew_links();  // the next dial reads the certificate's files
        return true;
    }

    /// A 401 says that the request was not processed, so that once more does no harm.
    void try_again(const PendingPtr& pending) {
        pending->retried = true;
        std::exchange(pending->connection, nullptr)->cancel(pending->stream);
        begin(pending);
    }

    void received(const PendingPtr& pending, std::string_view chunk) {
        if (pending->is_stream) {
            if (pending->handler.on_data) pending->handler.on_data(chunk);
            return;
        }
        pending->answer.body += chunk;
        pending->connection->consumed(pending->stream, chunk.size());
    }

    void fail_soon(const PendingPtr& pending, Error error) {
        loop_.post([this, alive = alive(), pending, error = std::move(error)] {
            if (!alive.expired()) finish(pending, error);
        });
    }

    void finish(const PendingPtr& pending, std::optional<Error> error) {
        if (std::exchange(pending->finished, true)) return;
        if (pending->answer.status == 0) report(*pending, 0);
        release(pending);
        if (error) {
            // Without the query, which differs from one request to the next where the trouble is the same.
            const auto path = pending->call.path.substr(0, pending->call.path.find('?'));
            error->message = pending->call.method + " https://" + host_ + path + ": " + error->message;
        }
        if (pending->is_stream) {
            if (pending->handler.on_end) pending->handler.on_end(std::move(error));
        } else if (error) {
            pending->done(std::unexpected(std::move(*error)));
        } else {
            pending->answer.took = since(*pending);
            pending->done(std::move(pending->answer));
        }
    }

    void release(const PendingPtr& pending) {
        loop_.cancel(std::exchange(pending->deadline, 0));
        pending_.erase(pending);
        if (const auto connection = std::exchange(pending->connection, nullptr)) connection->cancel(pending->stream);
        if (!pending->is_stream || watches_.size() < 2) return;
        // One connection is kept for the watches to come.
        const auto idle = [](const std::shared_ptr<Link>& link) { return link->streams() == 0; };
        watches_.erase(std::remove_if(watches_.begin() + 1, watches_.end(), idle), watches_.end());
    }

    static Milliseconds since(const Pending& pending) {
        return std::chrono::duration_cast<Milliseconds>(system_clock().now() - pending.began);
    }

    void report(const Pending& pending, int status) const {
        if (options_.on_answer) options_.on_answer(pending.call.method, host_, status, since(pending));
    }

    Result<std::optional<Resource>> discovered(const Kind& kind, const Answer& answer) {
        if (answer.status == 404) return std::nullopt;
        if (!answer.ok()) {
            return fail("cannot ask " + host_ + " for " + kind.api_version + ": " + read_status(answer).message,
                        Retry::later);
        }
        const auto resources = TRY(read_resources(kind.api_version, answer.body));
        const auto found = std::ranges::find(resources, kind, &Resource::kind);
        if (found == resources.end()) return std::nullopt;
        resolved_.insert_or_assign(kind, *found);
        return *found;
    }

    Loop& loop_;
    Access access_;
    ClientOptions options_;
    Url url_;
    std::optional<Proxy> proxy_;
    std::string host_;
    Credentials credentials_;
    ProofPtr proof_;
    tls::Context context_;
    ProofPtr context_proof_;
    Instant renewed_{};
    bool refused_ = false;  // the last answer was 401
    unsigned renewals_ = 0;
    std::array<std::shared_ptr<Link>, 3> lanes_;
    std::vector<std::shared_ptr<Link>> watches_;
    std::unordered_set<PendingPtr> pending_;
    std::map<Kind, Resource> resolved_;
    std::atomic<std::chrono::seconds> server_time_offset_{std::chrono::seconds(0)};  // workers read it
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

class ClientStream final : public Stream {
public:
    ClientStream(ClientImplementation& client, PendingPtr pending)
        : client_(client), alive_(client.alive()), pending_(std::move(pending)) {}
    ClientStream(const ClientStream&) = delete;
    ClientStream& operator=(const ClientStream&) = delete;
    ~ClientStream() override {
        if (!alive_.expired()) client_.drop(pending_);
    }

    void consumed(std::size_t bytes) override {
        if (pending_->connection) pending_->connection->consumed(pending_->stream, bytes);
    }

private:
    ClientImplementation& client_;
    std::weak_ptr<bool> alive_;
    PendingPtr pending_;
};

std::unique_ptr<Stream> ClientImplementation::stream(Call call, StreamHandler handler) {
    const auto pending = std::make_shared<Pending>();
    pending->is_stream = true;
    pending->handler = std::move(handler);
    start(pending, std::move(call));
    return std::make_unique<ClientStream>(*this, pending);
}

}  // namespace

Result<std::unique_ptr<Client>> Client::create(Loop& loop, Access access, ClientOptions options) {
    auto url = TRY(parse_url(access.server));
    if (url.scheme != "https") return fail("server '" + access.server + "' must begin with https://");
    auto proxy = TRY(proxy_for(access.proxy_url, ProxyEnvironment::read(), url.host));
    if (proxy) proxy->authorities = access.certificate_authority;
    // What is wrong with the TLS files is said now and not with the first request.
    TRY(tls::client_context(access));
    return std::make_unique<ClientImplementation>(loop, std::move(access), std::move(options), std::move(url),
                                                  std::move(proxy));
}

}  // namespace moontide::kube

#include "recording_proxy.hpp"

#include "base/loop.hpp"
#include "kube/certificate.hpp"
#include "kube/client.hpp"
#include "kube/http2.hpp"
#include "kube/tls.hpp"
#include "sandbox/base64.hpp"
#include "witness.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace moontide::proof {

namespace {

namespace http2 = kube::http2;
using sandbox::Asked;

std::string kubeconfig_of(std::uint16_t port, const std::string& authority, const kube::Certificate& client) {
    return fmt::format(R"({{"apiVersion":"v1","kind":"Config","current-context":"proxy",
"clusters":[{{"name":"proxy","cluster":{{"server":"https://127.0.0.1:{}","certificate-authority-data":"{}"}}}}],
"users":[{{"name":"proxy","user":{{"client-certificate-data":"{}","client-key-data":"{}"}}}}],
"contexts":[{{"name":"proxy","context":{{"cluster":"proxy","user":"proxy"}}}}]}}
)",
                       port, sandbox::base64(authority), sandbox::base64(client.certificate_pem),
                       sandbox::base64(client.key_pem));
}

http2::Headers passed_on(const http2::Headers& headers) {
    static constexpr std::array kept = {"content-type", "cache-control", "date", "retry-after", "warning", "etag"};
    http2::Headers out;
    for (const auto& header : headers) {
        if (std::ranges::find(kept, header.first) != kept.end()) out.push_back(header);
    }
    return out;
}

std::string header(const http2::Request& request, std::string_view name) {
    const auto* value = http2::find(request.headers, name);
    return value ? *value : std::string();
}

kube::Call call_of(const http2::Request& request) {
    kube::Call call;
    call.method = request.method;
    call.path = request.path;
    call.content_type = header(request, "content-type");
    call.accept = header(request, "accept");
    call.body = request.body;
    return call;
}

}  // namespace

struct RecordingProxy::Implementation {
    Loop loop;
    std::unique_ptr<kube::Client> client;
    std::unique_ptr<Witness> witness;
    std::unique_ptr<http2::Server> listener;
    std::unique_ptr<sandbox::FaultPort> port;
    std::set<std::shared_ptr<struct Forwarded>> watches;
    std::string kubeconfig;

    std::mutex mutex;
    std::condition_variable recorded;
    std::map<std::string, std::uint64_t> versions;  // guarded by mutex; the newest recorded one of each resource

    std::jthread thread;

    template <typename Function>
    auto ask(Function function) {
        auto task = std::make_shared<std::packaged_task<decltype(function())()>>(std::move(function));
        auto answer = task->get_future();
        loop.post([task] { (*task)(); });
        return answer.get();
    }

    void forward(const http2::ExchangePtr& exchange);
    void forward_watch(const http2::ExchangePtr& exchange);
    void refuse(Milliseconds duration) {
        listener->hang_up();
        loop.after(duration, [this] { static_cast<void>(listener->listen_again()); });
    }
    void saw(const std::string& resource, std::uint64_t version) {
        port->saw_version(version);
        const std::scoped_lock lock(mutex);
        versions[resource] = std::max(versions[resource], version);
        recorded.notify_all();
    }
};

/// A watch on its way through.
struct Forwarded {
    std::unique_ptr<kube::Stream> stream;
};

void RecordingProxy::Implementation::forward(const http2::ExchangePtr& exchange) {
    auto asked = sandbox::read_asked(exchange->request());
    if (asked.verb == "watch") return forward_watch(exchange);
    asked.id = port->current();
    const bool writes = asked.writes() && !asked.resource.empty();
    if (writes) witness->sent(asked);
    client->send(call_of(exchange->request()), [this, exchange, asked, writes](Result<kube::Answer> answer) {
        if (writes) witness->answered(asked, answer ? answer->status : 0, answer ? answer->body : std::string());
        if (!answer) return exchange->reset();
        exchange->respond(answer->status, passed_on(answer->headers), std::move(answer->body));
    });
}

void RecordingProxy::Implementation::forward_watch(const http2::ExchangePtr& exchange) {
    auto watch = std::make_shared<Forwarded>();
    const auto forget = [this, weak = std::weak_ptr(watch)] {
        // The stream may not be dropped from within its own handler.
        loop.post([this, weak] {
            if (const auto held = weak.lock()) watches.erase(held);
        });
    };
    exchange->on_gone(forget);
    kube::StreamHandler handler;
    handler.on_headers = [exchange](int status, const http2::Headers& headers) {
        exchange->begin(status, passed_on(headers));
    };
    handler.on_data = [exchange, weak = std::weak_ptr(watch)](std::string_view chunk) {
        exchange->write(chunk);
        if (const auto held = weak.lock()) held->stream->consumed(chunk.size());
    };
    handler.on_end = [exchange, forget](const std::optional<Error>& error) {
        error ? exchange->reset() : exchange->end();
        forget();
    };
    watch->stream = client->stream(call_of(exchange->request()), std::move(handler));
    watches.insert(std::move(watch));
}

RecordingProxy::RecordingProxy(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}

Result<std::unique_ptr<RecordingProxy>> RecordingProxy::start(kube::Access upstream) {
    auto self = std::make_unique<Implementation>();
    kube::ClientOptions options;
    options.user_agent = "moontide-proof-proxy";
    self->client = TRY(kube::Client::create(self->loop, std::move(upstream), std::move(options)));

    const auto authority = TRY(kube::CertificateAuthority::make("moontide-proof-proxy"));
    const auto shown = TRY(authority.issue_server({"127.0.0.1"}));
    const auto user = TRY(authority.issue_client("moontide-proof"));
    auto tls = TRY(kube::tls::server_context({shown.certificate_pem, shown.key_pem, authority.certificate_pem()}));
    auto* proxy = self.get();
    self->listener = TRY(
        http2::Server::listen(self->loop, std::move(tls), "127.0.0.1", 0, [proxy](const http2::ExchangePtr& exchange) {
            // Who shows no certificate of ours would be the upstream's administrator.
            if (exchange->client_common_name().empty()) return exchange->respond(401, {}, {});
            proxy->port->serve(exchange, [proxy](const http2::ExchangePtr& let) { proxy->forward(let); });
        }));
    self->kubeconfig = kubeconfig_of(self->listener->port(), authority.certificate_pem(), user);
    self->port = std::make_unique<sandbox::FaultPort>(self->loop, system_clock(),
                                                      [proxy](Milliseconds duration) { proxy->refuse(duration); });
    self->witness = std::make_unique<Witness>(
        self->loop, *self->client,
        [proxy](const std::string& resource, std::uint64_t version) { proxy->saw(resource, version); });
    self->thread = std::jthread([proxy] { proxy->loop.run(); });
    auto started = std::unique_ptr<RecordingProxy>(new RecordingProxy(std::move(self)));
    for (const char* resource : {"configmaps", "secrets", "namespaces"}) {
        if (!started->await_recorded(resource, 1, Milliseconds(10'000))) {
            return fail(std::string("the server does not list ") + resource, Retry::later);
        }
    }
    return started;
}

RecordingProxy::~RecordingProxy() {
    self_->ask([this] {
        self_->port->heal();
        self_->listener->close();
        self_->watches.clear();
        self_->witness.reset();
        self_->client.reset();
    });
    self_->loop.stop();
    self_->thread.join();
}

const std::string& RecordingProxy::kubeconfig() const {
    return self_->kubeconfig;
}

void RecordingProxy::record(std::shared_ptr<sandbox::History> history) {
    self_->ask([&] {
        self_->port->record(history);
        self_->witness->record(history);
    });
}

void RecordingProxy::inject(sandbox::FaultPlan plan, std::function<void(const sandbox::Fired&)> told) {
    self_->ask([&] { self_->port->inject(std::move(plan), std::move(told)); });
}

void RecordingProxy::heal() {
    self_->ask([&] { self_->port->heal(); });
}

void RecordingProxy::release() {
    self_->ask([&] { self_->port->release(); });
}

void RecordingProxy::follow(const kube::Resource& resource) {
    self_->ask([this, &resource] { self_->witness->follow(resource); });
}

bool RecordingProxy::await_recorded(const std::string& resource, std::uint64_t version, Milliseconds deadline) {
    std::unique_lock lock(self_->mutex);
    return self_->recorded.wait_for(lock, deadline, [&] { return self_->versions[resource] >= version; });
}

}  // namespace moontide::proof

#include "sandbox/sandbox.hpp"

#include "base/log.hpp"
#include "base/loop.hpp"
#include "kube/certificate.hpp"
#include "kube/http2.hpp"
#include "kube/tls.hpp"
#include "sandbox/api.hpp"
#include "sandbox/base64.hpp"
#include "sandbox/front.hpp"

#include <future>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::string kubeconfig_of(const std::string& server, const std::string& authority, const kube::Certificate& client) {
    return fmt::format(R"(apiVersion: v1
kind: Config
clusters:
- name: moontide-sandbox
  cluster:
    server: {}
    certificate-authority-data: {}
users:
- name: moontide-sandbox
  user:
    client-certificate-data: {}
    client-key-data: {}
contexts:
- name: moontide-sandbox
  context:
    cluster: moontide-sandbox
    user: moontide-sandbox
current-context: moontide-sandbox
)",
                       server, base64(authority), base64(client.certificate_pem), base64(client.key_pem));
}

std::shared_ptr<const std::string> record_text(const RecordPtr& record) {
    return record ? std::make_shared<const std::string>(record->object(*record->kind)) : nullptr;
}

Changed changed(const Event& event, RequestId by) {
    Changed changed;
    changed.by = by;
    switch (event.type) {
        case Event::Type::added:
            changed.what = Changed::What::added;
            break;
        case Event::Type::modified:
            changed.what = Changed::What::modified;
            break;
        case Event::Type::deleted:
            changed.what = Changed::What::deleted;
            break;
    }
    changed.version = event.version;
    changed.resource = event.kind()->resource;
    changed.namespace_name = event.after->namespace_name;
    changed.name = event.after->name;
    changed.object = record_text(event.after);
    changed.before = record_text(event.before);
    return changed;
}

}  // namespace

struct Sandbox::Implementation {
    explicit Implementation(Options options)
        : api({options.ring_size, options.bookmark_every, &system_clock(), std::move(options.on_request)}),
          front(loop, api, system_clock(), std::move(options.token)),
          port(loop, system_clock(), [this](Milliseconds duration) { refuse(duration); }) {
        port.inject(std::move(options.faults));
        record(std::move(options.history));
        port.saw_version(api.store().version());
        api.store().on_event([this](const Event& event) {
            port.saw_version(event.version);
            if (history) history->add(changed(event, port.current()));
        });
    }

    /// For a while nobody can connect.
    void refuse(Milliseconds duration) {
        listener->hang_up();
        loop.after(duration, [this] {
            if (const auto again = listener->listen_again(); !again) {
                log::error("the sandbox cannot be reached any more", {{"reason", again.error().message}});
            }
        });
    }

    void record(std::shared_ptr<History> into) {
        history = std::move(into);
        port.record(history);
        if (!history) return;
        for (const auto& kind : api.kinds().rows()) {
            for (const auto& record : api.store().list(kind, {})) {
                history->add(changed({record->version, Event::Type::added, nullptr, record}, 0));
            }
        }
    }

    /// On the sandbox's thread; gives back what it gives back.
    template <typename Function>
    auto ask(Function function) {
        std::packaged_task<decltype(function())()> task(std::move(function));
        auto answer = task.get_future();
        // Loop's functions are copied, a task is not.
        auto shared = std::make_shared<decltype(task)>(std::move(task));
        loop.post([shared] { (*shared)(); });
        return answer.get();
    }

    Loop loop;
    Api api;
    Front front;
    std::shared_ptr<History> history;
    FaultPort port;
    std::unique_ptr<kube::http2::Server> listener;
    std::string server;
    std::string kubeconfig;
    std::jthread thread;
};

Sandbox::Sandbox(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}

Result<std::unique_ptr<Sandbox>> Sandbox::start(Options options) {
    const auto address = options.listen;
    const auto port = options.port;
    auto self = std::make_unique<Implementation>(std::move(options));

    const auto authority = TRY(kube::CertificateAuthority::make("moontide-sandbox"));
    const auto shown = TRY(authority.issue_server({address, "localhost", "127.0.0.1", "::1"}));
    const auto administrator = TRY(authority.issue_client("moontide-sandbox-admin", {"system:masters"}));
    auto tls = TRY(kube::tls::server_context({shown.certificate_pem, shown.key_pem, authority.certificate_pem()}));
    self->listener = TRY(kube::http2::Server::listen(
        self->loop, std::move(tls), address, port, [self = self.get()](const kube::http2::ExchangePtr& exchange) {
            self->port.serve(exchange, [self](const kube::http2::ExchangePtr& let) { self->front.serve(let); });
        }));
    const auto host = address == "0.0.0.0" || address == "::" ? std::string("127.0.0.1") : address;
    const bool is_ipv6 = host.find(':') != std::string::npos;
    self->server = fmt::format("https://{}:{}", is_ipv6 ? "[" + host + "]" : host, self->listener->port());
    self->kubeconfig = kubeconfig_of(self->server, authority.certificate_pem(), administrator);
    self->thread = std::jthread([loop = &self->loop] { loop->run(); });
    return std::unique_ptr<Sandbox>(new Sandbox(std::move(self)));
}

Sandbox::~Sandbox() {
    stop();
}

std::uint16_t Sandbox::port() const {
    return self_->listener->port();
}
const std::string& Sandbox::server() const {
    return self_->server;
}
const std::string& Sandbox::kubeconfig() const {
    return self_->kubeconfig;
}

Result<void> Sandbox::load(const std::string& yaml, const std::string& file) {
    return self_->ask([&] {
        auto loaded = self_->api.load(yaml, file);
        self_->front.advance();
        return loaded;
    });
}

std::map<std::string, std::uint64_t> Sandbox::counts() const {
    return self_->api.counts();
}

void Sandbox::compact() {
    self_->ask([&] { self_->api.store().compact(); });
}

void Sandbox::end_watches() {
    self_->ask([&] { self_->front.end_watches(); });
}

void Sandbox::inject(FaultPlan plan, std::function<void(const Fired&)> told) {
    self_->ask([&] { self_->port.inject(std::move(plan), std::move(told)); });
}

void Sandbox::heal() {
    self_->ask([&] { self_->port.heal(); });
}

void Sandbox::release() {
    self_->ask([&] { self_->port.release(); });
}

void Sandbox::record(std::shared_ptr<History> history) {
    self_->ask([&] { self_->record(std::move(history)); });
}

void Sandbox::stop() {
    if (!self_->thread.joinable()) return;
    self_->ask([&] {
        self_->front.end_watches();
        self_->listener->close();
    });
    self_->loop.stop();
    self_->thread.join();
}

}  // namespace moontide::sandbox

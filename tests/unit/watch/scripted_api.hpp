// An API server of one collection that does what a test says, and a consumer that writes down what it is told.
#pragma once

#include "base/loop.hpp"
#include "kube/certificate.hpp"
#include "kube/client.hpp"
#include "kube/http2.hpp"
#include "kube/tls.hpp"
#include "watch/ingest.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace moontide::watch {

/// Words in the order of their coming; any thread adds, the test waits.
class Notes {
public:
    void add(std::string word) {
        std::scoped_lock lock(mutex_);
        words_.push_back(std::move(word));
        changed_.notify_all();
    }
    /// Waits until `holds(words)`; what the words are in the end.
    std::vector<std::string> wait(const std::function<bool(const std::vector<std::string>&)>& holds) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return holds(words_); });
        return words_;
    }
    std::vector<std::string> wait_for(std::size_t count) {
        return wait([count](const auto& words) { return words.size() >= count; });
    }
    std::vector<std::string> wait_for(const std::string& word) {
        return wait([&](const auto& words) { return !words.empty() && words.back() == word; });
    }
    std::vector<std::string> now() {
        return wait([](const auto&) { return true; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> words_;
};

inline std::string object_json(std::string_view name, kube::ResourceVersion version) {
    return fmt::format(R"({{"metadata":{{"name":"{}","namespace":"n","resourceVersion":"{}"}}}})", name, version);
}
inline std::string event_line(std::string_view type, std::string_view name, kube::ResourceVersion version) {
    return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, object_json(name, version));
}
inline std::string bookmark_line(kube::ResourceVersion version, bool end = false) {
    return fmt::format(R"({{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"{}"{}}}}}}})"
                       "\n",
                       version, end ? R"(,"annotations":{"k8s.io/initial-events-end":"true"})" : "");
}
inline std::string status_json(int code, std::string_view reason) {
    return fmt::format(
        R"({{"kind":"Status","apiVersion":"v1","status":"Failure","message":"said so","reason":"{}","code":{}}})",
        reason, code);
}
inline std::string list_json(kube::ResourceVersion version, const std::vector<std::string>& items,
                             std::string_view token = "") {
    return fmt::format(
        R"({{"kind":"ConfigMapList","metadata":{{"resourceVersion":"{}","continue":"{}"}},"items":[{}]}})", version,
        token, fmt::join(items, ","));
}

/// Writes down what it is told: "begin", "a@1", "relisted 5", "+a@6", "~a@7", "-a@8", "progress 9", "abandoned".
class Recorder : public Consumer {
public:
    Notes told;
    std::function<void()> before_change;

    void relist_begun() override { told.add("begin"); }
    void listed(std::string_view json) override { told.add(text(json)); }
    void relisted(kube::ResourceVersion version) override { told.add(fmt::format("relisted {}", version)); }
    void relist_abandoned() override { told.add("abandoned"); }
    void changed(EventType type, std::string_view json) override {
        if (before_change) before_change();
        const char* sign = type == EventType::added ? "+" : type == EventType::modified ? "~" : "-";
        told.add(sign + text(json));
    }
    void progressed(kube::ResourceVersion version) override { told.add(fmt::format("progress {}", version)); }

private:
    std::string text(std::string_view json) {
        const auto metadata = reader_.metadata(json);
        return metadata ? fmt::format("{}@{}", metadata->name, metadata->resource_version) : "unreadable";
    }
    kube::Reader reader_;
};

/// The io thread with a client and a server on it. The members below "io thread" are touched by `on_io` alone.
class ScriptedApi {
public:
    ScriptedApi() {
        list = [](const kube::http2::ExchangePtr& exchange) { json(exchange, list_json(5, {object_json("a", 1)})); };
        listen(0);
        kube::Access access;
        access.server = fmt::format("https://127.0.0.1:{}", server->port());
        access.certificate_authority.inline_pem = authority().certificate_pem();
        client = *kube::Client::create(loop_, access, {});
        thread_ = std::jthread([this] { loop_.run(); });
    }
    ~ScriptedApi() {
        on_io([this] {
            client.reset();
            streams.clear();
            server.reset();
        });
        loop_.stop();
    }
    ScriptedApi(const ScriptedApi&) = delete;
    ScriptedApi& operator=(const ScriptedApi&) = delete;

    void on_io(const std::function<void()>& function) {
        std::promise<void> done;
        loop_.post([&] {
            function();
            done.set_value();
        });
        done.get_future().wait();
    }
    /// To the watch that was opened last.
    void write(const std::string& text) {
        on_io([&] { streams.back()->write(text); });
    }
    void end() {
        on_io([&] { streams.back()->end(); });
    }
    void reset() {
        on_io([&] { streams.back()->reset(); });
    }
    static void json(const kube::http2::ExchangePtr& exchange, std::string body, int status = 200) {
        exchange->respond(status, {{"content-type", "application/json"}}, std::move(body));
    }
    void listen(std::uint16_t port) {
        static const auto identity = *authority().issue_server({"127.0.0.1"});
        auto context = *kube::tls::server_context({identity.certificate_pem, identity.key_pem, ""});
        server =
            *kube::http2::Server::listen(loop_, context, "127.0.0.1", port,
                                         [this](kube::http2::ExchangePtr exchange) { answer(std::move(exchange)); });
    }

    Loop& loop() { return loop_; }
    /// "list", "list continue=t", "watch 5", "watch list": each before it is answered.
    Notes requests;

    // io thread:
    std::function<void(const kube::http2::ExchangePtr&)> list;
    /// Answers a watch in another way than by a stream, where it returns true.
    std::function<bool(const kube::http2::ExchangePtr&)> refuse;
    std::vector<kube::http2::ExchangePtr> streams;
    std::vector<std::string> accepts;
    std::unique_ptr<kube::http2::Server> server;
    std::unique_ptr<kube::Client> client;

private:
    static const kube::CertificateAuthority& authority() {
        static const auto made = *kube::CertificateAuthority::make("moontide tests");
        return made;
    }

    static std::string parameter(const std::string& path, std::string_view name) {
        const auto begin = path.find(name);
        if (begin == std::string::npos) return {};
        return path.substr(begin + name.size(), path.find('&', begin) - begin - name.size());
    }

    void answer(kube::http2::ExchangePtr exchange) {
        const auto path = exchange->request().path;
        const auto* accept = kube::http2::find(exchange->request().headers, "accept");
        accepts.push_back(accept != nullptr ? *accept : "");
        if (path.find("watch=1") == std::string::npos) {
            const auto token = parameter(path, "continue=");
            requests.add(token.empty() ? "list" : "list continue=" + token);
            list(exchange);
            return;
        }
        const bool lists = path.find("sendInitialEvents") != std::string::npos;
        const auto word = lists ? "watch list" : "watch " + parameter(path, "resourceVersion=");
        if (!refuse || !refuse(exchange)) {
            exchange->begin(200, {{"content-type", "application/json"}});
            streams.push_back(std::move(exchange));
        }
        requests.add(word);
    }

    Loop loop_;
    std::jthread thread_;
};

}  // namespace moontide::watch

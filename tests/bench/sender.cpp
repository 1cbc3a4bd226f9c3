#include "sender.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace moontide::bench {

namespace {

constexpr Milliseconds PATIENCE{120'000};

/// The kinds of the scenes are few, and their plurals are their names with an s.
std::string collection_of(const Json& object) {
    kube::Resource resource;
    resource.kind = {object.at("apiVersion").get<std::string>(), object.at("kind").get<std::string>()};
    for (const char letter : resource.kind.kind) {
        resource.plural += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
    }
    resource.plural += 's';
    const auto& metadata = object.at("metadata");
    const auto space = metadata.value("namespace", "");
    resource.namespaced = !space.empty();
    return kube::path(resource, space);
}

std::string place_of(const Json& object) {
    return collection_of(object) + "/" + object.at("metadata").at("name").get<std::string>();
}

kube::Call call(const char* method, std::string path, const char* content_type = "", std::string body = {}) {
    kube::Call made;
    made.method = method;
    made.path = std::move(path);
    made.content_type = content_type;
    made.body = std::move(body);
    made.lane = kube::Lane::write;
    made.timeout = PATIENCE;
    return made;
}

}  // namespace

kube::Call applied(const Json& object) {
    return call("PATCH", place_of(object) + "?fieldManager=bench&force=true", "application/apply-patch+yaml",
                object.dump());
}

kube::Call merged(const Json& object, const Json& patch) {
    return call("PATCH", place_of(object), "application/merge-patch+json", patch.dump());
}

kube::Call posted(const Json& object) {
    return call("POST", collection_of(object), "application/json", object.dump());
}

kube::Call removed(const Json& object) {
    return call("DELETE", place_of(object));
}

kube::Call all_removed(const Json& object) {
    return call("DELETE", collection_of(object));
}

struct Sender::Errand {
    std::mutex mutex;
    std::condition_variable done;
    std::vector<kube::Call> calls;
    std::size_t sent = 0;
    std::size_t under_way = 0;
    std::string failure;
    std::string last_body;
};

Sender::Sender(const kube::Access& access) {
    kube::ClientOptions options;
    options.user_agent = "moontide-bench";
    auto client = kube::Client::create(loop_, access, std::move(options));
    if (!client) throw std::runtime_error("cannot reach the API server: " + client.error().message);
    client_ = std::move(*client);
    thread_ = std::jthread([this] { loop_.run(); });
}

Sender::~Sender() {
    loop_.post([this] { client_.reset(); });
    loop_.stop();
}

void Sender::next(const std::shared_ptr<Errand>& errand) {
    kube::Call call;
    {
        std::scoped_lock lock(errand->mutex);
        if (!errand->failure.empty() || errand->sent == errand->calls.size()) return;
        call = std::move(errand->calls[errand->sent++]);
        ++errand->under_way;
    }
    const auto what = call.method + " " + call.path;
    client_->send(std::move(call), [this, errand, what](Result<kube::Answer> answer) {
        {
            std::scoped_lock lock(errand->mutex);
            --errand->under_way;
            auto good = kube::accepted(what, std::move(answer));
            if (!good) {
                errand->failure = good.error().message;
            } else {
                errand->last_body = std::move(good->body);
            }
            errand->done.notify_all();
        }
        next(errand);
    });
}

Seconds Sender::send(std::vector<kube::Call> calls, std::size_t at_once) {
    const auto errand = std::make_shared<Errand>();
    errand->calls = std::move(calls);
    const auto began = std::chrono::steady_clock::now();
    loop_.post([this, errand, at_once] {
        for (std::size_t hand = 0; hand < at_once; ++hand) next(errand);
    });
    std::unique_lock lock(errand->mutex);
    errand->done.wait(lock, [&] {
        const bool all = errand->sent == errand->calls.size();
        return errand->under_way == 0 && (all || !errand->failure.empty());
    });
    if (!errand->failure.empty()) throw std::runtime_error(errand->failure);
    return std::chrono::steady_clock::now() - began;
}

Json Sender::ask(kube::Call call) {
    const auto errand = std::make_shared<Errand>();
    const auto what = call.method + " " + call.path;
    errand->calls.push_back(std::move(call));
    loop_.post([this, errand] { next(errand); });
    std::unique_lock lock(errand->mutex);
    errand->done.wait(lock, [&] { return errand->sent == 1 && errand->under_way == 0; });
    if (!errand->failure.empty()) throw std::runtime_error(errand->failure);
    auto body = Json::parse(errand->last_body, nullptr, false);
    if (body.is_discarded()) throw std::runtime_error(what + ": the answer is no JSON");
    return body;
}

}  // namespace moontide::bench

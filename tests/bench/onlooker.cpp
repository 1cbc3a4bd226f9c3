#include "onlooker.hpp"

#include <stdexcept>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace moontide::bench {

namespace {

constexpr std::size_t LONGEST_LINE = 16U << 20U;
constexpr Milliseconds BETWEEN_TRIES{200};
constexpr int MOST_TRIES = 50;

bool is_ready(std::string_view object_json) {
    const auto object = nlohmann::json::parse(object_json, nullptr, false);
    if (!object.is_object()) return false;
    const auto generation = object["metadata"].value("generation", 0);
    const auto status = object.value("status", nlohmann::json::object());
    if (status.value("observedGeneration", -1) != generation) return false;
    for (const auto& condition : status.value("conditions", nlohmann::json::array())) {
        if (condition.value("type", "") == "Ready") return condition.value("status", "") == "True";
    }
    return false;
}

}  // namespace

struct Onlooker::Eye {
    std::string path;
    bool at_owners = false;
    int refused = 0;  ///< the status of an answer that is no watch
    int tries = 0;
    watch::LineSplitter splitter{LONGEST_LINE};
    std::unique_ptr<kube::Stream> stream;
};

Onlooker::Onlooker(const kube::Access& access, const std::string& owners) {
    kube::ClientOptions options;
    options.user_agent = "moontide-bench-onlooker";
    auto client = kube::Client::create(loop_, access, std::move(options));
    if (!client) throw std::runtime_error("cannot reach the API server: " + client.error().message);
    client_ = std::move(*client);
    loop_.post([this, owners] {
        look("/api/v1/configmaps?labelSelector=moontide.dev%2Finstance%3Dmoontide&", false);
        look(owners + "?", true);
    });
    thread_ = std::jthread([this] { loop_.run(); });
}

Onlooker::~Onlooker() {
    loop_.post([this] {
        eyes_.clear();
        client_.reset();
    });
    loop_.stop();
}

void Onlooker::look(const std::string& path, bool at_owners) {
    auto& eye = *eyes_.emplace_back(std::make_unique<Eye>());
    eye.at_owners = at_owners;
    eye.path = path + "watch=true&timeoutSeconds=7200";
    begin(eye);
}

void Onlooker::begin(Eye& eye) {
    eye.refused = 0;
    kube::Call call;
    call.path = eye.path;
    kube::StreamHandler handler;
    handler.on_headers = [&eye](int status, const kube::http2::Headers&) { eye.refused = status == 200 ? 0 : status; };
    handler.on_data = [this, &eye](std::string_view chunk) {
        if (eye.refused == 0) {
            const auto fed = eye.splitter.feed(chunk, [&](std::string_view line) {
                seen(eye, line);
                return true;
            });
            if (!fed) fail(fed.error().message);
        }
        eye.stream->consumed(chunk.size());
    };
    handler.on_end = [this, &eye](const std::optional<Error>& error) {
        // A kind that is new is not served at once.
        const bool too_early = eye.refused == 429 || eye.refused == 404 || eye.refused == 503;
        if (too_early && eye.tries++ < MOST_TRIES) {
            loop_.after(BETWEEN_TRIES, [this, &eye] { begin(eye); });
        } else if (eye.refused != 0) {
            fail(fmt::format("a watch was answered with {}", eye.refused));
        } else {
            fail(error ? "a watch ended: " + error->message : "a watch ended");
        }
    };
    eye.stream = client_->stream(std::move(call), std::move(handler));
}

void Onlooker::fail(std::string why) {
    std::scoped_lock lock(mutex_);
    if (sight_.failure.empty()) sight_.failure = std::move(why);
    changed_.notify_all();
}

void Onlooker::seen(const Eye& eye, std::string_view line) {
    const auto read = lines_.read(line);
    const auto* event = read ? std::get_if<watch::EventLine>(&*read) : nullptr;
    if (event == nullptr) return;
    const auto metadata = reader_.metadata(event->object_json);
    if (!metadata) return;
    auto place = fmt::format("{}/{}", metadata->namespace_name, metadata->name);
    const bool gone = event->type == watch::EventType::deleted;
    const bool ready = eye.at_owners && !gone && is_ready(event->object_json);
    std::scoped_lock lock(mutex_);
    if (eye.at_owners) {
        if (ready) {
            ready_.insert(place);
        } else {
            ready_.erase(place);
        }
        if (gone) {
            owners_.erase(place);
        } else {
            owners_.insert(std::move(place));
        }
        ++sight_.status_writes;
        sight_.owners = owners_.size();
        sight_.ready = ready_.size();
    } else {
        if (gone) {
            copies_.erase(place);
        } else {
            copies_.insert(std::move(place));
        }
        ++sight_.copy_changes;
        sight_.copies = copies_.size();
        sight_.last_copy = std::chrono::steady_clock::now();
    }
    changed_.notify_all();
}

Sight Onlooker::sight() const {
    std::scoped_lock lock(mutex_);
    return sight_;
}

void Onlooker::give_up(const std::string& what) const {
    throw std::runtime_error(fmt::format("{}: {} copies, {} changes of copies, {} of {} owners ready{}{}", what,
                                         sight_.copies, sight_.copy_changes, sight_.ready, sight_.owners,
                                         sight_.failure.empty() ? "" : "; ", sight_.failure));
}

}  // namespace moontide::bench

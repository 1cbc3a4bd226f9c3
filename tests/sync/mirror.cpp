#include "mirror.hpp"

#include <stdexcept>

namespace moontide::test {

struct Mirror::Eye {
    kube::Resource resource;
    std::unique_ptr<kube::Stream> stream;
    std::string rest;  ///< of a line that has not ended yet
};

const Json* Objects::find(const kube::Ref& ref) const {
    const auto found = objects_.find(ref);
    return found == objects_.end() ? nullptr : &found->second;
}

Mirror::Mirror(const kube::Access& access) {
    kube::ClientOptions options;
    options.user_agent = "moontide-tests";
    auto client = kube::Client::create(loop_, access, std::move(options));
    if (!client) throw std::runtime_error("cannot reach the API server under test: " + client.error().message);
    client_ = std::move(*client);
    loop_.post([this] {
        for (const char* kind : {"ConfigMap", "Secret", "Namespace", "Event"}) {
            auto eye = std::make_unique<Eye>();
            eye->resource = *kube::well_known({.api_version = "v1", .kind = kind});
            look(*eyes_.emplace_back(std::move(eye)));
        }
    });
    thread_ = std::jthread([this] { loop_.run(); });
}

Mirror::~Mirror() {
    loop_.post([this] {
        eyes_.clear();
        client_.reset();
    });
    loop_.stop();
}

void Mirror::look(Eye& eye) {
    const std::string collection = kube::path(eye.resource, {});
    kube::Call list;
    list.path = collection;
    client_->send(std::move(list), [this, &eye, collection](Result<kube::Answer> answer) {
        if (!answer || !answer->ok()) {
            loop_.after(Milliseconds(50), [this, &eye] { look(eye); });
            return;
        }
        const auto body = Json::parse(answer->body);
        listed(eye, body);
        kube::Call watch;
        watch.path = collection + "?watch=true&timeoutSeconds=3000&resourceVersion=" +
                     body.at("metadata").at("resourceVersion").get<std::string>();
        kube::StreamHandler handler;
        handler.on_data = [this, &eye](std::string_view chunk) {
            eye.rest += chunk;
            std::size_t begin = 0;
            for (auto end = eye.rest.find('\n'); end != std::string::npos; end = eye.rest.find('\n', begin)) {
                seen(eye, std::string_view(eye.rest).substr(begin, end - begin));
                begin = end + 1;
            }
            eye.rest.erase(0, begin);
            eye.stream->consumed(chunk.size());
        };
        handler.on_end = [this, &eye](const std::optional<Error>&) {
            // The stream may not be dropped from within its own handler.
            loop_.after(Milliseconds(1), [this, &eye] {
                eye.stream.reset();
                eye.rest.clear();
                look(eye);
            });
        };
        eye.stream = client_->stream(std::move(watch), std::move(handler));
    });
}

void Mirror::listed(Eye& eye, const Json& list) {
    std::map<kube::Ref, Json> there;
    for (Json object : list.at("items")) {
        object["apiVersion"] = eye.resource.kind.api_version;
        object["kind"] = eye.resource.kind.kind;
        auto ref = ref_of(object);
        there.emplace(std::move(ref), std::move(object));
    }
    std::scoped_lock lock(mutex_);
    std::vector<std::pair<kube::Ref, Json>> gone;
    for (const auto& [ref, object] : objects_.objects_) {
        if (ref.kind == eye.resource.kind && !there.contains(ref)) gone.emplace_back(ref, object);
    }
    for (auto& [ref, object] : gone) drop(ref, std::move(object));
    for (auto& [ref, object] : there) {
        const Json* known = objects_.find(ref);
        if (known == nullptr || version_of(*known) != version_of(object)) put(ref, std::move(object));
    }
}

void Mirror::seen(const Eye& eye, std::string_view line) {
    if (line.empty()) return;
    auto event = Json::parse(line, nullptr, false);
    // A server that is starting or ending refuses a watch in other words.
    const auto type = event.is_object() ? event.value("type", "") : "";
    if (type != "ADDED" && type != "MODIFIED" && type != "DELETED") return;
    Json object = std::move(event.at("object"));
    object["apiVersion"] = eye.resource.kind.api_version;
    object["kind"] = eye.resource.kind.kind;
    const auto ref = ref_of(object);
    std::scoped_lock lock(mutex_);
    if (type == "DELETED") {
        drop(ref, std::move(object));
    } else {
        put(ref, std::move(object));
    }
}

void Mirror::put(const kube::Ref& ref, Json object) {
    const auto what = objects_.find(ref) == nullptr ? Change::What::added : Change::What::modified;
    changes_.push_back({what, ref, object});
    objects_.objects_[ref] = std::move(object);
    changed_.notify_all();
}

void Mirror::drop(const kube::Ref& ref, Json object) {
    changes_.push_back({Change::What::deleted, ref, std::move(object)});
    objects_.objects_.erase(ref);
    changed_.notify_all();
}

std::string Mirror::await(const Complaint& complaint, Milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    std::unique_lock lock(mutex_);
    while (true) {
        const auto began = std::chrono::steady_clock::now();
        auto missing = complaint(objects_);
        const auto now = std::chrono::steady_clock::now();
        if (missing.empty() || now >= until) return missing;
        if (now - began < Milliseconds(10)) {
            changed_.wait_for(lock, Milliseconds(10));
        } else {
            // A look that takes long is not taken after each event of a burst: they come in meanwhile.
            changed_.wait_for(lock, now - began, [] { return false; });
        }
    }
}

std::vector<Change> Mirror::changes(std::size_t mark) const {
    std::scoped_lock lock(mutex_);
    return {changes_.begin() + static_cast<std::ptrdiff_t>(mark), changes_.end()};
}

std::vector<Change> Mirror::changes(std::size_t mark, const kube::Ref& ref) const {
    std::scoped_lock lock(mutex_);
    std::vector<Change> of_it;
    for (auto index = mark; index < changes_.size(); ++index) {
        if (changes_[index].ref == ref) of_it.push_back(changes_[index]);
    }
    return of_it;
}

std::size_t Mirror::mark() const {
    std::scoped_lock lock(mutex_);
    return changes_.size();
}

void Mirror::forget_changes() {
    std::scoped_lock lock(mutex_);
    changes_.clear();
}

}  // namespace moontide::test

#include "witness.hpp"

#include <cstdlib>
#include <set>
#include <utility>

namespace moontide::proof {

namespace {

using sandbox::Changed;
using sandbox::Json;

std::uint64_t version_in(const Json& object) {
    const auto metadata = object.value("metadata", Json::object());
    return std::strtoull(metadata.value("resourceVersion", "").c_str(), nullptr, 10);
}

std::string place_in(const std::string& resource, const Json& object) {
    const auto metadata = object.value("metadata", Json::object());
    return resource + "/" + metadata.value("namespace", "") + "/" + metadata.value("name", "");
}

}  // namespace

/// One list and watch.
struct Witness::Eye {
    kube::Resource resource;
    std::string name;  ///< "configmaps"
    std::unique_ptr<kube::Stream> stream;
    std::string rest;  ///< of a line that has not ended yet
    bool listed = false;
    std::map<Place, std::shared_ptr<const std::string>> objects;
    std::deque<Changed> waiting;  ///< for the answers to requests that may have made them
};

Witness::Witness(Loop& loop, kube::Client& client, std::function<void(const std::string&, std::uint64_t)> saw)
    : loop_(loop), client_(client), saw_(std::move(saw)) {
    for (const char* kind : {"ConfigMap", "Secret", "Namespace"}) {
        follow(*kube::well_known({.api_version = "v1", .kind = kind}));
    }
}

void Witness::follow(const kube::Resource& resource) {
    for (const auto& eye : eyes_) {
        if (eye->resource == resource) return;
    }
    auto eye = std::make_unique<Eye>();
    eye->resource = resource;
    eye->name = resource.plural;
    look(*eyes_.emplace_back(std::move(eye)));
}

Witness::~Witness() = default;

void Witness::record(std::shared_ptr<sandbox::History> history) {
    history_ = std::move(history);
    // Requests are numbered by their history.
    author_of_version_.clear();
    last_delete_.clear();
    if (!history_) return;
    for (const auto& eye : eyes_) {
        for (const auto& [place, text] : eye->objects) {
            const auto object = Json::parse(*text);
            const auto& metadata = object.at("metadata");
            history_->add(Changed{0, Changed::What::added, version_in(object), eye->name,
                                  metadata.value("namespace", ""), metadata.value("name", ""), text, nullptr});
        }
    }
}

Witness::Place Witness::place_of(const sandbox::Asked& asked) {
    return asked.resource.substr(0, asked.resource.find('/')) + "/" + asked.namespace_name + "/" + asked.name;
}

void Witness::sent(const sandbox::Asked& asked) {
    ++under_way_[place_of(asked)];
}

void Witness::answered(const sandbox::Asked& asked, int status, const std::string& body) {
    const auto place = place_of(asked);
    if (status >= 200 && status < 300) {
        const auto tree = Json::parse(body, nullptr, false);
        const bool is_object = tree.is_object() && tree.value("kind", "") != "Status";
        // A Status: it is gone. The object itself: a finalizer holds it, and that it is terminating is a change of it.
        if (asked.verb == "delete" && !is_object) last_delete_[place] = asked.id;
        // The last finalizer takes what is deleted with it.
        const auto metadata = is_object ? tree.value("metadata", Json::object()) : Json::object();
        const bool ends = metadata.contains("deletionTimestamp") && metadata.value("finalizers", Json::array()).empty();
        if (ends && asked.verb != "delete") last_delete_[place] = asked.id;
        // An update that changes nothing answers with the version of another request's.
        if (is_object) author_of_version_.try_emplace(version_in(tree), asked.id);
    }
    if (const auto found = under_way_.find(place); found != under_way_.end() && --found->second == 0) {
        under_way_.erase(found);
    }
    for (const auto& eye : eyes_) drain(*eye);
}

void Witness::look(Eye& eye) {
    const std::string collection = kube::path(eye.resource, {});
    kube::Call list;
    list.path = collection;
    client_.send(std::move(list), [this, &eye, collection](Result<kube::Answer> answer) {
        if (!answer || !answer->ok()) {
            loop_.after(Milliseconds(50), [this, &eye] { look(eye); });
            return;
        }
        listed(eye, answer->body);
        const auto version = Json::parse(answer->body).at("metadata").at("resourceVersion").get<std::string>();
        kube::Call watch;
        watch.path = collection + "?watch=true&timeoutSeconds=3000&resourceVersion=" + version;
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
        eye.stream = client_.stream(std::move(watch), std::move(handler));
    });
}

void Witness::listed(Eye& eye, const std::string& body) {
    const bool first = !std::exchange(eye.listed, true);
    const auto list = Json::parse(body);
    std::set<Place> there;
    for (Json object : list.at("items")) {
        object["apiVersion"] = eye.resource.kind.api_version;
        object["kind"] = eye.resource.kind.kind;
        const auto place = place_in(eye.name, object);
        auto text = std::make_shared<const std::string>(object.dump());
        const auto& metadata = object.at("metadata");
        there.insert(place);
        const auto known = eye.objects.find(place);
        const bool is_new = known == eye.objects.end();
        if (!is_new && version_in(Json::parse(*known->second)) == version_in(object)) continue;
        Changed changed{0,
                        is_new ? Changed::What::added : Changed::What::modified,
                        version_in(object),
                        eye.name,
                        metadata.value("namespace", ""),
                        metadata.value("name", ""),
                        text,
                        is_new ? nullptr : known->second};
        eye.objects[place] = text;
        if (!first) eye.waiting.push_back(std::move(changed));
    }
    // What went while no watch was there to tell.
    std::erase_if(eye.objects, [&](const auto& known) {
        if (there.contains(known.first)) return false;
        const auto metadata = Json::parse(*known.second).at("metadata");
        eye.waiting.push_back({0, Changed::What::deleted, version_in(list), eye.name, metadata.value("namespace", ""),
                               metadata.value("name", ""), known.second, known.second});
        return true;
    });
    drain(eye);
    if (first) saw_(eye.name, version_in(list));
}

void Witness::seen(Eye& eye, std::string_view line) {
    if (line.empty()) return;
    const auto event = Json::parse(line, nullptr, false);
    if (!event.is_object()) return;
    const auto type = event.value("type", "");
    if (type == "BOOKMARK" || type == "ERROR") return;
    const auto& object = event.at("object");
    const auto& metadata = object.at("metadata");
    const auto place = place_in(eye.name, object);
    auto text = std::make_shared<const std::string>(object.dump());
    const auto known = eye.objects.find(place);
    Changed changed{0,
                    Changed::What::modified,
                    version_in(object),
                    eye.name,
                    metadata.value("namespace", ""),
                    metadata.value("name", ""),
                    text,
                    known == eye.objects.end() ? nullptr : known->second};
    if (type == "DELETED") {
        changed.what = Changed::What::deleted;
        eye.objects.erase(place);
    } else {
        if (!changed.before) changed.what = Changed::What::added;
        eye.objects[place] = text;
    }
    eye.waiting.push_back(std::move(changed));
    drain(eye);
}

sandbox::RequestId Witness::author_of(const Changed& changed) const {
    if (changed.what == Changed::What::deleted) {
        const auto found = last_delete_.find(changed.resource + "/" + changed.namespace_name + "/" + changed.name);
        return found == last_delete_.end() ? 0 : found->second;
    }
    const auto found = author_of_version_.find(changed.version);
    return found == author_of_version_.end() ? 0 : found->second;
}

void Witness::drain(Eye& eye) {
    while (!eye.waiting.empty()) {
        auto& changed = eye.waiting.front();
        const auto place = changed.resource + "/" + changed.namespace_name + "/" + changed.name;
        if (under_way_.contains(place)) return;
        changed.by = author_of(changed);
        if (changed.what == Changed::What::deleted) last_delete_.erase(place);
        const auto version = changed.version;
        if (history_) history_->add(std::move(changed));
        eye.waiting.pop_front();
        saw_(eye.name, version);
    }
}

}  // namespace moontide::proof

#include "kube/blocking.hpp"

#include "base/guarded.hpp"
#include "base/loop.hpp"

#include <future>
#include <map>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace moontide::kube {

namespace {

std::string_view content_type(PatchType type) {
    switch (type) {
        case PatchType::json:
            return "application/json-patch+json";
        case PatchType::merge:
            return "application/merge-patch+json";
        case PatchType::strategic_merge:
            return "application/strategic-merge-patch+json";
        case PatchType::apply:
            return "application/apply-patch+yaml";
    }
    return "application/json";
}

std::string with_query(std::string path, std::string_view query) {
    if (!query.empty()) path.append("?").append(query);
    return path;
}

/// Where an object that is to be written belongs.
Result<Ref> place_of(std::string_view object_json) {
    const auto object = nlohmann::json::parse(object_json, nullptr, false);
    if (!object.is_object()) return fail("the object to write is no JSON object");
    const auto text = [](const nlohmann::json& from, const char* key) -> std::string {
        const auto found = from.find(key);
        return found != from.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto metadata = object.find("metadata");
    if (metadata == object.end() || !metadata->is_object()) return fail("the object to write has no metadata");
    Ref ref{Kind{text(object, "apiVersion"), text(object, "kind")}, text(*metadata, "namespace"),
            text(*metadata, "name")};
    if (ref.kind.api_version.empty() || ref.kind.kind.empty()) {
        return fail("the object to write has no apiVersion and kind");
    }
    return ref;
}

}  // namespace

class Blocking::Implementation {
public:
    static Result<std::unique_ptr<Implementation>> start(Access access, ClientOptions options) {
        auto made = std::make_unique<Implementation>();
        made->client_ = TRY(Client::create(made->loop_, std::move(access), std::move(options)));
        made->thread_ = std::jthread([loop = &made->loop_] { loop->run(); });
        return made;
    }

    ~Implementation() {
        if (!thread_.joinable()) return;
        // The client's connections belong to the loop's thread, so they end there.
        loop_.post([this] { client_.reset(); });
        loop_.stop();
        thread_.join();
    }

    Result<Answer> call(Call call) {
        auto answer = std::make_shared<std::promise<Result<Answer>>>();
        auto future = answer->get_future();
        loop_.post([this, call = std::move(call), answer]() mutable {
            client_->send(std::move(call), [answer](Result<Answer> result) { answer->set_value(std::move(result)); });
        });
        return future.get();
    }

    Result<Resource> resource(const Kind& kind) {
        if (auto known = well_known(kind)) return *known;
        const auto seen = resources_.with([&](const auto& resources) -> std::optional<Resource> {
            const auto found = resources.find(kind);
            return found == resources.end() ? std::nullopt : std::optional(found->second);
        });
        if (seen) return *seen;
        auto answer = std::make_shared<std::promise<Result<std::optional<Resource>>>>();
        auto future = answer->get_future();
        loop_.post([this, kind, answer] {
            client_->resolve(
                kind, [answer](Result<std::optional<Resource>> result) { answer->set_value(std::move(result)); });
        });
        const auto found = TRY(future.get());
        if (!found) return fail(fmt::format("the server has no kind {} in {}", kind.kind, kind.api_version));
        resources_.with([&](auto& resources) { resources.insert_or_assign(kind, *found); });
        return *found;
    }

private:
    Loop loop_;
    std::unique_ptr<Client> client_;
    Guarded<std::map<Kind, Resource>> resources_;
    std::jthread thread_;
};

Blocking::Blocking(std::unique_ptr<Implementation> self) : self_(std::move(self)) {}
Blocking::~Blocking() = default;

Result<std::unique_ptr<Blocking>> Blocking::connect(Access access, ClientOptions options) {
    auto self = TRY(Implementation::start(std::move(access), std::move(options)));
    return std::unique_ptr<Blocking>(new Blocking(std::move(self)));
}

Result<Answer> Blocking::call(Call call) {
    return self_->call(std::move(call));
}

Result<Resource> Blocking::resource(const Kind& kind) {
    return self_->resource(kind);
}

Result<Answer> Blocking::get(const Ref& ref) {
    Call call;
    call.path = path(TRY(resource(ref.kind)), ref.namespace_name, ref.name);
    return self_->call(std::move(call));
}

Result<Answer> Blocking::list(const Kind& kind, std::string_view namespace_name, std::string_view query) {
    Call call;
    call.path = with_query(path(TRY(resource(kind)), namespace_name), query);
    return self_->call(std::move(call));
}

Result<Answer> Blocking::create(std::string_view object_json, std::string_view query) {
    const auto ref = TRY(place_of(object_json));
    Call call;
    call.method = "POST";
    call.path = with_query(path(TRY(resource(ref.kind)), ref.namespace_name), query);
    call.content_type = "application/json";
    call.body = object_json;
    call.lane = Lane::write;
    return self_->call(std::move(call));
}

Result<Answer> Blocking::replace(std::string_view object_json, std::string_view query) {
    const auto ref = TRY(place_of(object_json));
    Call call;
    call.method = "PUT";
    call.path = with_query(path(TRY(resource(ref.kind)), ref.namespace_name, ref.name), query);
    call.content_type = "application/json";
    call.body = object_json;
    call.lane = Lane::write;
    return self_->call(std::move(call));
}

Result<Answer> Blocking::patch(const Ref& ref, PatchType type, std::string_view body, std::string_view query) {
    Call call;
    call.method = "PATCH";
    call.path = with_query(path(TRY(resource(ref.kind)), ref.namespace_name, ref.name), query);
    call.content_type = content_type(type);
    call.body = body;
    call.lane = Lane::write;
    return self_->call(std::move(call));
}

Result<Answer> Blocking::remove(const Ref& ref, std::string_view options_json, std::string_view query) {
    Call call;
    call.method = "DELETE";
    call.path = with_query(path(TRY(resource(ref.kind)), ref.namespace_name, ref.name), query);
    if (!options_json.empty()) {
        call.content_type = "application/json";
        call.body = options_json;
    }
    call.lane = Lane::write;
    return self_->call(std::move(call));
}

Result<Answer> Blocking::await(const std::function<Result<Answer>()>& ask,
                               const std::function<bool(const Answer&)>& holds, Milliseconds deadline) {
    const auto end = system_clock().now() + deadline;
    for (;;) {
        auto answer = ask();
        if (answer && holds(*answer)) return answer;
        if (system_clock().now() >= end) {
            if (!answer) return within(fmt::format("not so after {} ms", deadline.count()), answer.error());
            return fail(fmt::format("not so after {} ms; last seen: {} {}", deadline.count(), answer->status,
                                    std::string_view(answer->body).substr(0, 2'000)));
        }
        // An answer from loopback takes a fraction of this; asking without a pause would only take the server's time.
        std::this_thread::sleep_for(Milliseconds(1));
    }
}

Result<Answer> accepted(std::string_view what, Result<Answer> answer) {
    if (!answer) return within(std::string(what), answer.error());
    if (answer->ok()) return answer;
    const auto status = read_status(*answer);
    return fail(fmt::format("{}: the server answered {} {}: {}", what, answer->status, status.reason, status.message),
                answer->status == 429 || answer->status >= 500 ? Retry::later : Retry::never);
}

}  // namespace moontide::kube

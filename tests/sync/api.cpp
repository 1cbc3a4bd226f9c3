#include "api.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace moontide::test {
namespace {

[[noreturn]] void end(const std::string& what, const std::string& why) {
    throw std::runtime_error(what + ": " + why);
}

std::string body_of(const std::string& what, Result<kube::Answer> answer) {
    auto good = kube::accepted(what, std::move(answer));
    if (!good) end("the test's own request was refused", good.error().message);
    return std::move(good->body);
}

kube::Ref core(const char* kind, std::string namespace_name, std::string name) {
    return {.kind = {.api_version = "v1", .kind = kind},
            .namespace_name = std::move(namespace_name),
            .name = std::move(name)};
}

Json metadata_map(const Json& object, const char* field) {
    const auto metadata = object.value("metadata", Json::object());
    return metadata.value(field, Json::object());
}

}  // namespace

kube::Ref config_map(std::string namespace_name, std::string name) {
    return core("ConfigMap", std::move(namespace_name), std::move(name));
}
kube::Ref secret(std::string namespace_name, std::string name) {
    return core("Secret", std::move(namespace_name), std::move(name));
}
kube::Ref namespace_ref(std::string name) {
    return core("Namespace", {}, std::move(name));
}

kube::Ref ref_of(const Json& object) {
    const auto& metadata = object.at("metadata");
    return {.kind = {.api_version = object.at("apiVersion").get<std::string>(),
                     .kind = object.at("kind").get<std::string>()},
            .namespace_name = metadata.value("namespace", ""),
            .name = metadata.at("name").get<std::string>()};
}

Json merged(Json to, const Json& patch) {
    to.merge_patch(patch);
    return to;
}

Json labels_of(const Json& object) {
    return metadata_map(object, "labels");
}
Json annotations_of(const Json& object) {
    return metadata_map(object, "annotations");
}
std::string uid_of(const Json& object) {
    return object.at("metadata").value("uid", "");
}
std::string version_of(const Json& object) {
    return object.at("metadata").value("resourceVersion", "");
}

Api::Api(const kube::Access& access) {
    kube::ClientOptions options;
    options.user_agent = "moontide-tests";
    auto calls = kube::Blocking::connect(access, std::move(options));
    if (!calls) end("cannot reach the API server under test", calls.error().message);
    calls_ = std::move(*calls);
}

std::optional<Json> Api::find(const kube::Ref& ref) {
    auto answer = calls_->get(ref);
    if (answer && answer->status == 404) return std::nullopt;
    return Json::parse(body_of("GET " + ref.text(), std::move(answer)));
}

Json Api::get(const kube::Ref& ref) {
    return Json::parse(body_of("GET " + ref.text(), calls_->get(ref)));
}

Json Api::create(const Json& object, const std::string& field_manager) {
    return Json::parse(
        body_of("POST " + ref_of(object).text(), calls_->create(object.dump(), "fieldManager=" + field_manager)));
}

Json Api::replace(const Json& object, const std::string& field_manager) {
    return Json::parse(
        body_of("PUT " + ref_of(object).text(), calls_->replace(object.dump(), "fieldManager=" + field_manager)));
}

Json Api::merge(const kube::Ref& ref, const Json& patch) {
    return Json::parse(body_of("PATCH " + ref.text(), calls_->patch(ref, kube::PatchType::merge, patch.dump())));
}

std::optional<Json> Api::find_path(const std::string& path) {
    kube::Call call;
    call.path = path;
    auto answer = calls_->call(std::move(call));
    if (answer && answer->status == 404) return std::nullopt;
    return Json::parse(body_of("GET " + path, std::move(answer)));
}

int Api::try_merge(const kube::Ref& ref, const Json& patch) {
    auto answer = calls_->patch(ref, kube::PatchType::merge, patch.dump());
    if (!answer) end("PATCH " + ref.text(), answer.error().message);
    return answer->status;
}

void Api::remove(const kube::Ref& ref) {
    body_of("DELETE " + ref.text(), calls_->remove(ref));
}

void Api::remove_if_there(const kube::Ref& ref) {
    auto answer = calls_->remove(ref);
    if (answer && answer->status == 404) return;
    body_of("DELETE " + ref.text(), std::move(answer));
}

void Api::remove_all(const std::string& resource, const std::string& namespace_name) {
    kube::Call call;
    call.method = "DELETE";
    call.path = "/api/v1/namespaces/" + namespace_name + "/" + resource;
    body_of("DELETE all " + resource + " in " + namespace_name, calls_->call(std::move(call)));
}

std::vector<Json> Api::list(const std::string& kind, const std::string& namespace_name,
                            const std::string& label_selector) {
    const std::string query =
        label_selector.empty() ? std::string() : "labelSelector=" + kube::percent_encoded(label_selector);
    const auto body =
        Json::parse(body_of("LIST " + kind, calls_->list({.api_version = "v1", .kind = kind}, namespace_name, query)));
    return body.at("items").get<std::vector<Json>>();
}

std::string Api::page(const std::string& path) {
    kube::Call call;
    call.path = path;
    call.accept = "*/*";
    return body_of("GET " + path, calls_->call(std::move(call)));
}

Json Api::ask(const std::string& method, const std::string& path, const Json& body, const std::string& content_type) {
    kube::Call call;
    call.method = method;
    call.path = path;
    call.content_type = content_type;
    call.body = body.dump();
    return Json::parse(body_of(method + " " + path, calls_->call(std::move(call))));
}

void Api::at_once(std::size_t count, const std::function<void(std::size_t)>& act) {
    constexpr std::size_t most = 16;
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::exception_ptr first;
    {
        std::vector<std::jthread> hands;
        hands.reserve(std::min(most, count));
        for (std::size_t hand = 0; hand < std::min(most, count); ++hand) {
            hands.emplace_back([&] {
                for (auto index = next++; index < count; index = next++) {
                    try {
                        act(index);
                    } catch (...) {
                        std::scoped_lock lock(mutex);
                        if (!first) first = std::current_exception();
                    }
                }
            });
        }
    }
    if (first) std::rethrow_exception(first);
}

}  // namespace moontide::test

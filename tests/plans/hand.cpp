#include "hand.hpp"

#include <stdexcept>
#include <utility>

namespace moontide::plans {

namespace {

std::optional<Json> object_of(Result<kube::Answer> answer) {
    if (!answer) throw std::runtime_error("a user's request got no answer: " + answer.error().message);
    if (!answer->ok()) return std::nullopt;
    return Json::parse(answer->body);
}

}  // namespace

Hand::Hand(const kube::Access& access) {
    kube::ClientOptions options;
    options.user_agent = "user";
    auto calls = kube::Blocking::connect(access, std::move(options));
    if (!calls) throw std::runtime_error(calls.error().message);
    calls_ = std::move(*calls);
}

std::optional<Json> Hand::make(const Json& object) {
    return object_of(calls_->create(object.dump(), "fieldManager=user"));
}

std::optional<Json> Hand::merge(const kube::Ref& ref, const Json& patch) {
    return object_of(calls_->patch(ref, kube::PatchType::merge, patch.dump(), "fieldManager=user"));
}

std::optional<Json> Hand::find(const kube::Ref& ref) {
    return object_of(calls_->get(ref));
}

bool Hand::remove(const kube::Ref& ref) {
    return object_of(calls_->remove(ref)).has_value();
}

}  // namespace moontide::plans

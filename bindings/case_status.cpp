#include "bindings/case_status.hpp"

#include "status/conditions.hpp"

#include <algorithm>

namespace moontide::bindings {

void CaseStatuses::of(const kube::ObjectPtr& owner) {
    current_ = nullptr;
    if (!owner) return;
    const auto known = std::ranges::find(owners_, owner, &Owner::object);
    current_ = known == owners_.end() ? &owners_.emplace_back(Owner{.object = owner}) : &*known;
}

void CaseStatuses::waiting(std::string text) {
    if (current_ != nullptr) current_->gathering.waiting(std::move(text));
}

void CaseStatuses::source_missing(const std::string& text) {
    if (current_ != nullptr) current_->gathering.missing(text);
}

void CaseStatuses::error(const std::string& text) {
    if (current_ != nullptr && current_->error.empty()) current_->error = text;
}

void CaseStatuses::source(const policy::Subject& subject) {
    if (current_ == nullptr || subject.sources.size() != 1 || shape_.owner_is_source) return;
    const auto& source = *subject.sources.front();
    current_->gathering.source(source.namespace_name(), source.name(), rfc3339(now_));
}

void CaseStatuses::copied(const policy::Target& target) {
    if (current_ != nullptr) current_->gathering.synced(kept(target.namespace_name));
}

void CaseStatuses::refused(const policy::Refusal& refusal) {
    if (current_ == nullptr) return;
    current_->gathering.failed(kept(refusal.namespace_name), kept(refusal.kind.kind), kept(refusal.name),
                               kept(refusal.reason), kept(refusal.message));
}

std::vector<std::pair<std::string, nlohmann::json>> CaseStatuses::take(std::vector<std::string>& errors) {
    std::vector<std::pair<std::string, nlohmann::json>> statuses;
    for (auto& owner : owners_) {
        auto report = owner.gathering.take();
        const auto object = nlohmann::json::parse(owner.object->json());
        report.generation = object["metadata"].value("generation", std::int64_t{1});
        report.error = owner.error;
        policy::Inputs inputs;
        inputs.owner = owner.object;
        status::Said said;
        if (auto told = evaluator_.status(inputs, report)) {
            said.fields = std::move(told->fields);
        } else {
            said.error = told.error().message;
            errors.push_back(said.error);
        }
        const auto name = owner.object->namespace_name().empty()
                              ? std::string(owner.object->name())
                              : std::string(owner.object->namespace_name()) + "/" + std::string(owner.object->name());
        statuses.emplace_back(name,
                              status::status_of(report, said, object.value("status", nlohmann::json()), {}, now_));
    }
    return statuses;
}

}  // namespace moontide::bindings

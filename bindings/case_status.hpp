// The statuses of a case's owners, as the engine would write them once all copies are made.
#pragma once

#include "base/clock.hpp"
#include "policy/policy.hpp"
#include "policy/want.hpp"
#include "status/gathering.hpp"

#include <deque>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::bindings {

/// Told of owners, of what each asks for and of what becomes of it, one owner after another.
class CaseStatuses {
public:
    CaseStatuses(const policy::Shape& shape, policy::Evaluator& evaluator, WallTime now)
        : shape_(shape), evaluator_(evaluator), now_(now) {}

    /// What follows is of this owner; null: there is none, and nothing is told of it.
    void of(const kube::ObjectPtr& owner);
    void waiting(std::string text);
    void source_missing(const std::string& text);
    void error(const std::string& text);
    void source(const policy::Subject& subject);
    void copied(const policy::Target& target);
    void refused(const policy::Refusal& refusal);

    /// By "namespace/name", in the order of the owners. Errors of status functions go to `errors`.
    std::vector<std::pair<std::string, nlohmann::json>> take(std::vector<std::string>& errors);

private:
    struct Owner {
        kube::ObjectPtr object;
        status::Gathering gathering{status::Gathering::Lists::filled};
        std::string error = {};
    };

    std::string_view kept(const std::string& text) { return *texts_.insert(text).first; }

    const policy::Shape& shape_;
    policy::Evaluator& evaluator_;
    const WallTime now_;
    std::deque<Owner> owners_;
    Owner* current_ = nullptr;
    std::set<std::string> texts_;  // what the gatherings look at
};

}  // namespace moontide::bindings

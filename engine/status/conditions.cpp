#include "status/conditions.hpp"

#include "status/ledger.hpp"
#include "status/shrink.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace moontide::status {

namespace {

using Json = nlohmann::json;

/// A message names so much and counts the rest.
constexpr std::size_t most_message = 2'048;
constexpr std::size_t most_of_one = 400;
/// What metav1.Condition allows; policies' own messages are cut to it.
constexpr std::size_t longest_message = 32'768;

constexpr const char* database_ready = "DatabaseReady";

struct Condition {
    std::string type;
    std::string status;
    std::string reason;
    std::string message;
};

/// "a; b; and 3 more". `total` may be more than there are texts.
std::string listed(const std::vector<std::string>& texts, std::size_t total) {
    std::string all;
    std::size_t shown = 0;
    for (const auto& text : texts) {
        auto one = cut(text, most_of_one);
        if (all.size() + one.size() > most_message) break;
        all += (shown++ == 0 ? "" : "; ") + one;
    }
    if (shown < total) all += fmt::format("; and {} more", total - shown);
    return all;
}

std::string copies(std::size_t count) {
    return count == 1 ? "1 copy" : fmt::format("{} copies", count);
}

std::string failures_text(const policy::Report& report) {
    std::vector<std::string> texts;
    for (const auto& one : report.failures) {
        const auto place = one.namespace_name.empty() ? one.name : one.namespace_name + "/" + one.name;
        texts.push_back(fmt::format("{}{}{}: {}", one.kind, one.kind.empty() ? "" : " ", place, one.message));
    }
    return fmt::format("{} of {}: {}", report.failed_copies, copies(report.wanted),
                       listed(texts, report.failed_copies));
}

Condition deleting(const policy::Report& report) {
    std::string message = "it is being deleted";
    if (!report.waiting.empty()) message += "; " + listed(report.waiting, report.waiting.size());
    if (report.failed_copies > 0) message += "; " + failures_text(report);
    return {"Ready", "False", "Deleting", std::move(message)};
}

std::string under_way(const policy::Report& report) {
    if (!report.waiting.empty()) return listed(report.waiting, report.waiting.size());
    if (report.pending == 0) return "what it asks for is looked up";
    return fmt::format("{} of {} on their way", report.pending, copies(report.wanted));
}

Condition ready(const policy::Report& report, const Json* before) {
    using Phase = policy::Report::Phase;
    if (report.phase == Phase::deleting) return deleting(report);
    if (!report.error.empty()) return {"Ready", "False", "EvaluationFailed", cut(report.error, most_message)};
    if (report.phase == Phase::working) {
        // What was true before is not untrue since more is to be done.
        if (before != nullptr) {
            return {"Ready", before->value("status", "Unknown"), before->value("reason", "Progressing"),
                    before->value("message", "")};
        }
        return {"Ready", "Unknown", "Progressing", under_way(report)};
    }
    if (!report.missing.empty()) {
        return {"Ready", "False", "SourceNotFound", listed(report.missing, report.missing.size())};
    }
    if (report.failed_copies > 0) return {"Ready", "False", "SyncPartiallyFailed", failures_text(report)};
    if (report.wanted == 0 && !report.waiting.empty()) {
        return {"Ready", "False", "Waiting", listed(report.waiting, report.waiting.size())};
    }
    const auto sources = report.sources.size();
    auto message = copies(report.wanted);
    if (sources > 1) message += fmt::format(" of {} sources", sources);
    message += report.wanted == 1 ? " is as wanted" : " are as wanted";
    if (!report.waiting.empty()) message += "; awaited: " + listed(report.waiting, report.waiting.size());
    return {"Ready", "True", "SyncSuccessful", std::move(message)};
}

std::vector<Condition> made_of(const policy::Report& report, const Said& said, const Json* ready_before) {
    std::vector<Condition> all{ready(report, ready_before)};
    if (report.phase == policy::Report::Phase::working) {
        all.push_back({"Reconciling", "True", "Progressing", under_way(report)});
    }
    if (!report.error.empty()) {
        all.push_back({"Stalled", "True", "EvaluationFailed", cut(report.error, most_message)});
    } else if (!said.error.empty()) {
        all.push_back({"Stalled", "True", "StatusFailed", cut(said.error, most_message)});
    }
    if (report.store) {
        const auto& store = *report.store;
        auto reason = !store.reason.empty() ? store.reason : store.connected ? "Connected" : "ConnectionFailed";
        all.push_back(
            {database_ready, store.connected ? "True" : "False", std::move(reason), cut(store.message, most_message)});
    }
    return all;
}

const Json* list_in(const Json& status) {
    if (!status.is_object()) return nullptr;
    const auto found = status.find("conditions");
    return found == status.end() || !found->is_array() ? nullptr : &*found;
}

std::string type_of(const Json& condition) {
    if (!condition.is_object()) return {};
    const auto found = condition.find("type");
    return found == condition.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

const Json* condition_in(const Json& status, const std::string& type) {
    const auto* all = list_in(status);
    if (all == nullptr) return nullptr;
    const auto found = std::ranges::find_if(*all, [&](const Json& one) { return type_of(one) == type; });
    return found == all->end() ? nullptr : &*found;
}

Json json_of(const Condition& condition, std::int64_t generation) {
    return {{"type", condition.type},
            {"status", condition.status},
            {"reason", condition.reason},
            {"message", condition.message},
            {"observedGeneration", generation}};
}

/// Field by field; what a policy adds needs every field that a condition has.
void lay_over(Json& conditions, const Json& said, std::int64_t generation) {
    const auto type = type_of(said);
    if (type.empty()) return;
    auto known = std::ranges::find_if(conditions, [&](const Json& one) { return type_of(one) == type; });
    if (known == conditions.end()) {
        conditions.push_back(json_of({type, "Unknown", type, ""}, generation));
        known = std::prev(conditions.end());
    }
    for (const auto& [name, value] : said.items()) {
        if (name == "lastTransitionTime" || value.is_null()) continue;
        if (name == "status" && value.is_boolean()) {
            (*known)[name] = value.get<bool>() ? "True" : "False";
        } else if (name == "message" && value.is_string()) {
            (*known)[name] = cut(value.get<std::string>(), longest_message);
        } else {
            (*known)[name] = value;
        }
    }
}

/// The time at which the condition took its status.
void date(Json& condition, const Json& previous, const std::string& now) {
    const auto* before = condition_in(previous, type_of(condition));
    const bool stays = before != nullptr && before->value("status", Json()) == condition["status"] &&
                       before->contains("lastTransitionTime");
    condition["lastTransitionTime"] = stays ? (*before)["lastTransitionTime"] : Json(now);
}

bool is_made_here(const std::string& type) {
    static constexpr std::array types{"Ready", "Reconciling", "Stalled", database_ready};
    return std::ranges::find(types, type) != types.end();
}

Json without_nulls(const Json& value) {
    if (value.is_array()) {
        auto list = Json::array();
        for (const auto& element : value) list.push_back(without_nulls(element));
        return list;
    }
    if (!value.is_object()) return value;
    auto object = Json::object();
    for (const auto& [name, element] : value.items()) {
        if (!element.is_null()) object[name] = without_nulls(element);
    }
    return object;
}

/// Conditions in the order of their types.
Json ordered(const Json& status) {
    auto value = status.is_object() ? without_nulls(status) : Json::object();
    const auto found = value.find("conditions");
    if (found != value.end() && found->is_array()) {
        std::vector<Json> all(found->begin(), found->end());
        std::ranges::stable_sort(all, {}, type_of);
        *found = Json(std::move(all));
    }
    return value;
}

}  // namespace

std::set<std::string> condition_types(const nlohmann::json& status) {
    std::set<std::string> types;
    if (const auto* all = list_in(status)) {
        for (const auto& one : *all) {
            if (auto type = type_of(one); !type.empty()) types.insert(std::move(type));
        }
    }
    return types;
}

nlohmann::json status_of(const policy::Report& report, const Said& said, const nlohmann::json& previous,
                         const std::set<std::string>& of_policy, WallTime now) {
    const bool working = report.phase == policy::Report::Phase::working;
    const bool keeps = working || !said.error.empty();
    Json status = Json::object();
    if (keeps && previous.is_object()) {
        status = previous;
    } else if (!keeps && said.fields.is_object()) {
        status = without_nulls(said.fields);
    }
    status.erase("conditions");

    auto conditions = Json::array();
    for (const auto& one : made_of(report, said, condition_in(previous, "Ready")))
        conditions.push_back(json_of(one, report.generation));
    const auto* over = keeps ? nullptr : list_in(said.fields);
    if (over != nullptr) {
        for (const auto& one : *over) lay_over(conditions, one, report.generation);
    }
    const auto date_text = rfc3339(now);
    for (auto& one : conditions) date(one, previous, date_text);
    if (const auto* before = list_in(previous)) {
        for (const auto& one : *before) {
            const auto type = type_of(one);
            const bool there = std::ranges::any_of(conditions, [&](const Json& made) { return type_of(made) == type; });
            // Until the end of a pass nobody may know how the database is.
            const bool stands = type == database_ready && report.phase != policy::Report::Phase::settled;
            if (there || (is_made_here(type) && !stands) || (!keeps && of_policy.contains(type))) continue;
            conditions.push_back(one);
        }
    }
    // What was worked through says so itself, unless the policy has another word for it.
    if (!working && !status.contains("observedGeneration")) status["observedGeneration"] = report.generation;
    if (keeps && !working) status["observedGeneration"] = report.generation;

    const auto left_out = shrink(status, conditions.dump().size(), most_status_bytes);
    if (!left_out.empty()) {
        auto& message = conditions.front()["message"];
        message = message.get<std::string>() + "; " + left_out;
    }
    status["conditions"] = std::move(conditions);
    return status;
}

bool says_the_same(const nlohmann::json& left, const nlohmann::json& right) {
    return ordered(left) == ordered(right);
}

}  // namespace moontide::status

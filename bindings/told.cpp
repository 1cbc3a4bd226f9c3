#include "bindings/told.hpp"

#include "base/nearest.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

const kube::Kind secret_kind{"v1", "Secret"};

/// An error in words; empty: none.
std::string check_condition(const Json& condition, std::set<std::string>& types) {
    static const std::vector<std::string_view> known = {"type", "status", "reason", "message"};
    if (!condition.is_object()) return "a condition must be a table with a type";
    for (const auto& [name, value] : condition.items()) {
        if (std::ranges::find(known, name) == known.end())
            return fmt::format("a condition has no '{}'{}", name, suggestion(name, known));
        const bool fits = value.is_string() || (name == "status" && value.is_boolean());
        if (!fits) return fmt::format("'{}' of a condition must be text", name);
    }
    const auto type = condition.value("type", "");
    if (type.empty()) return "a condition needs a 'type'";
    if (!types.insert(type).second) return fmt::format("there are two conditions '{}'", type);
    const auto status = condition.find("status");
    if (status != condition.end() && status->is_string() && *status != "True" && *status != "False" &&
        *status != "Unknown") {
        return fmt::format("'status' of the condition '{}' is \"{}\"; it is True, False or Unknown", type,
                           status->get<std::string>());
    }
    // https://kubernetes.io/docs/reference/using-api/ : metav1.Condition's own rule.
    const auto reason = condition.find("reason");
    if (reason != condition.end()) {
        const auto& text = reason->get_ref<const std::string&>();
        const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
        const auto inner = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
        const bool fits = !text.empty() && text.size() <= 1024 && letter(text.front()) && inner(text.back()) &&
                          std::ranges::all_of(text, [&](char c) { return inner(c) || c == ',' || c == ':'; });
        if (!fits) return fmt::format("'reason' of the condition '{}' must be one word, such as SyncFailed", type);
    }
    return {};
}

Result<kube::Ref> secret_ref(const std::string& namespace_name, const std::string& name, const Place& place,
                             const Evaluation& evaluation) {
    if (namespace_name.empty() || name.empty())
        return evaluation.fail_at(place, "the Secret of 'store' needs a namespace and a name");
    return kube::Ref{secret_kind, namespace_name, name};
}

}  // namespace

Result<Json> status_of(const Function& function, Evaluation& evaluation) {
    Json fields = TRY(evaluation.call(function));
    if (fields.is_null()) return Json::object();
    const auto& place = evaluation.shape().functions[static_cast<std::size_t>(function.number)].place;
    if (!fields.is_object()) return evaluation.fail_at(place, "the function must return a table of status fields");
    const auto conditions = fields.find("conditions");
    if (conditions == fields.end()) return fields;
    // Lua's {} is a map; where a list stands it can only be meant as an empty one.
    if (conditions->is_object() && conditions->empty()) *conditions = Json::array();
    if (!conditions->is_array()) return evaluation.fail_at(place, "'conditions' must be a list");
    std::set<std::string> types;
    for (const auto& condition : *conditions) {
        if (const auto wrong = check_condition(condition, types); !wrong.empty())
            return evaluation.fail_at(place, wrong);
    }
    return fields;
}

std::set<std::string> quoted_types(std::string_view text) {
    std::set<std::string> types;
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '"' && text[at] != '\'') continue;
        auto end = at + 1;
        while (end < text.size() && is_letter(text[end])) ++end;
        if (end < text.size() && text[end] == text[at] && end > at + 1 && text[at + 1] >= 'A' && text[at + 1] <= 'Z')
            types.emplace(text.substr(at + 1, end - at - 1));
    }
    return types;
}

Result<std::optional<kube::Ref>> store_of(Evaluation& evaluation) {
    const auto& shape = evaluation.shape();
    if (const auto* table = std::get_if<StoreShape>(&shape.store)) {
        const auto namespace_name = TRY(evaluation.text(*table->namespace_name));
        const auto name = TRY(evaluation.text(*table->name));
        return TRY(secret_ref(namespace_name.value_or(""), name.value_or(""), shape.slot("store"), evaluation));
    }
    const auto* function = std::get_if<Function>(&shape.store);
    if (function == nullptr) return std::nullopt;
    const Json store = TRY(evaluation.call(*function));
    if (store.is_null()) return std::nullopt;
    const auto& place = shape.functions[static_cast<std::size_t>(function->number)].place;
    const auto text = [](const Json& map, const char* name) {
        const auto found = map.find(name);
        return found != map.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const bool fits = store.is_object() && store.size() == 1 && store.contains("secret") && store["secret"].is_object();
    if (!fits)
        return evaluation.fail_at(place,
                                  "the function must return { secret = { namespace = ..., name = ... } } or nil");
    return TRY(secret_ref(text(store["secret"], "namespace"), text(store["secret"], "name"), place, evaluation));
}

}  // namespace moontide::bindings

#include "sandbox/deployments.hpp"

#include "kube/selector.hpp"
#include "sandbox/json_at.hpp"
#include "sandbox/pods.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

bool selects(const Json& selector, const Json& labels) {
    const auto parsed = kube::Selector::parse(selector_text(selector));
    if (!parsed) return false;
    kube::TextMap map;
    for (const auto& [key, value] : labels.items()) map.emplace_back(key, value.get_ref<const std::string&>());
    return parsed->matches(map);
}

void validate_strategy(const Json& strategy, Complaints& complaints) {
    const auto type = text_at(strategy, "type");
    if (type == "Recreate" && strategy.contains("rollingUpdate")) {
        complaints.forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'");
    } else if (type != "Recreate" && type != "RollingUpdate") {
        complaints.unsupported(
            "spec.strategy",
            fmt::format(R"({{"Type":{},"RollingUpdate":{}}})", in_quotes(type), at(strategy, "rollingUpdate").dump()),
            {"Recreate", "RollingUpdate"});
    }
}

/// The part that both have; gives back the specification.
Json& default_scaled(Json& object) {
    auto& spec = object["spec"];
    if (!spec.is_object()) spec = Json::object();
    set_missing(spec, "replicas", 1);
    auto& pods = spec["template"];
    if (!pods.is_object()) pods = Json::object();
    set_missing(pods, "metadata", Json::object());
    default_pod_spec(pods["spec"]);
    return spec;
}

}  // namespace

void default_deployment(Json& deployment) {
    auto& spec = default_scaled(deployment);
    set_missing(spec, "revisionHistoryLimit", 10);
    set_missing(spec, "progressDeadlineSeconds", 600);
    auto& strategy = spec["strategy"];
    if (!strategy.is_object()) strategy = Json::object();
    set_missing(strategy, "type", "RollingUpdate");
    if (strategy["type"] == "RollingUpdate") {
        auto& rolling = strategy["rollingUpdate"];
        if (!rolling.is_object()) rolling = Json::object();
        set_missing(rolling, "maxUnavailable", "25%");
        set_missing(rolling, "maxSurge", "25%");
    }
    set_missing(deployment, "status", Json::object());
}

void default_replica_set(Json& set) {
    default_scaled(set);
}

void validate_deployment(const Json& deployment, const Json* old, Complaints& complaints) {
    const auto& spec = at(deployment, "spec");
    const auto& selector = at(spec, "selector");
    const auto& labels = at(at(at(spec, "template"), "metadata"), "labels");
    if (const auto& replicas = at(spec, "replicas"); replicas.is_number_integer() && replicas.get<std::int64_t>() < 0)
        complaints.invalid("spec.replicas", replicas.get<std::int64_t>(), "must be greater than or equal to 0");
    if (!selector.is_object()) {
        complaints.required("spec.selector");
    } else if (selector_text(selector).empty()) {
        complaints.invalid_value("spec.selector", selector, "empty selector is invalid for deployment");
    }
    if (!selector.is_object() || !selects(selector, labels)) {
        complaints.invalid_value("spec.template.metadata.labels", labels,
                                 "`selector` does not match template `labels`");
    }
    const auto& pods = at(at(spec, "template"), "spec");
    validate_pod_spec(pods, "spec.template.spec", complaints);
    if (const auto policy = text_at(pods, "restartPolicy"); policy != "Always")
        complaints.unsupported("spec.template.spec.restartPolicy", in_quotes(policy), {"Always"});
    if (spec.contains("strategy")) validate_strategy(spec.at("strategy"), complaints);
    if (old && at(at(*old, "spec"), "selector") != selector)
        complaints.invalid_value("spec.selector", selector, "field is immutable");
}

std::string selector_text(const Json& selector) {
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ",") + part; };
    for (const auto& [key, value] : at(selector, "matchLabels").items()) add(key + "=" + value.get<std::string>());
    for (const auto& expression : at(selector, "matchExpressions")) {
        const auto key = expression.value("key", "");
        const auto is = expression.value("operator", "");
        std::string values;
        for (const auto& value : at(expression, "values"))
            values += (values.empty() ? "" : ",") + value.get<std::string>();
        if (is == "Exists") add(key);
        if (is == "DoesNotExist") add("!" + key);
        if (is == "In") add(fmt::format("{} in ({})", key, values));
        if (is == "NotIn") add(fmt::format("{} notin ({})", key, values));
    }
    return text;
}

}  // namespace moontide::sandbox

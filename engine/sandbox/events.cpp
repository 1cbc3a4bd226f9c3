#include "sandbox/events.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/names.hpp"

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::size_t LONGEST_WORD = 128;
constexpr std::size_t LONGEST_MESSAGE = 1024;

/// Of Events that have an eventTime: those of newer recorders, in whichever group.
void validate_timed(const Json& event, const std::string& name_space, const char* controller_field,
                    Complaints& complaints) {
    const auto within = text_at(at(event, "involvedObject"), "namespace");
    if (within.empty() && name_space != "default" && name_space != "kube-system")
        complaints.invalid("involvedObject.namespace", within, "does not match event.namespace");
    const auto controller = text_at(event, "reportingComponent");
    if (controller.empty()) complaints.required(controller_field);
    for (const auto& fault : names::qualified_name(controller)) complaints.invalid(controller_field, controller, fault);
    const auto limit = [&](const char* field, std::size_t most, bool needed) {
        const auto text = text_at(event, field);
        if (needed && text.empty()) complaints.required(field);
        if (text.size() > most) complaints.invalid(field, "", fmt::format("can have at most {} characters", most));
    };
    limit("reportingInstance", LONGEST_WORD, true);
    limit("action", LONGEST_WORD, true);
    limit("reason", LONGEST_WORD, true);
    limit("message", LONGEST_MESSAGE, false);
}

void validate_series(const Json& event, Complaints& complaints) {
    const auto& series = at(event, "series");
    if (!series.is_object()) return;
    const auto& count = at(series, "count");
    if (!count.is_number_integer() || count.get<std::int64_t>() < 2)
        complaints.invalid("series.count", "", "should be at least 2");
    if (text_at(series, "lastObservedTime").empty()) complaints.required("series.lastObservedTime");
}

/// What events.k8s.io asks for beside the rules of both.
void validate_strictly(const Json& event, Complaints& complaints) {
    validate_series(event, complaints);
    if (text_at(event, "eventTime").empty()) complaints.required("eventTime");
    const auto type = text_at(event, "type");
    if (type != "Normal" && type != "Warning") complaints.invalid("type", "", "has invalid value: " + type);
    const auto unset = [&](const char* field, bool is_set) {
        if (is_set) complaints.invalid(field, "", "needs to be unset");
    };
    unset("firstTimestamp", at(event, "firstTimestamp").is_string());
    unset("lastTimestamp", at(event, "lastTimestamp").is_string());
    unset("count", at(event, "count").is_number() && at(event, "count") != 0);
    unset("source",
          !text_at(at(event, "source"), "component").empty() || !text_at(at(event, "source"), "host").empty());
}

/// Only the series of an Event changes in events.k8s.io.
void validate_change(const Json& event, const Json& old, Complaints& complaints) {
    if (at(event, "series") != at(old, "series")) validate_series(event, complaints);
    for (const char* field :
         {"involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type",
          "eventTime", "action", "related", "reportingComponent", "reportingInstance"}) {
        const auto& value = at(event, field);
        if (value == at(old, field)) continue;
        const std::string_view shown = field == std::string_view("reportingComponent") ? "reportingController" : field;
        complaints.invalid_value(std::string(shown), value, "field is immutable");
    }
}

}  // namespace

void default_event(const KindRow& kind, Json& event) {
    auto core = stored(kind.names, std::move(event));
    for (const char* key : {"firstTimestamp", "lastTimestamp", "eventTime"}) set_missing(core, key, nullptr);
    for (const char* key : {"reportingComponent", "reportingInstance"}) set_missing(core, key, "");
    for (const char* key : {"source", "involvedObject"}) set_missing(core, key, Json::object());
    event = shown(kind.names, std::move(core));
}

void validate_event(const KindRow& kind, const Json& event, const Json* old, Complaints& complaints) {
    const auto core = stored(kind.names, event);
    const auto name_space = text_at(at(event, "metadata"), "namespace");
    const auto within = text_at(at(core, "involvedObject"), "namespace");
    if (!text_at(core, "eventTime").empty()) {
        validate_timed(core, name_space, kind.names.empty() ? "reportingComponent" : "reportingController", complaints);
    } else if (within != name_space && !(within.empty() && name_space == "default")) {
        // Events of cluster-scoped objects live in "default".
        complaints.invalid("involvedObject.namespace", within, "does not match event.namespace");
    }
    if (kind.names.empty()) return;
    if (old) {
        validate_change(core, stored(kind.names, *old), complaints);
    } else {
        validate_strictly(core, complaints);
    }
}

}  // namespace moontide::sandbox

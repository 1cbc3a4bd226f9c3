#include "sandbox/definitions.hpp"

#include "sandbox/custom_kind.hpp"
#include "sandbox/definition_rules.hpp"
#include "sandbox/json_at.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

/// Names that definitions of a group have got.
struct Taken {
    std::set<std::string> resources;
    std::set<std::string> kinds;
};

}  // namespace

bool Definitions::work() {
    if (position_ == store_.version()) return false;
    const auto before = store_.version();
    look();
    for (const auto& name : std::exchange(due_, {})) {
        if (const auto record = store_.find(kind_, "", name)) tend(record);
    }
    for (const auto& name : std::set(emptying_)) {
        const auto record = store_.find(kind_, "", name);
        if (!record) {
            emptying_.erase(name);
        } else {
            clean_up(record, record->tree());
        }
    }
    return store_.version() != before;
}

void Definitions::look() {
    if (position_ < store_.oldest()) {
        for (const auto& record : store_.list(kind_, "")) due_.insert(record->name);
        position_ = store_.version();
    }
    while (position_ < store_.version()) {
        const auto& event = store_.event(++position_);
        if (!event.kind()->is(kind_)) continue;
        const auto object = event.after->tree();
        if (event.type == Event::Type::deleted) {
            kinds_.withdraw(text_at(object.at("spec"), "group"), text_at(object.at("spec").at("names"), "plural"));
            // It has freed its names.
            for (const auto& record : store_.list(kind_, "")) due_.insert(record->name);
        } else {
            due_.insert(event.after->name);
        }
    }
}

void Definitions::tend(const RecordPtr& record) {
    auto object = record->tree();
    if (!record->terminating && accept_names(record, object)) return;
    serve(object);
    const auto& finalizers = record->finalizers;
    if (record->terminating && std::ranges::find(finalizers, definition::CLEANUP) != finalizers.end() &&
        emptying_.insert(record->name).second) {
        change_status(record, [&](Json& status) {
            definition::set_condition(status, "Terminating", true, "InstanceDeletionInProgress",
                                      "CustomResource deletion is in progress", clock_.wall());
        });
    }
}

/// True where it wrote: the next look goes on from there.
bool Definitions::accept_names(const RecordPtr& record, const Json& object) {
    const auto& spec = object.at("spec");
    const auto& wanted = spec.at("names");
    const auto accepted = object.at("status").value("acceptedNames", Json::object());
    if (wanted == accepted) {
        if (definition::has_condition(object, "Established") || !definition::has_condition(object, "NamesAccepted"))
            return false;
        change_status(record, [&](Json& status) {
            definition::set_condition(status, "Established", true, "InitialNamesAccepted",
                                      "the initial names have been accepted", clock_.wall());
        });
        return true;
    }

    Taken taken;
    for (const auto& other : store_.list(kind_, "")) {
        const auto tree = other->tree();
        if (text_at(tree.at("spec"), "group") != text_at(spec, "group")) continue;
        const auto names = tree.at("status").value("acceptedNames", Json::object());
        taken.resources.insert({text_at(names, "plural"), text_at(names, "singular")});
        for (const auto& name : names.value("shortNames", Json::array())) taken.resources.insert(name);
        taken.kinds.insert({text_at(names, "kind"), text_at(names, "listKind")});
    }
    auto names = accepted;
    std::string reason = "NoConflicts";
    std::string message = "no conflicts found";
    const auto claim = [&](const char* key, const std::set<std::string>& used, const char* conflict) {
        const auto name = text_at(wanted, key);
        if (name != text_at(accepted, key) && used.contains(name)) {
            reason = conflict;
            message = in_quotes(name) + " is already in use";
        } else {
            names[key] = name;
        }
    };
    claim("plural", taken.resources, "PluralConflict");
    claim("singular", taken.resources, "SingularConflict");
    const auto short_names = wanted.value("shortNames", Json::array());
    const auto had = accepted.value("shortNames", Json::array());
    std::string in_use;
    for (const auto& name : short_names) {
        if (std::ranges::find(had, name) == had.end() && taken.resources.contains(name))
            in_use += (in_use.empty() ? "" : ", ") + in_quotes(name.get<std::string>()) + " is already in use";
    }
    if (!in_use.empty()) {
        reason = "ShortNamesConflict";
        message = in_use;
    } else if (!short_names.empty()) {
        names["shortNames"] = short_names;
    } else {
        names.erase("shortNames");
    }
    claim("kind", taken.kinds, "KindConflict");
    claim("listKind", taken.kinds, "ListKindConflict");
    names.erase("categories");
    if (wanted.contains("categories")) names["categories"] = wanted["categories"];

    const bool good = reason == "NoConflicts";
    const auto written = change_status(record, [&](Json& changed) {
        changed["status"]["acceptedNames"] = names;
        definition::set_condition(changed, "NamesAccepted", good, reason.c_str(), message, clock_.wall());
        if (definition::has_condition(changed, "Established")) return;
        if (good) {
            definition::set_condition(changed, "Established", false, "Installing",
                                      "the initial names have been accepted", clock_.wall());
        } else {
            definition::set_condition(changed, "Established", false, "NotAccepted", "not all names are accepted",
                                      clock_.wall());
        }
    });
    return written.record && written.record->version != record->version;
}

void Definitions::serve(const Json& object) {
    std::vector<std::string> versions;
    for (auto& row : rows_of(object)) {
        versions.push_back(row.version);
        kinds_.serve(std::move(row));
    }
    kinds_.withdraw(text_at(object.at("spec"), "group"), text_at(object.at("spec").at("names"), "plural"), versions);
}

void Definitions::clean_up(const RecordPtr& record, const Json& object) {
    const auto& spec = object.at("spec");
    const bool established = definition::has_condition(object, "Established");
    const KindRow* row = nullptr;
    for (const auto& one : kinds_.rows()) {
        if (one.custom && one.group == text_at(spec, "group") && one.resource == text_at(spec.at("names"), "plural"))
            row = &one;
    }
    if (established && row) {
        DeleteOptions background;
        background.propagation = DeleteOptions::Propagation::background;
        for (const auto& instance : store_.list(*row, "")) {
            if (!instance->terminating)
                static_cast<void>(writes_.remove(*row, instance->namespace_name, instance->name, background));
        }
        if (!store_.list(*row, "").empty()) return;
    }
    change_status(record, [&](Json& changed) {
        if (established) {
            definition::set_condition(changed, "Terminating", false, "InstanceDeletionCompleted",
                                      "removed all instances", clock_.wall());
        } else {
            definition::set_condition(changed, "Terminating", false, "NeverEstablished",
                                      "resource was never established", clock_.wall());
        }
        auto& finalizers = changed["metadata"]["finalizers"];
        if (finalizers.is_array())
            finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), Json(definition::CLEANUP)),
                             finalizers.end());
    });
}

Written Definitions::change_status(const RecordPtr& record, const std::function<void(Json&)>& change) {
    const auto written = writes_.modify({kind_, "", record->name, "status"},
                                        [&](const Json& old) -> Outcome<Json> {
                                            auto object = old;
                                            change(object);
                                            return object;
                                        },
                                        {.manager = "kube-apiserver"});
    return written ? *written : Written{};
}

}  // namespace moontide::sandbox

#include "sandbox/terminator.hpp"

#include <array>
#include <map>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

struct Condition {
    const char* type;
    const char* good_reason;
    const char* good_message;
};

constexpr std::array CONDITIONS{
    Condition{"NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"},
    Condition{"NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions",
              "All legacy kube types successfully parsed"},
    Condition{"NamespaceDeletionContentFailure", "ContentDeleted",
              "All content successfully deleted, may be waiting on finalization"},
    Condition{"NamespaceContentRemaining", "ContentRemoved", "All content successfully removed"},
    Condition{"NamespaceFinalizersRemaining", "ContentHasNoFinalizers", "All content-preserving finalizers finished"},
};

std::string counted(const std::map<std::string, int>& counts, const char* format) {
    std::string text;
    for (const auto& [what, count] : counts) {
        text += (text.empty() ? "" : ", ") + fmt::format(fmt::runtime(format), what, count);
    }
    return text;
}

}  // namespace

bool Terminator::work() {
    if (position_ == store_.version()) return false;
    const auto before = store_.version();
    look();
    for (const auto& name : std::set(terminating_)) {
        const auto record = store_.find(*kinds_.find("", "v1", "namespaces"), "", name);
        if (!record || !record->terminating) {
            terminating_.erase(name);
            continue;
        }
        if (!empty_out(name)) {
            report(record);
            continue;
        }
        // Its other finalizers may hold it still.
        static_cast<void>(writes_.modify({*record->kind, "", name, "finalize"},
                                         [](const Json& old) -> Outcome<Json> {
                                             auto object = old;
                                             object["spec"].erase("finalizers");
                                             return object;
                                         },
                                         {.manager = "kube-controller-manager"}));
    }
    return store_.version() != before;
}

void Terminator::look() {
    const auto& kind = *kinds_.find("", "v1", "namespaces");
    if (position_ < store_.oldest()) {
        for (const auto& record : store_.list(kind, "")) {
            if (record->terminating) terminating_.insert(record->name);
        }
        position_ = store_.version();
    }
    while (position_ < store_.version()) {
        const auto& record = *store_.event(++position_).after;
        if (record.kind->is(kind) && record.terminating) terminating_.insert(record.name);
    }
}

bool Terminator::empty_out(const std::string& namespace_name) {
    DeleteOptions background;
    background.propagation = DeleteOptions::Propagation::background;
    bool empty = true;
    for (const auto& kind : kinds_.rows()) {
        if (!kind.namespaced || !kinds_.is_first(kind)) continue;
        for (const auto& record : store_.list(kind, namespace_name)) {
            if (!record->terminating) static_cast<void>(writes_.remove(kind, namespace_name, record->name, background));
        }
        empty = empty && !store_.has_any(kind, namespace_name);
    }
    return empty;
}

bool Terminator::report(const RecordPtr& record) {
    std::map<std::string, int> resources;
    std::map<std::string, int> finalizers;
    for (const auto& kind : kinds_.rows()) {
        if (!kind.namespaced || !kinds_.is_first(kind)) continue;
        for (const auto& left : store_.list(kind, record->name)) {
            ++resources[kind.resource + "." + kind.group];
            for (const auto& finalizer : left->finalizers) ++finalizers[finalizer];
        }
    }
    const auto change = [&](const Json& old) -> Outcome<Json> {
        auto object = old;
        Json conditions = Json::array();
        for (const auto& condition : CONDITIONS) {
            Json made = {{"type", condition.type},
                         {"status", "False"},
                         {"reason", condition.good_reason},
                         {"message", condition.good_message},
                         {"lastTransitionTime", rfc3339(clock_.wall())}};
            if (std::string_view(condition.type) == "NamespaceContentRemaining" && !resources.empty()) {
                made["status"] = "True";
                made["reason"] = "SomeResourcesRemain";
                made["message"] = "Some resources are remaining: " + counted(resources, "{} has {} resource instances");
            }
            if (std::string_view(condition.type) == "NamespaceFinalizersRemaining" && !finalizers.empty()) {
                made["status"] = "True";
                made["reason"] = "SomeFinalizersRemain";
                made["message"] = "Some content in the namespace has finalizers remaining: " +
                                  counted(finalizers, "{} in {} resource instances");
            }
            for (const auto& was : old.at("status").value("conditions", Json::array())) {
                if (was.at("type") == made["type"] && was.at("status") == made["status"]) {
                    made["lastTransitionTime"] = was.at("lastTransitionTime");
                }
            }
            conditions.push_back(std::move(made));
        }
        object["status"]["conditions"] = std::move(conditions);
        return object;
    };
    return writes_.modify({*record->kind, "", record->name, "status"}, change, {.manager = "kube-controller-manager"})
        .has_value();
}

}  // namespace moontide::sandbox

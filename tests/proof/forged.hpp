// A small history made by hand, to see each invariant break.
#pragma once

#include "checker.hpp"

#include <string>
#include <utility>

namespace moontide::proof {

/// annotation-sync: sources in "src", targets are namespaces with the mark; the engine's instance is "m".
class Forged {
    ManualClock clock_;  // before the history, which reads it

public:
    Forged() {
        space("src", false);
        space("red", true);
    }

    sandbox::History history{clock_};
    Terms terms = annotation_sync_terms("src", "m");

    static Json object(const std::string& name_space, const std::string& name, const Json& data) {
        return {{"kind", "ConfigMap"},
                {"apiVersion", "v1"},
                {"metadata", {{"namespace", name_space}, {"name", name}, {"uid", name_space + "-" + name}}},
                {"data", data}};
    }
    static Json source(const Json& data) {
        auto made = object("src", "a", data);
        made["metadata"]["annotations"]["flux-extension.nrfcloud.com/sync-configmap"] = "true";
        return made;
    }
    /// As the engine makes it.
    static Json copy(const Json& data, const std::string& name_space = "red", const std::string& state = "made") {
        auto made = object(name_space, "a", data);
        const Json claim = {{"instance", "m"},
                            {"state", state},
                            {"place", {{"cluster", "c"}, {"namespace", name_space}, {"name", "a"}}}};
        made["metadata"]["labels"]["moontide.dev/instance"] = "m";
        made["metadata"]["annotations"]["moontide.dev/claim"] = claim.dump();
        return made;
    }

    void space(const std::string& name, bool is_target) {
        Json made = {{"kind", "Namespace"}, {"apiVersion", "v1"}, {"metadata", {{"name", name}, {"uid", name}}}};
        if (is_target) made["metadata"]["annotations"]["flux-extension.nrfcloud.com/sync-target"] = "true";
        put("namespaces", made, 0);
    }

    void pass(Milliseconds time) { clock_.advance(time); }
    void note(const std::string& what, Json fields = Json::object()) { history.note(what, std::move(fields)); }

    /// Somebody's change, or that of a request of ours.
    void put(const std::string& resource, Json made, sandbox::RequestId by) {
        auto& before = objects_[key(resource, made)];
        made["metadata"]["resourceVersion"] = std::to_string(++version_);
        auto text = std::make_shared<const std::string>(made.dump());
        Changed changed = change(resource, made, by);
        changed.what = before ? Changed::What::modified : Changed::What::added;
        changed.object = text;
        changed.before = std::exchange(before, text);
        history.add(std::move(changed));
    }
    void remove(const std::string& resource, const Json& made, sandbox::RequestId by) {
        Changed changed = change(resource, made, by);
        changed.version = ++version_;
        changed.what = Changed::What::deleted;
        changed.before = std::exchange(objects_[key(resource, made)], nullptr);
        changed.object = changed.before;
        history.add(std::move(changed));
    }

    sandbox::RequestId ask(const std::string& verb, const Json& body, std::uint64_t connection = 1,
                           const std::string& resource = "configmaps") {
        Asked asked;
        asked.id = history.next_request();
        asked.client = "moontide";
        asked.connection = connection;
        asked.verb = verb;
        asked.resource = resource;
        asked.path = "/" + resource;
        asked.body = body.dump();
        history.add(asked);
        return asked.id;
    }
    void answer(sandbox::RequestId id, int status) { history.add(Answered{id, status, true, {}, {}}); }

    void engine_creates(const Json& made, std::uint64_t connection = 1) {
        const auto id = ask("create", made, connection);
        put("configmaps", made, id);
        answer(id, 201);
    }
    void engine_replaces(const Json& made, std::uint64_t connection = 1) {
        auto body = made;
        body["metadata"]["resourceVersion"] = std::to_string(version_);
        const auto id = ask("update", body, connection);
        put("configmaps", made, id);
        answer(id, 200);
    }
    void engine_deletes(const Json& made, std::uint64_t connection = 1) {
        const auto id = ask("delete", {{"preconditions", {{"uid", "u"}, {"resourceVersion", "1"}}}}, connection);
        remove("configmaps", made, id);
        answer(id, 200);
    }

    /// Names of the invariants that are broken, each once.
    std::string broken() const {
        const Timeline timeline(history.entries(), terms);
        std::string names;
        for (const auto& invariant : invariants()) {
            if (invariant.check(timeline, terms).empty()) continue;
            names += (names.empty() ? "" : " ") + std::string(invariant.name);
        }
        return names;
    }

private:
    static std::string key(const std::string& resource, const Json& made) {
        const auto& metadata = made.at("metadata");
        return resource + "/" + metadata.value("namespace", "") + "/" + metadata.value("name", "");
    }
    Changed change(const std::string& resource, const Json& made, sandbox::RequestId by) const {
        Changed changed;
        changed.by = by;
        changed.version = version_;
        changed.resource = resource;
        changed.namespace_name = made.at("metadata").value("namespace", "");
        changed.name = made.at("metadata").value("name", "");
        return changed;
    }

    std::map<std::string, std::shared_ptr<const std::string>> objects_;
    std::uint64_t version_ = 0;
};

}  // namespace moontide::proof

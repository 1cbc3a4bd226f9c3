#include "sandbox/collector.hpp"

#include <algorithm>

namespace moontide::sandbox {

namespace {

bool contains(const std::vector<std::string>& finalizers, const char* finalizer) {
    return std::ranges::find(finalizers, finalizer) != finalizers.end();
}

Key key_of(const Record& record) {
    return {record.kind->index, record.namespace_name, record.name};
}

}  // namespace

bool Collector::work() {
    if (position_ == store_.version()) return false;
    const auto before = store_.version();
    look();
    for (const auto& key : std::exchange(due_, {})) {
        const auto record = current(key);
        if (!record) continue;
        if (record->terminating && contains(record->finalizers, "orphan")) {
            release(record);
        } else if (record->terminating && contains(record->finalizers, "foregroundDeletion")) {
            wait_for_dependents(record);
        } else if (record->terminating && record->kind->kind == "Pod" && record->finalizers.empty()) {
            end_pod(record);
        } else if (!record->terminating && !record->owners.empty()) {
            collect(record);
        }
    }
    return store_.version() != before;
}

void Collector::look() {
    if (position_ < store_.oldest()) {
        alive_.clear();
        dependents_.clear();
        for (const auto& kind : kinds_.rows()) {
            if (!kinds_.is_first(kind)) continue;
            for (const auto& record : store_.list(kind, "")) learn(nullptr, record, false);
        }
        position_ = store_.version();
    }
    while (position_ < store_.version()) {
        const auto& event = store_.event(++position_);
        learn(event.before, event.after, event.type == Event::Type::deleted);
    }
}

void Collector::learn(const RecordPtr& before, const RecordPtr& after, bool gone) {
    const auto key = key_of(*after);
    if (before) {
        for (const auto& uid : before->owners) {
            dependents_[uid].erase(key);
            // An owner that is deleted in the foreground may have waited for this one.
            if (const auto owner = alive_.find(uid); owner != alive_.end()) due_.insert(owner->second);
        }
    }
    if (gone) {
        alive_.erase(after->uid);
        if (const auto found = dependents_.find(after->uid); found != dependents_.end()) {
            due_.insert(found->second.begin(), found->second.end());
        }
        return;
    }
    alive_[after->uid] = key;
    for (const auto& uid : after->owners) dependents_[uid].insert(key);
    if (!after->owners.empty() || after->terminating) due_.insert(key);
}

RecordPtr Collector::current(const Key& key) const {
    const auto& [index, namespace_name, name] = key;
    return store_.find(kinds_.rows()[index], namespace_name, name);
}

void Collector::collect(const RecordPtr& record) {
    std::set<std::string> gone;
    std::set<std::string> waiting;
    std::size_t solid = 0;
    const auto object = record->tree();
    for (const auto& reference : object.at("metadata").at("ownerReferences")) {
        const auto uid = reference.value("uid", std::string());
        const auto* kind = kinds_.find_kind(reference.value("apiVersion", ""), reference.value("kind", ""));
        // A kind that nobody knows proves nothing.
        if (!kind) return;
        const auto found = alive_.find(uid);
        const auto owner = found == alive_.end() ? nullptr : current(found->second);
        const bool there = owner && owner->kind->is(*kind) && owner->name == reference.value("name", "") &&
                           (!kind->namespaced || owner->namespace_name == record->namespace_name);
        if (!there) {
            gone.insert(uid);
        } else if (owner->terminating && contains(owner->finalizers, "foregroundDeletion")) {
            waiting.insert(uid);
        } else {
            ++solid;
        }
    }
    if (solid > 0) {
        gone.merge(waiting);
        if (!gone.empty()) drop_references(record, gone);
        return;
    }
    DeleteOptions options;
    options.uid = record->uid;
    const auto own = dependents_.find(record->uid);
    const bool deeper = !waiting.empty() && own != dependents_.end() && !own->second.empty();
    if (deeper) {
        options.propagation = DeleteOptions::Propagation::foreground;
    } else if (!contains(record->finalizers, "orphan") && !contains(record->finalizers, "foregroundDeletion")) {
        options.propagation = DeleteOptions::Propagation::background;
    }
    static_cast<void>(writes_.remove(*record->kind, record->namespace_name, record->name, options));
}

void Collector::release(const RecordPtr& owner) {
    for (const auto& key : std::set(dependents_[owner->uid])) {
        if (const auto dependent = current(key)) drop_references(dependent, {owner->uid});
    }
    drop_finalizer(owner, "orphan");
}

void Collector::wait_for_dependents(const RecordPtr& owner) {
    bool blocked = false;
    for (const auto& key : std::set(dependents_[owner->uid])) {
        const auto dependent = current(key);
        if (!dependent) continue;
        const auto object = dependent->tree();
        for (const auto& reference : object.at("metadata").at("ownerReferences")) {
            if (reference.value("uid", std::string()) == owner->uid)
                blocked |= reference.value("blockOwnerDeletion", false);
        }
        if (!dependent->terminating) due_.insert(key);
    }
    if (!blocked) return drop_finalizer(owner, "foregroundDeletion");
    for (const auto& key : std::exchange(due_, {})) {
        if (const auto dependent = current(key); dependent && !dependent->terminating && !dependent->owners.empty())
            collect(dependent);
    }
}

void Collector::end_pod(const RecordPtr& pod) {
    // No kubelet is here to end its containers, so they have ended.
    DeleteOptions now;
    now.uid = pod->uid;
    now.grace_seconds = 0;
    static_cast<void>(writes_.remove(*pod->kind, pod->namespace_name, pod->name, now));
}

void Collector::drop_references(const RecordPtr& record, const std::set<std::string>& uids) {
    const auto change = [&](const Json& old) -> Outcome<Json> {
        auto object = old;
        Json kept = Json::array();
        for (const auto& reference : old.at("metadata").value("ownerReferences", Json::array())) {
            if (!uids.contains(reference.value("uid", std::string()))) kept.push_back(reference);
        }
        object["metadata"]["ownerReferences"] = std::move(kept);
        return object;
    };
    static_cast<void>(writes_.modify({*record->kind, record->namespace_name, record->name, ""}, change,
                                     {.manager = "kube-controller-manager"}));
}

void Collector::drop_finalizer(const RecordPtr& record, const std::string& finalizer) {
    const auto change = [&](const Json& old) -> Outcome<Json> {
        auto object = old;
        auto& finalizers = object["metadata"]["finalizers"];
        finalizers.erase(std::remove(finalizers.begin(), finalizers.end(), Json(finalizer)), finalizers.end());
        return object;
    };
    static_cast<void>(writes_.modify({*record->kind, record->namespace_name, record->name, ""}, change,
                                     {.manager = "kube-controller-manager"}));
}

}  // namespace moontide::sandbox

#include "sandbox/managed_fields.hpp"

#include "sandbox/json_at.hpp"
#include "sandbox/schema.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::ptrdiff_t MOST_UPDATERS = 10;

/// Who it is, in the order of the real server's names for managers, which are texts of JSON.
auto identity(const FieldManager& manager) {
    const auto version = manager.applies ? std::string_view() : std::string_view(manager.api_version);
    return std::tuple(std::string_view(manager.name), !manager.applies, version, manager.subresource.empty(),
                      std::string_view(manager.subresource));
}

}  // namespace

bool FieldManager::is(const FieldManager& other) const {
    return identity(*this) == identity(other);
}

std::string FieldManager::readable() const {
    auto text = in_quotes(name);
    if (!subresource.empty()) text += fmt::format(" with subresource {}", in_quotes(subresource));
    return applies ? text : fmt::format("{} using {}", text, api_version);
}

void FieldManager::unfold() {
    if (written.is_null()) return;
    fields = FieldSet::read(written);
    written = nullptr;
}

std::optional<ManagedFields> ManagedFields::read(const Json& metadata) {
    ManagedFields managed;
    const auto entries = metadata.find("managedFields");
    if (entries == metadata.end() || !entries->is_array()) return managed;
    for (const auto& entry : *entries) {
        const auto operation = text_at(entry, "operation");
        const auto fields = entry.find("fieldsV1");
        FieldManager manager{text_at(entry, "manager"),
                             operation == "Apply",
                             text_at(entry, "apiVersion"),
                             text_at(entry, "subresource"),
                             text_at(entry, "time"),
                             {},
                             {}};
        if (!manager.applies && operation != "Update") return std::nullopt;
        if (manager.api_version.empty() || text_at(entry, "fieldsType") != "FieldsV1") return std::nullopt;
        if (fields == entry.end() || !fields->is_object() || fields->empty()) continue;
        manager.written = *fields;
        managed.set(std::move(manager));
    }
    return managed;
}

void ManagedFields::write(Json& metadata) const {
    metadata.erase("managedFields");
    std::vector<const FieldManager*> order;
    for (const auto& manager : managers_) {
        if (!manager.fields.empty() || !manager.written.is_null()) order.push_back(&manager);
    }
    std::ranges::sort(order, [](const FieldManager* a, const FieldManager* b) {
        return std::tuple(!a->applies, a->time, a->name, a->api_version, a->subresource) <
               std::tuple(!b->applies, b->time, b->name, b->api_version, b->subresource);
    });
    if (order.empty()) return;
    auto& entries = metadata["managedFields"] = Json::array();
    for (const auto* manager : order) {
        Json entry = {{"manager", manager->name},
                      {"operation", manager->applies ? "Apply" : "Update"},
                      {"apiVersion", manager->api_version},
                      {"fieldsType", "FieldsV1"},
                      {"fieldsV1", manager->written.is_null() ? manager->fields.write() : manager->written}};
        if (!manager->time.empty()) entry["time"] = manager->time;
        if (!manager->subresource.empty()) entry["subresource"] = manager->subresource;
        entries.push_back(std::move(entry));
    }
}

FieldManager* ManagedFields::find(const FieldManager& who) {
    const auto found = std::ranges::find_if(managers_, [&](const FieldManager& one) { return one.is(who); });
    return found == managers_.end() ? nullptr : &*found;
}

void ManagedFields::set(FieldManager manager) {
    std::erase_if(managers_, [&](const FieldManager& one) { return one.is(manager); });
    if (!manager.fields.empty() || !manager.written.is_null()) managers_.push_back(std::move(manager));
}

std::vector<ManagedFields::Conflict> ManagedFields::conflicts(const Comparison& change, const FieldManager& who) {
    std::vector<Conflict> all;
    const auto touched = change.modified.with(change.added);
    for (auto& manager : managers_) {
        if (manager.is(who)) continue;
        manager.unfold();
        if (auto fields = manager.fields.common(touched); !fields.empty()) all.push_back({&manager, std::move(fields)});
    }
    std::ranges::sort(all, {}, [](const Conflict& one) { return identity(*one.with); });
    return all;
}

void ManagedFields::give_up(const Comparison& change, const FieldManager& who) {
    const auto lost = change.modified.with(change.added).with(change.removed);
    if (lost.empty()) return;
    for (auto& manager : managers_) {
        if (manager.is(who) || (!manager.written.is_null() && !lost.meets(manager.written))) continue;
        manager.unfold();
        manager.fields = manager.fields.without(lost);
    }
    std::erase_if(managers_,
                  [](const FieldManager& manager) { return manager.fields.empty() && manager.written.is_null(); });
}

void ManagedFields::update(const Json& before, const Json& after, const KindRow& kind, FieldManager who, WallTime now) {
    auto change = compare(before, after, shape_of(kind));
    const auto ignored = ignored_fields(kind, who.subresource);
    for (auto* set : {&change.added, &change.modified, &change.removed}) *set = set->without_trees(ignored);
    auto taken = change.added.with(change.modified).without(nobodys_fields());
    const bool takes = !taken.empty();

    give_up(change, who);
    auto* own = find(who);
    if (own && !own->written.is_null() && taken.is_within(own->written) && !change.removed.meets(own->written)) {
        if (takes) own->time = rfc3339(now);
        return;
    }
    if (own) {
        own->unfold();
        taken = own->fields.without(change.removed).with(taken);
        who.time = own->time;
    }
    if (takes) who.time = rfc3339(now);
    who.fields = std::move(taken);
    set(std::move(who));
    cap();
}

/// The oldest updaters become one where there are too many of them.
void ManagedFields::cap() {
    std::vector<FieldManager> updaters;
    if (std::ranges::count(managers_, false, &FieldManager::applies) <= MOST_UPDATERS) return;
    for (auto& manager : managers_) {
        if (manager.applies) continue;
        manager.unfold();
        updaters.push_back(manager);
    }
    std::ranges::sort(updaters, [](const FieldManager& a, const FieldManager& b) {
        return std::tuple(std::string_view(a.time), identity(a)) < std::tuple(std::string_view(b.time), identity(b));
    });
    auto left = std::ssize(updaters);
    std::vector<FieldManager> first_of_version;
    for (const auto& updater : updaters) {
        if (left <= MOST_UPDATERS) break;
        const auto first = std::ranges::find(first_of_version, updater.api_version, &FieldManager::api_version);
        if (first == first_of_version.end()) {
            first_of_version.push_back(updater);
            continue;
        }
        FieldManager bucket{"ancient-changes", false, updater.api_version, {}, {}, {}, {}};
        auto* there = find(bucket);
        if (there) there->unfold();
        bucket.fields = there ? there->fields : first->fields;
        if (!there) std::erase_if(managers_, [&](const FieldManager& one) { return one.is(*first); });
        bucket.fields = bucket.fields.with(updater.fields);
        bucket.time = updater.time;
        std::erase_if(managers_, [&](const FieldManager& one) { return one.is(updater); });
        set(std::move(bucket));
        --left;
    }
}

ManagedFields take_managed_fields(const Json& live, Json& object, std::string_view subresource) {
    auto& metadata = object["metadata"];
    Json sent;
    if (const auto found = metadata.find("managedFields"); found != metadata.end()) {
        sent = std::move(*found);
        metadata.erase(found);
    }
    if (subresource.empty() && sent.is_array()) {
        // This is how a client says that it wants to be rid of them.
        if (sent.empty() || (sent.size() == 1 && sent.front().empty())) return {};
        auto managed = ManagedFields::read({{"managedFields", std::move(sent)}});
        if (managed && !managed->empty()) {
            // Clients may spell steps in their own way.
            for (auto& manager : managed->managers()) manager.unfold();
            return std::move(*managed);
        }
    }
    return ManagedFields::read(live.at("metadata")).value_or(ManagedFields());
}

FieldSet ignored_fields(const KindRow& kind, std::string_view subresource) {
    FieldSet ignored;
    if (subresource == "status" && kind.custom) {
        // Of a custom resource the status is all that counts there.
        const auto* schema = resolved(kind.schema, kind.schemas);
        const auto properties = schema ? schema->find("properties") : Json::const_iterator();
        if (!schema || properties == schema->end()) return ignored;
        for (const auto& [name, property] : properties->items()) {
            if (name != "status") ignored.put("f:" + name);
        }
    } else if (subresource == "status") {
        ignored.put("f:spec");
        if (kind.kind == "Pod") {
            ignored.put(std::vector<std::string>{"f:metadata", "f:deletionTimestamp"});
            ignored.put(std::vector<std::string>{"f:metadata", "f:ownerReferences"});
        } else if (kind.kind == "Deployment") {
            ignored.put(std::vector<std::string>{"f:metadata", "f:labels"});
        }
    } else if (kind.subresource("status")) {
        ignored.put("f:status");
    }
    return ignored;
}

const FieldSet& nobodys_fields() {
    static const FieldSet fields = [] {
        FieldSet of_metadata;
        for (const char* name : {"name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName",
                                 "generation", "managedFields", "resourceVersion"}) {
            of_metadata.put(std::string("f:") + name);
        }
        FieldSet set;
        set.put("f:apiVersion");
        set.put("f:kind");
        set.put("f:metadata", true, std::move(of_metadata));
        return set;
    }();
    return fields;
}

const Json& zero_of(const KindRow& kind) {
    static const Json bare = {{"metadata", Json::object()}};
    const auto* metadata = property(kind.schema, kind.schemas, "metadata");
    // Only the schemas of Go's types say which fields are always written; custom resources begin with nothing.
    return metadata && metadata->contains("default") ? shape_of(kind).zero() : bare;
}

void track_update(const KindRow& kind, std::string_view subresource, const Json& live, Json& object,
                  const std::string& manager, WallTime now) {
    const bool created = live.is_null();
    Json with_times;
    const Json* start = created ? &zero_of(kind) : &live;
    for (const auto& [key, value] : object.items()) {
        if (!created || !value.is_null()) continue;
        // A time that is always written is there before, too.
        if (with_times.is_null()) with_times = *start;
        with_times[key] = nullptr;
        start = &with_times;
    }
    const Json& before = *start;
    auto managed = take_managed_fields(before, object, subresource);
    // Once nobody is named, it stays so until somebody applies.
    if (created || !managed.empty()) {
        FieldManager who{
            manager.empty() ? "unknown" : manager, false, kind.api_version(), std::string(subresource), {}, {}, {}};
        managed.update(before, object, kind, std::move(who), now);
    }
    managed.write(object["metadata"]);
}

void keep_times(Json& object, const Json& old) {
    auto& entries = object["metadata"]["managedFields"];
    const auto before = old.at("metadata").value("managedFields", Json::array());
    const auto restore = [&] {
        if (entries.is_null()) object["metadata"].erase("managedFields");
    };
    if (entries.size() != before.size()) return restore();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        auto entry = entries[i];
        auto other = before[i];
        entry.erase("time");
        other.erase("time");
        if (entry != other) return restore();
    }
    auto kept = std::exchange(entries, before);
    if (before.empty()) object["metadata"].erase("managedFields");
    if (object != old) object["metadata"]["managedFields"] = std::move(kept);
}

}  // namespace moontide::sandbox

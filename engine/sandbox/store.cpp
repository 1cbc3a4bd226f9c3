#include "sandbox/store.hpp"

#include "sandbox/field_selector.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::vector<std::string> elements_text(const Json& list, const char* key = nullptr) {
    std::vector<std::string> out;
    for (const auto& element : list)
        out.push_back(key ? element.value(key, std::string()) : element.get<std::string>());
    return out;
}

}  // namespace

Json Record::tree(const KindRow& as) const {
    return Json::parse(object(as));
}

Json Record::stored() const {
    return Json::parse("{" + text);
}

std::string Record::item(const KindRow& as) const {
    return as.names.empty() ? "{" + text : shown(as.names, stored()).dump();
}

std::string Record::object(const KindRow& as) const {
    if (!as.names.empty()) {
        auto tree = shown(as.names, stored());
        tree["kind"] = as.kind;
        tree["apiVersion"] = as.api_version();
        return tree.dump();
    }
    return fmt::format(R"({{"kind":"{}","apiVersion":"{}",{})", as.kind, as.api_version(), text);
}

std::string Record::metadata_object() const {
    return fmt::format(R"({{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",{}}})",
                       std::string_view(text).substr(0, metadata_size));
}

RecordPtr make_record(const KindRow& kind, Json object, Version version) {
    auto record = std::make_shared<Record>();
    object = stored(kind.names, std::move(object));
    auto& metadata = object["metadata"];
    if (version != 0) {
        metadata["resourceVersion"] = std::to_string(version);
    } else {
        metadata.erase("resourceVersion");
    }
    record->kind = &kind;
    record->namespace_name = metadata.value("namespace", std::string());
    record->name = metadata.value("name", std::string());
    record->uid = metadata.value("uid", std::string());
    record->version = version;
    record->terminating = metadata.contains("deletionTimestamp");
    if (const auto labels = metadata.find("labels"); labels != metadata.end()) {
        for (const auto& [key, value] : labels->items()) record->labels.emplace_back(key, value);
    }
    if (const auto owners = metadata.find("ownerReferences"); owners != metadata.end()) {
        record->owners = elements_text(*owners, "uid");
    }
    if (const auto finalizers = metadata.find("finalizers"); finalizers != metadata.end()) {
        record->finalizers = elements_text(*finalizers);
    }
    record->fields = selectable_fields(kind, object);
    record->text = "\"metadata\":" + metadata.dump();
    record->metadata_size = record->text.size();
    for (const auto& [key, value] : object.items()) {
        if (key == "kind" || key == "apiVersion" || key == "metadata") continue;
        record->text += "," + Json(key).dump() + ":" + value.dump();
    }
    record->text += "}";
    return record;
}

RecordPtr Store::find(const KindRow& kind, std::string_view namespace_name, std::string_view name) const {
    const auto found = objects_.find(Key(kind.index, namespace_name, name));
    return found == objects_.end() ? nullptr : found->second;
}

std::vector<RecordPtr> Store::list(const KindRow& kind, std::string_view namespace_name) const {
    std::vector<RecordPtr> records;
    for (auto at = objects_.lower_bound(Key(kind.index, namespace_name, "")); at != objects_.end(); ++at) {
        const auto& [index, in_namespace, name] = at->first;
        if (index != kind.index || (!namespace_name.empty() && in_namespace != namespace_name)) break;
        records.push_back(at->second);
    }
    return records;
}

std::vector<RecordPtr> Store::list_at(const KindRow& kind, std::string_view namespace_name, Version version) const {
    auto records = list(kind, namespace_name);
    if (version >= version_) return records;
    // What is there now, less what happened since.
    using Place = std::pair<std::string_view, std::string_view>;
    const auto place_of = [](const Record& record) { return Place(record.namespace_name, record.name); };
    std::map<Place, RecordPtr> then;
    for (const auto& record : records) then.emplace(place_of(*record), record);
    for (Version at = version_; at > version; --at) {
        const auto& undone = event(at);
        if (!undone.kind()->is(kind)) continue;
        if (!namespace_name.empty() && undone.after->namespace_name != namespace_name) continue;
        then.erase(place_of(*undone.after));
        if (undone.before) then.emplace(place_of(*undone.before), undone.before);
    }
    records.clear();
    for (const auto& [key, record] : then) records.push_back(record);
    return records;
}

bool Store::has_any(const KindRow& kind, std::string_view namespace_name) const {
    const auto at = objects_.lower_bound(Key(kind.index, namespace_name, ""));
    return at != objects_.end() && std::get<0>(at->first) == kind.index && std::get<1>(at->first) == namespace_name;
}

RecordPtr Store::put(const KindRow& kind, Json object) {
    auto record = make_record(kind, std::move(object), version_ + 1);
    auto& place = objects_[Key(kind.index, record->namespace_name, record->name)];
    auto before = std::exchange(place, record);
    const auto type = before ? Event::Type::modified : Event::Type::added;
    keep({version_ + 1, type, std::move(before), record});
    return record;
}

RecordPtr Store::erase(const RecordPtr& record) {
    auto last = make_record(*record->kind, record->tree(), version_ + 1);
    objects_.erase(Key(record->kind->index, record->namespace_name, record->name));
    keep({version_ + 1, Event::Type::deleted, record, last});
    return last;
}

void Store::compact() {
    ring_.clear();
    oldest_ = version_;
}

void Store::keep(Event event) {
    version_ = event.version;
    if (told_) told_(event);
    ring_.push_back(std::move(event));
    while (ring_.size() > ring_size_) {
        ring_.pop_front();
        ++oldest_;
    }
}

}  // namespace moontide::sandbox

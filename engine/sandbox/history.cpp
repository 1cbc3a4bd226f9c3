#include "sandbox/history.hpp"

namespace moontide::sandbox {

namespace {

const char* word(Changed::What what) {
    switch (what) {
        case Changed::What::added:
            return "added";
        case Changed::What::modified:
            return "modified";
        case Changed::What::deleted:
            return "deleted";
    }
    return "?";
}

Json tree_of(const std::shared_ptr<const std::string>& text) {
    if (!text) return nullptr;
    return Json::parse(*text, nullptr, false);
}

Json identity_of(const Json& object) {
    const auto metadata = object.value("metadata", Json::object());
    return {{"uid", metadata.value("uid", "")}, {"resourceVersion", metadata.value("resourceVersion", "")}};
}

void put_if(Json& line, const char* key, const std::string& value) {
    if (!value.empty()) line[key] = value;
}

void tell(Json& line, const Asked& asked) {
    line["request"] = asked.id;
    line["verb"] = asked.verb;
    put_if(line, "resource", asked.resource);
    put_if(line, "namespace", asked.namespace_name);
    put_if(line, "name", asked.name);
    line["path"] = asked.path;
    put_if(line, "body", asked.body);
    line["client"] = asked.client;
    line["connection"] = asked.connection;
}

void tell(Json& line, const Answered& answered) {
    line["answer"] = answered.id;
    line["status"] = answered.status;
    line["delivered"] = answered.delivered;
    put_if(line, "fault", answered.fault);
    put_if(line, "why", answered.why);
}

void tell(Json& line, const Changed& changed) {
    line["change"] = word(changed.what);
    line["by"] = changed.by;
    line["version"] = changed.version;
    line["resource"] = changed.resource;
    put_if(line, "namespace", changed.namespace_name);
    line["name"] = changed.name;
    if (changed.before) line["before"] = identity_of(tree_of(changed.before));
    line["object"] = tree_of(changed.object);
}

void tell(Json& line, const Noted& noted) {
    line["note"] = noted.what;
    if (!noted.fields.empty()) line["fields"] = noted.fields;
}

}  // namespace

std::string line_of(const Entry& entry) {
    Json line = {{"number", entry.number}, {"at_ms", entry.at.count()}};
    std::visit([&](const auto& what) { tell(line, what); }, entry.what);
    return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

RequestId History::next_request() {
    return kept_.with([](Kept& kept) { return ++kept.last_request; });
}

std::vector<Entry> History::entries() const {
    return kept_.with([](const Kept& kept) { return kept.entries; });
}

std::size_t History::size() const {
    return kept_.with([](const Kept& kept) { return kept.entries.size(); });
}

std::string History::lines() const {
    std::string text;
    for (const auto& entry : entries()) text += line_of(entry) + "\n";
    return text;
}

void History::on_entry(std::function<void(const Entry&)> told) {
    kept_.with([&](Kept& kept) { kept.told = std::move(told); });
}

void History::keep(decltype(Entry::what) what) {
    kept_.with([&](Kept& kept) {
        const auto at = std::chrono::duration_cast<Milliseconds>(clock_.now() - begin_);
        kept.entries.push_back({kept.entries.size() + 1, at, std::move(what)});
        if (kept.told) kept.told(kept.entries.back());
    });
}

}  // namespace moontide::sandbox

#include "audit.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <variant>

namespace moontide::trouble {

namespace {

using sandbox::Answered;
using sandbox::Asked;
using sandbox::Changed;
using std::chrono::microseconds;

/// "2026-01-31T12:00:00.123456Z"
microseconds time_of(const std::string& text) {
    std::tm time{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &time);
    if (rest == nullptr) return microseconds(0);
    const double fraction = *rest == '.' ? std::strtod(rest, nullptr) : 0;
    return std::chrono::seconds(::timegm(&time)) + microseconds(static_cast<std::int64_t>(fraction * 1e6));
}

std::uint64_t version_of(const Json& object) {
    return std::strtoull(object.value("/metadata/resourceVersion"_json_pointer, std::string()).c_str(), nullptr, 10);
}

std::string uid_of(const Json& object) {
    return object.value("/metadata/uid"_json_pointer, std::string());
}

std::string resource_of(const Json& object) {
    const auto kind = object.value("kind", "");
    if (kind == "ConfigMap") return "configmaps";
    if (kind == "Secret") return "secrets";
    return kind == "Namespace" ? "namespaces" : "";
}

bool is_written(const Heard& heard) {
    return heard.verb == "create" || heard.verb == "update" || heard.verb == "patch";
}

Heard heard_in(const Json& event) {
    Heard heard;
    heard.asked = time_of(event.value("requestReceivedTimestamp", ""));
    heard.answered = time_of(event.value("stageTimestamp", ""));
    heard.client = event.value("userAgent", "");
    heard.verb = event.value("verb", "");
    const auto about = event.value("objectRef", Json::object());
    heard.resource = about.value("resource", "");
    heard.namespace_name = heard.resource == "namespaces" ? "" : about.value("namespace", "");
    heard.name = about.value("name", "");
    heard.path = event.value("requestURI", "");
    heard.status = event.value("/responseStatus/code"_json_pointer, 0);
    heard.request = event.value("requestObject", Json());
    heard.response = event.value("responseObject", Json::object());
    if (heard.name.empty()) heard.name = heard.response.value("/metadata/name"_json_pointer, std::string());
    return heard;
}

/// Puts what was heard and seen in order.
class Assembly {
public:
    explicit Assembly(std::shared_ptr<sandbox::History> history, ManualClock& clock)
        : history_(std::move(history)), clock_(clock) {}

    void there(const Json& object) { change(object, 0, version_of(object), false); }

    /// What became of each object, by version; deletions under the version of the deletion.
    void saw(const test::Change& change) {
        const auto version = version_of(change.object);
        const bool deleted = change.what == test::Change::What::deleted;
        (deleted ? deleted_ : written_).try_emplace(version, change.object);
    }

    void took(const Heard& heard) {
        // Who is not known, or has no right to it, is not listened to: what was said is not logged.
        if ((heard.status == 401 || heard.status == 403) && heard.request.is_null()) return;
        const auto id = history_->next_request();
        requests_.emplace_back(heard, id);
        if (heard.status < 200 || heard.status >= 300) return;
        if (is_written(heard) && !resource_of(heard.response).empty()) {
            const auto version = version_of(heard.response);
            written_.try_emplace(version, heard.response);
            // One that changed nothing answers with the version of another request's.
            author_.try_emplace(version, id, heard.answered);
        } else if (heard.verb == "delete") {
            auto uid = heard.response.value("/details/uid"_json_pointer, uid_of(heard.response));
            remover_.try_emplace(std::move(uid), id, heard.answered);
        }
    }

    struct Change {
        std::uint64_t version = 0;
        bool deleted = false;
        const Json* object = nullptr;
        sandbox::RequestId by = 0;
        microseconds at = microseconds::max();
    };

    struct Happened {
        microseconds at{0};
        std::variant<Asked, Answered, Change, std::pair<std::string, Json>> what;
    };

    void write_down(std::vector<Happened> remarks) {
        auto all = std::move(remarks);
        for (const auto& [heard, id] : requests_) {
            Asked asked{id,         heard.client, 1, heard.verb, heard.resource, heard.namespace_name,
                        heard.name, heard.path,   {}};
            if (asked.writes() && !heard.request.is_null()) asked.body = heard.request.dump();
            all.push_back({heard.asked, std::move(asked)});
            all.push_back({heard.answered, Answered{id, heard.status, true, {}, {}}});
        }
        auto end = microseconds(0);
        for (const auto& one : all) end = std::max(end, one.at);
        for (auto& change : changes(end)) all.push_back({change.at, std::move(change)});
        std::ranges::stable_sort(all, {}, &Happened::at);
        const auto begin = all.empty() ? microseconds(0) : all.front().at;
        Milliseconds passed{0};
        for (auto& one : all) {
            const auto now = std::chrono::duration_cast<Milliseconds>(one.at - begin);
            clock_.advance(now - std::exchange(passed, now));
            std::visit([this](auto& what) { write(what); }, one.what);
        }
    }

private:
    using Author = std::pair<sandbox::RequestId, microseconds>;

    /// In the order of versions, which is that of effects, before the end.
    std::vector<Change> changes(microseconds end) const {
        std::vector<Change> all;
        for (const auto& [version, object] : written_) {
            auto& change = all.emplace_back(Change{.version = version, .object = &object});
            if (const auto found = author_.find(version); found != author_.end()) {
                std::tie(change.by, change.at) = found->second;
            }
        }
        const auto written = all;
        for (const auto& [version, object] : deleted_) {
            auto& change = all.emplace_back(Change{.version = version, .deleted = true, .object = &object});
            if (const auto found = remover_.find(uid_of(object)); found != remover_.end()) {
                std::tie(change.by, change.at) = found->second;
            }
            // A list tells only that it is gone, with its last version: the answer's time says when.
            if (change.by == 0) continue;
            for (const auto& other : written) {
                if (other.by != 0 && other.at <= change.at) change.version = std::max(change.version, other.version);
            }
        }
        std::ranges::stable_sort(all, {}, &Change::version);
        // None is later than its answer, nor than what came after it.
        auto latest = end;
        for (auto change = all.rbegin(); change != all.rend(); ++change) {
            latest = std::min(latest, change->at - microseconds(1));
            change->at = latest;
        }
        return all;
    }

    void write(Asked& asked) { history_->add(std::move(asked)); }
    void write(Answered& answered) { history_->add(std::move(answered)); }
    void write(std::pair<std::string, Json>& remark) { history_->note(remark.first, std::move(remark.second)); }
    void write(const Change& one) { change(*one.object, one.by, one.version, one.deleted); }

    void change(const Json& object, sandbox::RequestId by, std::uint64_t version, bool deleted) {
        const auto& metadata = object.at("metadata");
        Changed changed;
        changed.by = by;
        changed.version = version;
        changed.resource = resource_of(object);
        changed.namespace_name = metadata.value("namespace", "");
        changed.name = metadata.value("name", "");
        auto& known = objects_[changed.resource + "/" + changed.namespace_name + "/" + changed.name];
        changed.before = known;
        changed.object = std::make_shared<const std::string>(object.dump());
        changed.what = deleted ? Changed::What::deleted : known ? Changed::What::modified : Changed::What::added;
        known = deleted ? nullptr : changed.object;
        history_->add(std::move(changed));
    }

    std::shared_ptr<sandbox::History> history_;
    ManualClock& clock_;
    std::vector<std::pair<Heard, sandbox::RequestId>> requests_;
    std::map<std::uint64_t, Json> written_;
    std::map<std::uint64_t, Json> deleted_;
    std::map<std::uint64_t, Author> author_;
    std::map<std::string, Author> remover_;  ///< by uid
    std::map<std::string, std::shared_ptr<const std::string>> objects_;
};

/// The history reads its clock, so that the two live together.
struct Recorded {
    ManualClock clock;
    sandbox::History history{clock};
};

microseconds now() {
    return std::chrono::duration_cast<microseconds>(system_clock().wall().time_since_epoch());
}

}  // namespace

bool is_engine(const Heard& heard) {
    return heard.client == "moontide" || heard.client.starts_with("moontide/");
}

Audit::Audit(std::filesystem::path log, test::Mirror& mirror)
    : log_(std::move(log)), mirror_(mirror), begin_(std::filesystem::file_size(log_)), mark_(mirror.mark()) {
    mirror_.await(
        [&](const test::Objects& objects) {
            for (const auto& [ref, object] : objects.all()) {
                if (!resource_of(object).empty()) there_.push_back(object);
            }
            return std::string();
        },
        Milliseconds(0));
}

void Audit::note(std::string what, Json fields) {
    notes_.push_back({now(), std::move(what), std::move(fields)});
}

std::string Audit::text() const {
    std::ifstream in(log_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(begin_));
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Heard> Audit::read() const {
    std::istringstream in(text());
    std::vector<Heard> all;
    for (std::string line; std::getline(in, line);) {
        const auto event = Json::parse(line, nullptr, false);
        // A killed server leaves half a line, and the next one writes on.
        if (event.is_object()) all.push_back(heard_in(event));
    }
    return all;
}

std::vector<Heard> Audit::heard(const std::function<bool(const Heard&)>& matches) const {
    auto all = read();
    std::erase_if(all, [&](const Heard& one) { return !matches(one); });
    return all;
}

std::size_t Audit::count(const std::vector<std::string>& verbs, int status) const {
    return heard([&](const Heard& one) {
               return is_engine(one) && (status == 0 || one.status == status) &&
                      std::ranges::find(verbs, one.verb) != verbs.end();
           })
        .size();
}

std::shared_ptr<sandbox::History> Audit::history(const std::string& up_to_version) const {
    const auto answer = "\"resourceVersion\":\"" + up_to_version + "\"";
    const auto late = mirror_.await(
        [&](const test::Objects&) {
            return text().find(answer) != std::string::npos ? std::string()
                                                            : "the audit log does not come to version " + up_to_version;
        },
        Milliseconds(10'000));
    if (!late.empty()) throw std::runtime_error(late);

    const auto recorded = std::make_shared<Recorded>();
    const std::shared_ptr<sandbox::History> history(recorded, &recorded->history);
    Assembly assembly(history, recorded->clock);
    for (const auto& object : there_) assembly.there(object);
    for (const auto& change : mirror_.changes(mark_)) {
        if (!resource_of(change.object).empty()) assembly.saw(change);
    }
    for (const auto& one : read()) assembly.took(one);
    std::vector<Assembly::Happened> remarks;
    for (const auto& note : notes_) remarks.push_back({note.at, std::pair(note.what, note.fields)});
    assembly.write_down(std::move(remarks));
    return history;
}

}  // namespace moontide::trouble

#include "sandbox/watch.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace moontide::sandbox {

Watch::Watch(const Store& store, const Clock& clock, ListOptions options, View view, Timing timing)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      view_(view),
      bookmark_every_(timing.bookmark_every),
      end_(clock.now() + timing.timeout),
      next_bookmark_(clock.now() + timing.bookmark_every),
      position_(store.version()) {
    const auto version = options_.version.value_or(0);
    if (version == 0 || options_.send_initial_events) {
        // The state of this moment, then what comes after it: nothing lies between.
        for (auto& record : store.list(*options_.selection.kind, options_.selection.namespace_name)) {
            if (options_.selection.matches(*record)) initial_.push_back(std::move(record));
        }
        announce_end_of_initial_ = options_.send_initial_events && options_.bookmarks;
    } else {
        position_ = version;
    }
}

bool Watch::pull(std::string& out, std::size_t most) {
    if (over_) return false;
    for (; next_initial_ < initial_.size() && out.size() < most; ++next_initial_) {
        tell(out, "ADDED", *initial_[next_initial_]);
    }
    if (next_initial_ < initial_.size()) return true;
    initial_.clear();
    next_initial_ = 0;
    if (announce_end_of_initial_) {
        tell_bookmark(out, true);
        announce_end_of_initial_ = false;
    }
    if (position_ < store_.oldest()) {
        auto status = expired(fmt::format("too old resource version: {} ({})", position_, store_.oldest()));
        out += fmt::format("{{\"type\":\"ERROR\",\"object\":{}}}\n", status.status().dump());
        over_ = true;
        return false;
    }
    while (position_ < store_.version() && out.size() < most) tell_event(out, store_.event(++position_));

    // A CustomResourceDefinition that goes ends the watches of its kind.
    over_ = !options_.selection.kind->served;
    if (over_) return false;
    const auto now = clock_.now();
    if (options_.bookmarks && now >= next_bookmark_ && position_ == store_.version()) tell_bookmark(out, false);
    over_ = now >= end_;
    return !over_;
}

Instant Watch::due() const {
    return options_.bookmarks ? std::min(end_, next_bookmark_) : end_;
}

void Watch::tell(std::string& out, const char* type, const Record& record) {
    out += fmt::format(R"({{"type":"{}","object":)", type);
    out += view_.event_object(*options_.selection.kind, record, clock_.wall(), first_);
    out += "}\n";
    first_ = false;
}

void Watch::tell_event(std::string& out, const Event& event) {
    if (!event.kind()->is(*options_.selection.kind)) return;
    const bool matched = event.before && options_.selection.matches(*event.before);
    const bool matches = event.type != Event::Type::deleted && options_.selection.matches(*event.after);
    if (matches) {
        tell(out, matched ? "MODIFIED" : "ADDED", *event.after);
    } else if (matched && event.type == Event::Type::deleted) {
        tell(out, "DELETED", *event.after);
    } else if (matched) {
        // It left the selection: the watcher gets the object as it knew it, at the version at which it left.
        tell(out, "DELETED", *make_record(*event.kind(), event.before->tree(), event.version));
    }
}

void Watch::tell_bookmark(std::string& out, bool initial_events_end) {
    // An object of the kind that is nothing but its version.
    Json object = {{"metadata", Json::object()}};
    if (initial_events_end) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
    const auto version = std::max(position_, options_.version.value_or(0));
    tell(out, "BOOKMARK", *make_record(*options_.selection.kind, std::move(object), version));
    next_bookmark_ = clock_.now() + bookmark_every_;
}

}  // namespace moontide::sandbox

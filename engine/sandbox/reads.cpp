#include "sandbox/reads.hpp"

#include "sandbox/base64.hpp"

#include <charconv>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr auto* CONTINUE_EXPIRED =
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list.";

Outcome<std::int64_t> query_integer(const std::string& text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
    return refuse(bad_request(fmt::format("strconv.ParseInt: parsing {}: invalid syntax", in_quotes(text))));
}

Failure invalid_list(void (*complain)(Complaints&)) {
    Complaints complaints;
    complain(complaints);
    return invalid("ListOptions", "meta.k8s.io", "", complaints);
}

/// Where a continued list goes on: after this key, as of this version (-1: as of now).
struct Continue {
    std::int64_t version = 0;
    std::string start;
};

std::string token(std::int64_t version, const Record& last) {
    const auto key = last.kind->namespaced ? "/" + last.namespace_name + "/" + last.name : "/" + last.name;
    return base64_url(Json{{"v", "meta.k8s.io/v1"}, {"rv", version}, {"start", key}}.dump());
}

Outcome<Continue> read_token(const std::string& text) {
    const auto decoded = from_base64(text);
    const auto tree = decoded ? Json::parse(*decoded, nullptr, false) : Json(Json::value_t::discarded);
    if (!tree.is_object() || !tree.contains("rv") || !tree["rv"].is_number_integer() || !tree.contains("start") ||
        !tree["start"].is_string() || tree.value("v", Json()) != "meta.k8s.io/v1") {
        return refuse(bad_request("invalid continue token: continue key is not valid"));
    }
    return Continue{tree["rv"], tree["start"]};
}

bool follows(const Record& record, const std::string& start) {
    if (!record.kind->namespaced) return "/" + record.name > start;
    // Keys are ordered by namespace, then name; '/' would sort after some characters of names.
    const auto slash = start.find('/', 1);
    const auto start_namespace = start.substr(1, slash - 1);
    const auto start_name = slash == std::string::npos ? std::string() : start.substr(slash + 1);
    return std::tie(record.namespace_name, record.name) > std::tie(start_namespace, start_name);
}

kube::TextMap views(const TextPairs& pairs) {
    kube::TextMap map;
    map.reserve(pairs.size());
    for (const auto& [key, value] : pairs) map.emplace_back(key, value);
    return map;
}

}  // namespace

Outcome<Version> read_version(const std::string& text) {
    Version version = 0;
    if (text.empty()) return version;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
    if (error == std::errc() && end == text.data() + text.size()) return version;
    return refuse({500,
                   "",
                   fmt::format("resourceVersion: Invalid value: {0}: strconv.ParseUint: parsing {0}: invalid syntax",
                               in_quotes(text)),
                   {},
                   {}});
}

bool Selection::matches(const Record& record) const {
    if (!record.kind->is(*kind)) return false;
    if (!namespace_name.empty() && record.namespace_name != namespace_name) return false;
    if (!fields.matches(record)) return false;
    return labels.is_everything() || labels.matches(views(record.labels));
}

Outcome<ListOptions> ListOptions::parse(const Route& route, const Query& query) {
    ListOptions options;
    options.selection.kind = route.kind;
    options.selection.namespace_name = route.namespace_name;
    options.watch = query.flag("watch");
    options.bookmarks = query.flag("allowWatchBookmarks");
    options.send_initial_events = query.flag("sendInitialEvents");
    options.continue_token = query.text("continue");

    auto labels = kube::Selector::parse(query.text("labelSelector"));
    if (!labels) return refuse(bad_request("unable to parse requirement: " + labels.error().message));
    options.selection.labels = std::move(*labels);
    auto fields = FieldSelector::parse(*route.kind, query.text("fieldSelector"));
    if (!fields) return refuse(fields.error());
    options.selection.fields = std::move(*fields);

    if (const auto* text = query.find("limit"); text && !text->empty()) {
        const auto limit = query_integer(*text);
        if (!limit) return refuse(limit.error());
        options.limit = static_cast<std::size_t>(std::max<std::int64_t>(*limit, 0));
    }
    if (const auto* text = query.find("timeoutSeconds"); text && !text->empty()) {
        const auto seconds = query_integer(*text);
        if (!seconds) return refuse(seconds.error());
        options.timeout_seconds = *seconds;
    }
    if (const auto* text = query.find("resourceVersion"); text && !text->empty()) {
        const auto version = read_version(*text);
        // A watch finds out later, where the real server has no better word for it.
        if (!version && query.flag("watch")) return refuse(version.error());
        if (!version) return refuse(bad_request("invalid resource version: " + version.error().message));
        options.version = *version;
    }

    const auto match = query.text("resourceVersionMatch");
    if (match == "Exact") {
        options.match = Match::exact;
    } else if (match == "NotOlderThan") {
        options.match = Match::not_older_than;
    } else if (!match.empty()) {
        Complaints complaints;
        complaints.unsupported("resourceVersionMatch", in_quotes(match), {"Exact", "NotOlderThan", ""});
        return refuse(invalid("ListOptions", "meta.k8s.io", "", complaints));
    }
    const bool matching = options.match != Match::unset;
    if (options.send_initial_events && !options.watch) {
        return refuse(invalid_list(
            [](Complaints& c) { c.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"); }));
    }
    if (options.watch && options.send_initial_events && options.match != Match::not_older_than) {
        return refuse(invalid_list([](Complaints& c) {
            c.forbidden("resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
        }));
    }
    if (options.watch && matching && !query.find("sendInitialEvents")) {
        return refuse(invalid_list([](Complaints& c) {
            c.forbidden("resourceVersionMatch",
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
        }));
    }
    if (!options.watch && matching && !options.version) {
        return refuse(invalid_list([](Complaints& c) {
            c.forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
        }));
    }
    if (options.match == Match::exact && options.version == Version{0}) {
        return refuse(invalid_list([](Complaints& c) {
            c.forbidden("resourceVersionMatch",
                        "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }));
    }
    if (!options.watch && !options.continue_token.empty() && options.version.value_or(0) != 0) {
        return refuse(bad_request("specifying resource version is not allowed when using continue"));
    }
    return options;
}

Outcome<Page> read_page(const Store& store, const ListOptions& options) {
    const auto& selection = options.selection;
    Version at = store.version();
    Continue from;
    bool inconsistent = false;
    if (!options.continue_token.empty()) {
        auto read = read_token(options.continue_token);
        if (!read) return refuse(read.error());
        from = std::move(*read);
        inconsistent = from.version < 0;
        if (!inconsistent) at = static_cast<Version>(from.version);
        if (at < store.oldest()) {
            auto failure = expired(CONTINUE_EXPIRED);
            failure.continue_token =
                base64_url(Json{{"v", "meta.k8s.io/v1"}, {"rv", -1}, {"start", from.start}}.dump());
            return refuse(std::move(failure));
        }
    } else if (options.version.value_or(0) > store.version()) {
        return refuse(version_too_large(*options.version, store.version()));
    } else if (options.match == ListOptions::Match::exact ||
               (options.match == ListOptions::Match::unset && options.limit > 0 && options.version.value_or(0) > 0)) {
        at = *options.version;
        if (at < store.oldest()) return refuse(expired("The resourceVersion for the provided list is too old."));
    }

    Page page;
    page.metadata.version = at;
    const auto all = store.list_at(*selection.kind, selection.namespace_name, at);
    std::size_t index = 0;
    for (; index < all.size(); ++index) {
        if (!from.start.empty() && !follows(*all[index], from.start)) continue;
        if (!selection.matches(*all[index])) continue;
        if (options.limit > 0 && page.records.size() == options.limit) break;
        page.records.push_back(all[index]);
    }
    if (index < all.size()) {
        page.metadata.continue_token = token(inconsistent ? -1 : static_cast<std::int64_t>(at), *page.records.back());
        if (selection.is_everything()) page.metadata.remaining = all.size() - index;
    }
    return page;
}

}  // namespace moontide::sandbox

// Lists and where watches begin: selectors, pages, versions.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
#pragma once

#include "kube/selector.hpp"
#include "sandbox/field_selector.hpp"
#include "sandbox/request.hpp"
#include "sandbox/store.hpp"
#include "sandbox/view.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moontide::sandbox {

/// The version that a query names, 0 for none; what is no number is refused as a single read refuses it.
Outcome<Version> read_version(const std::string& text);

/// Which objects of a kind: a namespace (all where empty), labels and fields.
struct Selection {
    const KindRow* kind = nullptr;
    std::string namespace_name;
    kube::Selector labels;
    FieldSelector fields;

    bool matches(const Record& record) const;
    bool is_everything() const { return labels.is_everything() && fields.is_everything(); }
};

struct ListOptions {
    enum class Match { unset, exact, not_older_than };

    Selection selection;
    bool watch = false;
    bool bookmarks = false;
    bool send_initial_events = false;
    std::size_t limit = 0;
    std::string continue_token;
    std::optional<Version> version;  ///< nothing where the parameter is missing
    Match match = Match::unset;
    std::optional<std::int64_t> timeout_seconds;

    static Outcome<ListOptions> parse(const Route& route, const Query& query);
};

struct Page {
    std::vector<RecordPtr> records;
    ListMetadata metadata;
};

/// One page, from one version: a continued list shows what was there when it began.
Outcome<Page> read_page(const Store& store, const ListOptions& options);

}  // namespace moontide::sandbox

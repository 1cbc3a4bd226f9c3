// How an answer shows objects: whole, metadata only, or as rows of a Table.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
#pragma once

#include "base/clock.hpp"
#include "sandbox/request.hpp"
#include "sandbox/store.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// A list's metadata.
struct ListMetadata {
    Version version = 0;
    std::string continue_token;
    std::optional<std::size_t> remaining;
};

class View {
public:
    enum class Form { object, metadata, table };
    enum class Include { metadata, object, none };  ///< what a Table's rows carry

    View() = default;
    /// From the Accept header; refuses what cannot be given.
    static Outcome<View> negotiate(std::string_view accept, const Query& query);

    Form form() const { return form_; }
    std::string one(const KindRow& kind, const Record& record, WallTime now) const;
    std::string list(const KindRow& kind, const std::vector<RecordPtr>& records, const ListMetadata& metadata,
                     WallTime now) const;
    /// The object of a watch event; only a Table's first one has the columns.
    std::string event_object(const KindRow& kind, const Record& record, WallTime now, bool first) const;

private:
    std::string table(const KindRow& kind, const std::vector<const Record*>& records, const ListMetadata& metadata,
                      WallTime now, bool columns) const;

    Form form_ = Form::object;
    Include include_ = Include::metadata;
};

/// The cells of one row, in the order of the kind's columns.
Json table_cells(const KindRow& kind, const Record& record, WallTime now);

}  // namespace moontide::sandbox

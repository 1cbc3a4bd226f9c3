// One thing to do for an owner, of a size that fits one statement, and what became of it.
#pragma once

#include "base/clock.hpp"
#include "store/row.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace moontide::store {

using RowPtr = std::shared_ptr<const Row>;

struct PutRows {
    std::vector<RowPtr> rows;
};
struct RemoveRows {
    std::vector<Key> keys;
};
/// Rows of the owner other than these go.
struct KeepRows {
    std::vector<Key> keys;
};
struct RemoveAll {};
/// Nothing for the database: the owner is asked for its rows.
struct AskAgain {};

struct Job {
    Owner owner;
    std::variant<PutRows, RemoveRows, KeepRows, RemoveAll, AskAgain> what;
};

/// A row that was not written, and the database's word on it.
struct Unwritten {
    Key key;
    std::string message;
};

struct Outcome {
    std::vector<Unwritten> refused;  ///< as they are they will not be taken
    std::vector<Unwritten> later;    ///< somebody is in the way
    /// Of the row that changed last, by the database's clock.
    std::optional<WallTime> written;
    /// Not empty: the database takes nothing now, and nothing is known of the job's rows.
    std::string trouble;
    /// The table, or what was prepared for it, is no longer what it was: connect anew.
    bool stale = false;
};

}  // namespace moontide::store

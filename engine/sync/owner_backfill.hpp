// Lists of what a selection means beyond what a watch has kept so far.
#pragma once

#include "base/loop.hpp"
#include "kube/object.hpp"
#include "sync/board.hpp"
#include "watch/scope.hpp"

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace moontide::sync {

struct Backfill {
    std::vector<std::string> objects;
    kube::ResourceVersion version = 0;  ///< of the oldest of the lists
};

/// Fewer lists that bring the same and more, where there are many: one a namespace, or one of all.
std::vector<watch::Scope> fewer(std::set<watch::Scope> scopes);

/// Reads the scopes page by page at `from` or later; what fails is asked again. Any thread; `done` on the ingest
/// thread.
void read_scopes(Board& board, Loop& io, std::vector<watch::Scope> scopes, kube::ResourceVersion from,
                 std::function<void(Backfill)> done);

}  // namespace moontide::sync

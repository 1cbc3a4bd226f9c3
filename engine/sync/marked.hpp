// What the controller that a policy replaces left behind: found once, at the start, by its marks.
#pragma once

#include "base/loop.hpp"
#include "sync/board.hpp"

#include <functional>
#include <optional>
#include <string>

namespace moontide::sync {

/// The source and owner that its marks name; nothing where a part is in it, since the marks are the part's then.
std::optional<policy::Origin> origin_by_marks(const RunningPolicy& running, const kube::Metadata& object);

/// Lists the metadata of one kind, page by page, and puts what carries the policy's marks and no claim into the
/// records, as the copy of the source that the marks name. `done` runs on the ingest thread; a list that fails is
/// asked for again until it is whole.
void find_marked(Board& board, Loop& io, RunningPolicy& running, plan::KindId kind, std::function<void()> done);

}  // namespace moontide::sync

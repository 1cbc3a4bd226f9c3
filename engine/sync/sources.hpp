// From a policy's selections of sources to watches, and from what they bring to units.
#pragma once

#include "policy/selection.hpp"
#include "sync/board.hpp"
#include "watch/scope.hpp"

#include <string>
#include <vector>

namespace moontide::sync {

/// The watches that a selection needs of one kind, as narrow as the server can make them: a namespace, a label
/// selector, one name. None where it selects nothing.
std::vector<watch::Scope> scopes_of(const policy::Selection& selection, const kube::Resource& resource);

/// Whether any selection of the policy means this object: as a source, or where it has owners as one of these. `where`
/// counts as a yes.
bool selects(const Board& board, const RunningPolicy& running, const kube::Kind& kind, const kube::Metadata& object);

/// A kind of a group may be removed with all its objects, and come back; those of the core stay.
bool kind_may_leave(const kube::Kind& kind);

/// A copy is never a source, whatever marks it carries; nor is what the controller made that the policy replaces.
bool may_be_source(const Board& board, const RunningPolicy& running, const kube::Metadata& object);

/// Whether the selections could mean that object, by its kind and place alone.
bool could_be_source(const std::vector<policy::Selection>& from, const kube::Ref& ref);
/// Whether they mean it, `where` aside.
bool means(const std::vector<policy::Selection>& from, const kube::Kind& kind, const kube::Metadata& object);

/// What a change in a feed means to the units of its policies. Ingest thread; `reader` is the caller's.
void took(Board& board, const SourceFeed& feed, const cache::Change& change, kube::Reader& reader);

}  // namespace moontide::sync

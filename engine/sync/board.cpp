#include "sync/board.hpp"

#include "sync/finalizers.hpp"
#include "sync/owner_sources.hpp"
#include "sync/statuses.hpp"

#include <algorithm>

namespace moontide::sync {

plan::KindId Kinds::id(const kube::Resource& resource) {
    std::scoped_lock lock(mutex_);
    const auto found = std::find_if(resources_.begin(), resources_.end(),
                                    [&](const auto& known) { return known.kind == resource.kind; });
    if (found != resources_.end()) return static_cast<plan::KindId>(found - resources_.begin());
    resources_.push_back(resource);
    return static_cast<plan::KindId>(resources_.size() - 1);
}

std::optional<plan::KindId> Kinds::find(const kube::Kind& kind) const {
    std::scoped_lock lock(mutex_);
    const auto found =
        std::find_if(resources_.begin(), resources_.end(), [&](const auto& known) { return known.kind == kind; });
    if (found == resources_.end()) return std::nullopt;
    return static_cast<plan::KindId>(found - resources_.begin());
}

kube::Resource Kinds::resource(plan::KindId id) const {
    std::scoped_lock lock(mutex_);
    return resources_.at(id);
}

namespace {
/// A refused or failed target is tried again at least this often, so that it heals soon after its reason is gone.
constexpr Milliseconds longest_retry{30'000};
}  // namespace

Board::Board(SyncOptions chosen, status::Metrics& counted, std::function<void(const Deed&)> told, std::uint64_t seed)
    : options(std::move(chosen)),
      metrics(counted),
      on_deed(std::move(told)),
      queue(options.backoff_first, std::min(options.backoff_last, longest_retry), seed) {}

Board::~Board() = default;

void Board::stirred() {
    {
        std::scoped_lock lock(stir_mutex);
    }
    stir.notify_all();
}

policy::Target Board::describe(const plan::TargetKey& target) const {
    return {{}, names.text(target.namespace_name), kinds.resource(target.kind).kind, names.text(target.name)};
}

}  // namespace moontide::sync

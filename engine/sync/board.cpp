#include "sync/board.hpp"

#include "sync/alive.hpp"
#include "sync/finalizers.hpp"
#include "sync/owner_marks.hpp"
#include "sync/owner_sources.hpp"
#include "sync/rows.hpp"
#include "sync/statuses.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

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

RunningPolicy::RunningPolicy(std::size_t number, policy::PolicyPtr made, Gate::Limits limits)
    : index(number), policy(std::move(made)), gate(limits) {}

RunningPolicy::~RunningPolicy() = default;

bool RunningPolicy::puts_off(const Gate::Drop& removal) {
    return put_off.with([&](auto& removals) {
        if (looked) return false;
        removals.insert(removal);
        return true;
    });
}

std::set<Gate::Drop> RunningPolicy::end_first_look() {
    return put_off.with([&](auto& removals) {
        looked = true;
        return std::exchange(removals, {});
    });
}

void Board::stirred() {
    {
        std::scoped_lock lock(stir_mutex);
    }
    stir.notify_all();
}

policy::Target Board::describe(const plan::TargetKey& target) const {
    return {{}, names.text(target.namespace_name), kinds.resource(target.kind).kind, names.text(target.name)};
}

bool Board::is_here(const plan::Place& place, std::string_view namespace_name, std::string_view name) const {
    const bool in_cluster = place.cluster == cluster || (!cluster_too.empty() && place.cluster == cluster_too);
    return in_cluster && place.namespace_name == namespace_name && place.name == name;
}

kube::ObjectPtr Board::namespace_named(std::string_view name) const {
    if (!namespaces_hidden) return namespaces.find({}, name);
    kube::Reader reader;
    const nlohmann::json object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
    auto read = kube::Object::read(reader, object.dump());
    return read ? std::move(*read) : nullptr;
}

}  // namespace moontide::sync

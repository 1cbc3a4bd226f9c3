#include "sync/owner_marks.hpp"

#include "sync/owner_sources.hpp"
#include "sync/selections.hpp"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

namespace moontide::sync {

namespace {

/// Whether the owner has what the marks say of it: "owner.spec.sourceNamespace" -> "infra".
bool is_of(const policy::Origin& origin, const kube::Ref& owner, const nlohmann::json& object) {
    if (origin.owner_name != owner.name) return false;
    if (!origin.owner_namespace.empty() && origin.owner_namespace != owner.namespace_name) return false;
    return std::ranges::all_of(origin.of_owner, [&](const auto& told) {
        auto path = told.first.substr(told.first.find('.'));
        std::ranges::replace(path, '.', '/');
        const auto value = object.value(nlohmann::json::json_pointer(path), nlohmann::json());
        return value == told.second;
    });
}

bool takes(const std::optional<std::vector<policy::Pattern>>& patterns, const std::string& text) {
    return !patterns || std::ranges::any_of(*patterns, [&](const auto& one) { return one.matches(text); });
}

/// The source that the copy was made of, as far as the marks and the selections tell.
std::optional<kube::Ref> source_of(const Board& board, const RunningPolicy& running, const MarkedCopy& copy,
                                   const std::vector<policy::Selection>& from) {
    auto name = copy.origin.source_name;
    // A policy that gives no name of its own makes copies of the source's name.
    if (name.empty() && !running.shape().renames) name = board.names.text(copy.target.name);
    if (name.empty()) return std::nullopt;
    const auto kind = board.kinds.resource(copy.target.kind).kind;
    std::optional<kube::Ref> gone;
    for (const auto& selection : from) {
        const bool same_kind = std::ranges::find(selection.kinds, kind) != selection.kinds.end();
        if (!same_kind || !takes(selection.names, name)) continue;
        std::vector<std::string> namespaces;
        if (!copy.origin.source_namespace.empty()) {
            namespaces.push_back(copy.origin.source_namespace);
        } else if (const auto* places = exact(selection.namespaces)) {
            for (const auto& place : *places) namespaces.push_back(place.text);
        }
        for (const auto& where : namespaces) {
            kube::Ref ref{kind, where, name};
            if (board.owner_sources->find(ref)) return ref;
            if (!gone) gone = std::move(ref);
        }
    }
    return gone;
}

}  // namespace

void claim_marked(Board& board, RunningPolicy& running, const kube::Ref& owner, const kube::Object& object,
                  const std::vector<policy::Selection>& from) {
    const auto json = nlohmann::json::parse(object.json(), nullptr, false);
    if (!json.is_object()) return;
    std::vector<MarkedCopy> ours;
    running.marked.with([&](auto& marked) {
        for (auto& copy : marked) {
            if (is_of(copy.origin, owner, json)) ours.push_back(copy);
        }
    });
    for (auto& copy : ours) {
        const auto source = source_of(board, running, copy, from);
        if (!source) continue;
        plan::Bond bond;
        bond.policy = running.shape().name;
        bond.owner = owner;
        bond.owner_uid = object.uid();
        bond.source = *source;
        copy.record.unit = board.units.id(bond, running.index);
        board.have.with([&](plan::Have& have) {
            if (have.record(copy.target) == nullptr) have.put(copy.target, copy.record);
        });
    }
    if (ours.empty()) return;
    running.marked.with([&](auto& marked) {
        std::erase_if(marked, [&](const MarkedCopy& copy) {
            return std::ranges::any_of(ours, [&](const MarkedCopy& one) { return one.target == copy.target; });
        });
    });
}

}  // namespace moontide::sync

#include "sync/sources.hpp"

#include "plan/claim.hpp"
#include "policy/shorten.hpp"
#include "sync/marked.hpp"
#include "sync/owners.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {

bool all_exact(const std::vector<policy::Pattern>& patterns) {
    return std::none_of(patterns.begin(), patterns.end(), [](const auto& pattern) { return pattern.wild; });
}

/// The rules in the server's words, as far as it has words for them; the rest is matched here. Nothing where no object
/// can have the labels: a server refuses to be asked for them.
std::optional<std::string> label_selector(const policy::Selection& selection) {
    std::vector<kube::Requirement> requirements;
    for (const auto& rule : selection.labels) {
        kube::Requirement requirement;
        requirement.key = rule.key;
        if (rule.presence == policy::KeyRule::Presence::not_there) {
            requirement.operation = kube::Requirement::Operator::absent;
        } else if (rule.presence == policy::KeyRule::Presence::any_of && all_exact(rule.any_of)) {
            requirement.operation = kube::Requirement::Operator::in;
            for (const auto& pattern : rule.any_of) {
                if (policy::is_label_value(pattern.text)) requirement.values.push_back(pattern.text);
            }
            if (requirement.values.empty()) return std::nullopt;
        }
        requirements.push_back(std::move(requirement));
    }
    if (selection.selector) {
        const auto& more = selection.selector->requirements();
        requirements.insert(requirements.end(), more.begin(), more.end());
    }
    return kube::Selector(std::move(requirements)).text();
}

bool is_copy(const Board& board, const kube::Metadata& object) {
    const auto claim = plan::Claim::of(object);
    return claim && board.is_here(claim->place, object.namespace_name, object.name);
}

}  // namespace

bool kind_may_leave(const kube::Kind& kind) {
    return !kind.group().empty();
}

std::vector<watch::Scope> scopes_of(const policy::Selection& selection, const kube::Resource& resource) {
    watch::Scope scope;
    scope.resource = resource;
    const auto labels = label_selector(selection);
    if (!labels) return {};
    scope.label_selector = *labels;
    if (selection.names && selection.names->size() == 1 && all_exact(*selection.names)) {
        scope.field_selector = "metadata.name=" + selection.names->front().text;
    }
    if (selection.names && selection.names->empty()) return {};
    if (!selection.namespaces || !resource.namespaced || !all_exact(*selection.namespaces)) return {scope};
    std::vector<watch::Scope> scopes;
    for (const auto& pattern : *selection.namespaces) {
        scope.namespace_name = pattern.text;
        scopes.push_back(scope);
    }
    return scopes;
}

bool selects(const Board& board, const RunningPolicy& running, const kube::Kind& kind, const kube::Metadata& object) {
    return means(running.from, kind, object) && may_be_source(board, running, object);
}

bool may_be_source(const Board& board, const RunningPolicy& running, const kube::Metadata& object) {
    return !is_copy(board, object) && !(running.shape().takes_marked && origin_by_marks(running, object));
}

bool means(const std::vector<policy::Selection>& from, const kube::Kind& kind, const kube::Metadata& object) {
    return std::any_of(from.begin(), from.end(), [&](const auto& selection) {
        return std::find(selection.kinds.begin(), selection.kinds.end(), kind) != selection.kinds.end() &&
               selection.matches(object);
    });
}

bool could_be_source(const std::vector<policy::Selection>& from, const kube::Ref& ref) {
    const auto any = [](const std::optional<std::vector<policy::Pattern>>& patterns, const std::string& text) {
        return !patterns || std::any_of(patterns->begin(), patterns->end(),
                                        [&](const auto& pattern) { return pattern.matches(text); });
    };
    return std::any_of(from.begin(), from.end(), [&](const auto& selection) {
        return std::find(selection.kinds.begin(), selection.kinds.end(), ref.kind) != selection.kinds.end() &&
               any(selection.namespaces, ref.namespace_name) && any(selection.names, ref.name);
    });
}

void took(Board& board, const SourceFeed& feed, const cache::Change& change, kube::Reader& reader) {
    const auto& object = change.after ? change.after : change.before;
    plan::Bond bond;
    bond.source = {feed.scope.resource.kind, std::string(object->namespace_name()), std::string(object->name())};
    for (const auto index : feed.policies) {
        auto& running = *board.policies[index];
        if (running.shape().has_owner()) {
            took_owner(board, running, bond.source.kind, change, reader);
            continue;
        }
        bool selected = false;
        if (change.after) {
            const auto metadata = reader.metadata(change.after->json());
            selected = metadata && selects(board, running, bond.source.kind, *metadata);
        }
        bond.policy = running.shape().name;
        const auto known = board.units.find(bond);
        if (!known && !selected) continue;
        const auto id = board.units.id(bond, index);
        bool vanished = false;
        board.units.change(id, [&](Unit& unit) {
            ++unit.generation;
            if (selected) {
                unit.presence = Presence::present;
                unit.bond.source_uid = change.after->uid();
                unit.created = change.after->creation_timestamp();
            } else if (change.by_relist) {
                unit.presence = Presence::vanished;
                vanished = true;
            } else if (kind_may_leave(bond.source.kind)) {
                // Deleted by somebody, or taken along by its kind's definition.
                unit.presence = Presence::vanished;
            } else if (unit.presence != Presence::proven) {
                unit.presence = Presence::deleted;
            }
        });
        if (vanished) {
            running.gate.vanished(id);  // the end of this relist concludes
        } else {
            running.gate.returned(id);
        }
        if (running.ready) board.queue.add({id, 0});
    }
}

}  // namespace moontide::sync

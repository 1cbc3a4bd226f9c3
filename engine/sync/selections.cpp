#include "sync/selections.hpp"

#include "sync/selection_text.hpp"

#include <algorithm>

namespace moontide::sync {

namespace {
/// A selection that names more places than this is looked up by its namespaces alone.
constexpr std::size_t most_places = 256;
}  // namespace

const std::vector<policy::Pattern>* exact(const std::optional<std::vector<policy::Pattern>>& patterns) {
    if (!patterns || std::ranges::any_of(*patterns, &policy::Pattern::wild)) return nullptr;
    return &*patterns;
}

/// `function(index, key)` for each set of an index that the selection belongs to.
template <typename Function>
void Selections::each_place(const policy::Selection& selection, Function&& function) {
    const auto* namespaces = exact(selection.namespaces);
    const auto* names = exact(selection.names);
    if (namespaces == nullptr) {
        function(spanning_, std::string());
        return;
    }
    const bool by_name = names != nullptr && namespaces->size() * names->size() <= most_places;
    for (const auto& one : *namespaces) {
        if (!by_name) {
            function(by_namespace_, one.text);
            continue;
        }
        for (const auto& name : *names) function(by_name_, Place(one.text, name.text));
    }
}

std::pair<Selections::Id, bool> Selections::add(const policy::Selection& selection, plan::UnitId owner) {
    auto text = text_of(selection);
    const auto [known, added] = by_text_.try_emplace(text, last_ + 1);
    const Id id = known->second;
    auto& entry = entries_[id];
    entry.owners.insert(owner);
    if (!added) return {id, false};
    ++last_;
    entry.selection = selection;
    entry.text = std::move(text);
    each_place(entry.selection, [&](auto& index, const auto& key) { index[key].insert(id); });
    return {id, true};
}

bool Selections::remove(Id id, plan::UnitId owner) {
    const auto found = entries_.find(id);
    if (found == entries_.end()) return false;
    found->second.owners.erase(owner);
    if (!found->second.owners.empty()) return false;
    each_place(found->second.selection, [&](auto& index, const auto& key) {
        const auto ids = index.find(key);
        if (ids == index.end()) return;  // an owner may name a place twice
        ids->second.erase(id);
        if (ids->second.empty()) index.erase(ids);
    });
    by_text_.erase(found->second.text);
    entries_.erase(found);
    return true;
}

template <typename Function>
void Selections::each_that_means(const kube::Metadata& object, Function&& function) const {
    const auto ask = [&](const auto& index, const auto& key) {
        const auto ids = index.find(key);
        return ids == index.end() || std::ranges::all_of(ids->second, [&](Id id) {
                   const auto& entry = entries_.at(id);
                   return !entry.selection.matches(object) || function(entry);
               });
    };
    (void)(ask(by_name_, Place(object.namespace_name, object.name)) && ask(by_namespace_, object.namespace_name) &&
           ask(spanning_, std::string_view()));
}

bool Selections::any(const kube::Metadata& object) const {
    bool found = false;
    each_that_means(object, [&](const Entry&) {
        found = true;
        return false;
    });
    return found;
}

std::set<plan::UnitId> Selections::owners_of(const kube::Metadata& object) const {
    std::set<plan::UnitId> owners;
    each_that_means(object, [&](const Entry& entry) {
        owners.insert(entry.owners.begin(), entry.owners.end());
        return true;
    });
    return owners;
}

std::vector<Selections::Id> Selections::all() const {
    std::vector<Id> ids;
    for (const auto& [id, entry] : entries_) ids.push_back(id);
    return ids;
}

}  // namespace moontide::sync

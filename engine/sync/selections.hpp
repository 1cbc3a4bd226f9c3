// What owners select of one kind: each distinct selection once, found by the objects that it means.
#pragma once

#include "kube/object.hpp"
#include "plan/identity.hpp"
#include "policy/selection.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace moontide::sync {

/// One thread. A changed object finds those that mean it by namespace and name, then by namespace, then among the few
/// that span namespaces: what it costs does not grow with the number of owners.
class Selections {
public:
    using Id = std::uint32_t;

    /// The selection of an owner; whether nobody had it before.
    std::pair<Id, bool> add(const policy::Selection& selection, plan::UnitId owner);
    /// One of the owner's; whether it was the last one's who had it.
    bool remove(Id id, plan::UnitId owner);

    const policy::Selection& get(Id id) const { return entries_.at(id).selection; }
    bool contains(Id id) const { return entries_.contains(id); }
    /// Whether any means the object, `where` aside.
    bool any(const kube::Metadata& object) const;
    /// Whose selections mean it, `where` aside.
    std::set<plan::UnitId> owners_of(const kube::Metadata& object) const;
    std::vector<Id> all() const;
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        policy::Selection selection;
        std::string text;
        std::set<plan::UnitId> owners;
    };
    using Place = std::pair<std::string, std::string>;  // namespace and name

    template <typename Function>
    void each_place(const policy::Selection& selection, Function&& function);
    /// Until `function` returns false.
    template <typename Function>
    void each_that_means(const kube::Metadata& object, Function&& function) const;

    std::map<Id, Entry> entries_;
    std::unordered_map<std::string, Id> by_text_;
    std::map<Place, std::set<Id>> by_name_;
    std::map<std::string, std::set<Id>, std::less<>> by_namespace_;
    std::map<std::string, std::set<Id>, std::less<>> spanning_;  // under no text
    Id last_ = 0;
};

/// The texts of patterns none of which is wild; nothing where one is, or where there is no condition.
const std::vector<policy::Pattern>* exact(const std::optional<std::vector<policy::Pattern>>& patterns);

}  // namespace moontide::sync

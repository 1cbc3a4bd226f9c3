// The texts that are sent for what is ours in part: fields by server-side apply, elements of lists by JSON Patch.
#pragma once

#include "apply/body.hpp"
#include "plan/fields.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace moontide::apply {

/// Which lists of a kind only their whole list's writer can own ("atomic"), by JSON pointer; io thread alone. Neither
/// conflicts nor discovery tell it, but the managedFields of an apply do.
class AtomicLists {
public:
    /// Lists of the content of which it is not known yet.
    bool knows(const policy::Content& content) const;
    /// From the answer to a dry run of an apply of the content by that manager.
    void learn(const policy::Content& content, const std::string& manager, std::string_view answer_json);
    /// Those of the content that are atomic.
    std::set<std::string> of(const policy::Content& content) const;

private:
    std::map<kube::Kind, std::map<std::string, bool>> known_;
};

/// For server-side apply of a part: its fields less the atomic lists, its label and its claim.
std::string applied_part(const plan::Wish& wish, const plan::Claim& claim, const plan::Apply& step,
                         const std::set<std::string>& atomic);

/// A JSON Patch that gives the live object's atomic lists the part's elements, takes away those that the part added
/// and no longer wants, and notes which are which. Nothing where all is so already.
std::optional<std::string> lists_patch(const plan::Wish& wish, const plan::Claim& claim,
                                       const std::set<std::string>& atomic, std::string_view live_json);

/// A JSON Patch that takes away the elements that the part added, and its note of them. Nothing where there is none.
std::optional<std::string> unlisting_patch(std::string_view part_id, std::string_view live_json);

/// For server-side apply: nothing but which object at which version, so that all that the manager applied goes.
std::string empty_part(const kube::Kind& kind, const plan::Place& place, const plan::Release& step);

/// A JSON Patch that takes a part's marks off where no manager holds them any more, and the label with the last part.
/// Nothing where they are gone.
std::optional<std::string> clearing_patch(std::string_view part_id, std::string_view live_json);

/// A JSON Patch that makes what others wrote or applied so far fields of ours, so that the apply that follows takes
/// away what it does not name. Others' labels and annotations stay theirs, but for those of a controller that we
/// replace (`making` made); subresources and parts do. Nothing where there is nothing to take.
std::optional<std::string> takeover_patch(plan::Making making, const kube::Kind& kind, std::string_view live_json);

}  // namespace moontide::apply

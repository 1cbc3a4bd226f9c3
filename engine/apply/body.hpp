// The texts that are sent: a new object, a whole one in place of another, a patch.
#pragma once

#include "base/result.hpp"
#include "plan/claim.hpp"
#include "plan/step.hpp"

#include <string>
#include <string_view>

namespace moontide::apply {

/// What marks an object as ours beside the wish: which instance and where.
struct Signature {
    std::string instance;
    std::string cluster;  ///< the uid of kube-system
};

plan::Claim claim(const plan::Wish& wish, const Signature& signature, const std::string& namespace_name,
                  const std::string& name, plan::Making making);

/// For POST.
std::string new_object(const plan::Wish& wish, const plan::Claim& claim);

/// For PUT on an object that carries nothing of others: with its uid and resourceVersion.
std::string whole_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step);

/// A JSON Patch (RFC 6902) that leaves what others put on the object: tests the uid, names the version, then replaces
/// the content and our marks. The keys of our marks are those of the claim that is there.
std::string content_patch(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step);

/// For PUT: the live object with our content and marks, less the keys that its claim listed and ours does not, and,
/// where it was made by the controller that the policy replaces, less all its other annotations.
Result<std::string> merged_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Replace& step,
                                  std::string_view live_json);

/// The keys of an object's content, never their values, for people: "data a, b; binaryData logo".
std::string keys_text(std::string_view live_json);

/// For server-side apply of what is ours whole: our fields and marks alone, at the version judged ("1" where nothing
/// may be there: created if absent, 409 if there).
std::string applied_object(const plan::Wish& wish, const plan::Claim& claim, const plan::Apply& step);

/// A JSON Patch that takes our marks off, the keys of `claim` among them, and our hold on the fields that we applied.
std::string release_patch(const plan::Release& step, const plan::Claim& claim, std::string_view live_json);

/// The DeleteOptions of a step.
std::string delete_options(const plan::Delete& step);

}  // namespace moontide::apply

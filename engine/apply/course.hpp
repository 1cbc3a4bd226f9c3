// The requests of one step, one after another: most steps have one, what is ours in part may need more.
#pragma once

#include "apply/applier.hpp"
#include "apply/order.hpp"
#include "apply/parts.hpp"
#include "apply/verbs.hpp"
#include "base/result.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace moontide::apply {

/// What comes next: a request, or the step's end.
using Next = std::variant<kube::Call, Fate>;

/// The first request. `live_json` is empty unless needs_look().
Result<Next> first(Order& order, const Address& address, const Signature& signature, std::string_view live_json,
                   AtomicLists& lists);

/// After a 2xx answer: moves the order's stage on, and its step to the version that the answer shows.
Result<Next> after(Order& order, const Address& address, const Signature& signature, const kube::Answer& answer,
                   AtomicLists& lists);

/// Whether the request under way is a JSON Patch, whose failed `test` answers 422.
bool is_patch_under_way(const Order& order);

}  // namespace moontide::apply

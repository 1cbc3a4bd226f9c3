// From a step to its request, and from the answer to what became of it. What needs several is course.hpp.
#pragma once

#include "apply/applier.hpp"
#include "apply/body.hpp"
#include "apply/order.hpp"
#include "base/result.hpp"

#include <string_view>

namespace moontide::apply {

/// Whether the body is made from the object as it is, so that it must be read first: where others have marks on it
/// and ours are to change. A Create looks first where an object of that name was there before.
bool needs_look(const plan::Step& step);

/// Whether the step's request is a JSON Patch, whose failed `test` answers 422.
bool was_patch(const plan::Step& step);

/// The step makes its object, or finds that there is one.
bool creates(const plan::Step& step);

/// The live object is the one, at the version, that the step was judged on.
bool is_as_judged(const plan::Step& step, std::string_view live_json);

/// A PATCH for one object. `query` follows the field manager: "&force=true".
kube::Call patch_call(const Address& address, std::string_view manager, const char* content_type, std::string body,
                      std::string_view query = {});

/// The request of a step of a whole object. `live_json` is empty unless needs_look().
Result<kube::Call> call_for(const Order& order, const Address& address, const Signature& signature,
                            std::string_view live_json);

/// Of an answer with a 2xx status.
Fate fate_of(const Order& order, const kube::Answer& answer);

/// Of a GET's answer, 200 or 404, after a step met something else than it had judged.
Result<Found> what_is_there(const Order& order, const kube::Answer& answer);

}  // namespace moontide::apply

// What a copy holds: the source's fields, then keys, data and object; and its labels and annotations.
#pragma once

#include "bindings/evaluation.hpp"
#include "policy/policy.hpp"

#include <memory>

namespace moontide::bindings {

/// For the target of the evaluation, whose kind and name are known. Null: no copy here.
Result<std::shared_ptr<const policy::Content>> content_of(Evaluation& evaluation);

}  // namespace moontide::bindings

// The object that a request's body holds, as its kind's types hold it.
#pragma once

#include "sandbox/decode.hpp"
#include "sandbox/request.hpp"

#include <string>
#include <vector>

namespace moontide::sandbox {

/// Makes the body's object fit its kind. Says what is wrong in `why`; unknown and twice-named fields refuse or warn.
bool fits(const KindRow& kind, Body& body, FieldValidation validation, std::vector<std::string>& warnings,
          std::string& why);

/// The body of a POST or PUT.
Outcome<Json> read_object(const KindRow& kind, const Request& request, FieldValidation validation,
                          std::vector<std::string>& warnings);

}  // namespace moontide::sandbox

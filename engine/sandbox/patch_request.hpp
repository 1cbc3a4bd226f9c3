// The body of a PATCH that says what to change, and the object that comes of it.
#pragma once

#include "sandbox/bodies.hpp"

#include <string>
#include <vector>

namespace moontide::sandbox {

class PatchRequest {
public:
    /// Refuses content types that `kind` cannot be patched with, and bodies that are no patch.
    static Outcome<PatchRequest> read(const KindRow& kind, const Request& request);

    /// `kind` is that of `old`: the object's own, or Scale.
    Outcome<Json> apply(const KindRow& kind, const Json& old, FieldValidation validation,
                        std::vector<std::string>& warnings) const;

private:
    enum class Form { merge, json, strategic };

    /// `quote` becomes what refusals of the result say was wrong: the rest of a strategic patch, or the patched object.
    Outcome<Json> patched(const KindRow& kind, Json tree, std::string* quote) const;

    PatchRequest(Form form, Body body) : form_(form), body_(std::move(body)) {}

    Form form_;
    Body body_;
};

}  // namespace moontide::sandbox

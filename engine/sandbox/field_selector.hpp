// fieldSelector: `metadata.name=a,type!=Warning` over the few fields that each kind can be selected by.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/
#pragma once

#include "sandbox/status.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::sandbox {

struct KindRow;
struct Record;

/// The selectable fields of an object beside its name and namespace.
std::vector<std::pair<std::string, std::string>> selectable_fields(const KindRow& kind, const Json& object);

class FieldSelector {
public:
    /// Refuses what is no selector, and fields that this kind cannot be selected by.
    static Outcome<FieldSelector> parse(const KindRow& kind, std::string_view text);

    bool matches(const Record& record) const;
    bool is_everything() const { return terms_.empty(); }

private:
    struct Term {
        std::string field;
        std::string value;
        bool equal = true;
    };
    std::vector<Term> terms_;
};

}  // namespace moontide::sandbox

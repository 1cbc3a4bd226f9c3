#include "unrest.hpp"

#include "expect.hpp"
#include "parts.hpp"
#include "timeline.hpp"

#include <set>
#include <vector>

namespace moontide::proof {

std::string unrest(const test::Objects& objects, const Terms& terms) {
    std::vector<const Json*> spaces;
    std::vector<const Json*> sources;
    for (const auto& [ref, object] : objects.all()) {
        const bool terminating = object.at("metadata").contains("deletionTimestamp");
        if (ref.kind.kind == "Namespace" && !terminating && !terms.excluded.contains(ref.name)) {
            spaces.push_back(&object);
        }
        if (terms.may_be_source(object)) sources.push_back(&object);
    }
    std::set<kube::Ref> wanted;
    for (const auto* source : sources) {
        for (const auto* space : spaces) {
            const auto wish = terms.wish(*source, *space);
            if (!wish) continue;
            auto ref = test::config_map(space->at("metadata").value("name", ""), wish->name);
            if (wish->resource == "secrets") ref.kind.kind = "Secret";
            const auto* copy = objects.find(ref);
            wanted.insert(ref);
            if (!copy) return ref.text() + " is not there";
            if (!is_ours(terms, *copy)) {
                const bool to_be_taken = terms.existing == Existing::overwrite ||
                                         (terms.existing == Existing::marked && terms.marked && terms.marked(*copy)) ||
                                         (terms.existing == Existing::adopt && content_of(*copy) == wish->content);
                if (to_be_taken) return ref.text() + " is not taken over";
                if (terms.existing == Existing::merge && !(has_part(terms, *copy) && holds(*copy, wish->content)))
                    return ref.text() + " has not its part";
                continue;
            }
            if (content_of(*copy) != wish->content) return ref.text() + " is not as it should be";
        }
    }
    for (const auto& [ref, object] : objects.all()) {
        if (ref.kind.kind != "ConfigMap" && ref.kind.kind != "Secret") continue;
        if (wanted.contains(ref)) continue;
        if (is_ours(terms, object)) return ref.text() + " is left";
        if (has_part(terms, object)) return ref.text() + " keeps a part";
    }
    return {};
}

}  // namespace moontide::proof

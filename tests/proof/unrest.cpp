#include "unrest.hpp"

#include "rest.hpp"

namespace moontide::proof {

std::string unrest(const std::map<kube::Ref, Json>& objects, const Terms& terms, const std::vector<Json>& more) {
    Snapshot there;
    for (const auto& [ref, object] : objects) {
        if (ref.kind.kind != "Event") there.emplace(place_of(terms, object), &object);
    }
    for (const auto& object : more) there.emplace(place_of(terms, object), &object);
    const auto wrong = wrongs(there, terms);
    return wrong.empty() ? std::string() : wrong.front().place.text() + " " + wrong.front().what;
}

}  // namespace moontide::proof

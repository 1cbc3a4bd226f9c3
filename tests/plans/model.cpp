#include "model.hpp"

#include "expect.hpp"
#include "timeline.hpp"

namespace moontide::plans {

namespace {

bool is_marked(const Json& source) {
    return test::annotations_of(source).value(test::SOURCE_MARK, "") == "true";
}

/// Without what others may put on a copy at any time.
Json without_notes(Json copy) {
    auto& metadata = copy.at("metadata");
    if (metadata.contains("labels")) metadata["labels"].erase("team");
    return copy;
}

std::string not_the_same(const kube::Ref& place, const Json& object, const Seen& seen) {
    const auto found = seen.find(place);
    if (found == seen.end()) return place.text() + ", which is a user's, is not there";
    if (test::uid_of(found->second) == test::uid_of(object) &&
        test::version_of(found->second) == test::version_of(object)) {
        return {};
    }
    return place.text() + ", which is a user's, was touched:" + test::difference(object, found->second);
}

}  // namespace

void Given::put(const Json& object, const proof::Terms& terms, bool is_taken) {
    const auto place = test::ref_of(object);
    drop(place);
    if (!spaces.contains(place.namespace_name) || proof::is_ours(terms, object)) return;
    (is_taken ? marked : foreign)[place] = object;
}

void Given::drop(const kube::Ref& place) {
    foreign.erase(place);
    marked.erase(place);
}

void Given::drop_space(const std::string& name) {
    spaces.erase(name);
    const auto in_it = [&](const auto& entry) { return entry.first.namespace_name == name; };
    std::erase_if(foreign, in_it);
    std::erase_if(marked, in_it);
}

std::map<kube::Ref, const Json*> wanted(const Given& given) {
    std::map<kube::Ref, const Json*> copies;
    for (const auto& [space, asks] : given.spaces) {
        for (const auto& [name, source] : given.sources) {
            const auto place = test::config_map(space, name);
            if (asks && is_marked(source) && !given.foreign.contains(place)) copies.emplace(place, &source);
        }
    }
    return copies;
}

std::string complaint(const Given& given, const Seen& seen, const proof::Terms& terms) {
    const auto copies = wanted(given);
    for (const auto& [place, source] : copies) {
        const auto found = seen.find(place);
        if (found == seen.end()) return place.text() + " is not there";
        const auto copy = without_notes(found->second);
        const auto wrong = test::complaint_about(&copy, {*source, terms.instance});
        if (!wrong.empty()) return place.text() + " is not as it should be:" + wrong;
    }
    for (const auto& [place, object] : given.foreign) {
        if (auto told = not_the_same(place, object, seen); !told.empty()) return told;
    }
    for (const auto& [name, source] : given.sources) {
        if (auto told = not_the_same(test::ref_of(source), source, seen); !told.empty()) return told;
    }
    for (const auto& [place, object] : seen) {
        if (place.kind.kind != "ConfigMap" || !given.spaces.contains(place.namespace_name)) continue;
        if (given.gone.contains(test::uid_of(object))) return place.text() + " is still the old one";
        if (copies.contains(place) || given.foreign.contains(place) || place.name == "kube-root-ca.crt") continue;
        const auto marked = given.marked.find(place);
        const bool was_ours = proof::is_ours(terms, object);
        if (marked == given.marked.end() || was_ours) return place.text() + " is left";
        if (auto told = not_the_same(place, marked->second, seen); !told.empty()) return told;
    }
    return {};
}

}  // namespace moontide::plans

// Settling: at each remark "settled" the copies that are asked for are there and right, and none is left over.
#include "checker.hpp"
#include "parts.hpp"
#include "rest.hpp"

#include <iterator>

namespace moontide::proof {

namespace {

const Entry* last_change(const Timeline& timeline, const Place& place, const Entry& settled) {
    const Entry* last = nullptr;
    if (const auto found = timeline.objects().find(place); found != timeline.objects().end()) {
        for (const auto& state : found->second) {
            if (state.entry->number <= settled.number) last = state.entry;
        }
    }
    return last;
}

class Rest {
public:
    Rest(const Timeline& timeline, const Terms& terms, const Entry& settled)
        : timeline_(timeline), terms_(terms), settled_(settled) {
        for (const auto& [place, states] : timeline.objects()) {
            if (auto object = timeline.object_at(place, settled.number)) held_.emplace(place, std::move(object));
        }
        for (const auto& [place, object] : held_) there_.emplace(place, object.get());
    }

    std::vector<Violation> check() {
        for (const auto& wrong : wrongs(there_, terms_)) broken(wrong.place, wrong.what);
        if (terms_.existing == Existing::merge && !terms_.has_owners()) look_for_leftovers();
        return std::move(violations_);
    }

private:
    /// Keys of a part that nobody asks for any more.
    void look_for_leftovers() {
        for (const auto& [place, object] : there_) {
            if (!terms_.copies.contains(place.resource) || is_ours(terms_, *object)) continue;
            const auto wished = timeline_.wanted_contents(place, settled_.number);
            const auto content = wished.empty() ? Json(Json::object()) : wished.front();
            if (!leftovers(*object, content, timeline_.keys_put(place)).empty())
                broken(place, "keeps what is asked for no more");
        }
    }

    void broken(const Place& place, const std::string& what) {
        violations_.push_back(
            {"settling", place.text() + " " + what, {last_change(timeline_, place, settled_), &settled_}});
    }

    const Timeline& timeline_;
    const Terms& terms_;
    const Entry& settled_;
    std::map<Place, Tree> held_;
    Snapshot there_;
    std::vector<Violation> violations_;
};

}  // namespace

std::vector<Violation> check_settling(const Timeline& timeline, const Terms& terms) {
    std::vector<Violation> violations;
    if (!terms.may_be_source || !(terms.wish || terms.owner_wish)) return violations;
    for (const auto& entry : timeline.entries()) {
        const auto* noted = std::get_if<Noted>(&entry.what);
        if (!noted || noted->what != "settled") continue;
        auto found = Rest(timeline, terms, entry).check();
        violations.insert(violations.end(), std::make_move_iterator(found.begin()),
                          std::make_move_iterator(found.end()));
    }
    return violations;
}

}  // namespace moontide::proof

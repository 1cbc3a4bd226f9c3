#include "sandbox/typed.hpp"

#include "sandbox/json_at.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

std::string field_step(const std::string& key) {
    return "f:" + key;
}

/// The elements of a list by their steps, in its order; an element that has no step is left out.
struct Indexed {
    std::vector<std::pair<std::string, const Json*>> order;
    std::map<std::string, std::vector<const Json*>, std::less<>> by_step;

    Indexed(const Json* list, const Shape& shape) {
        if (!list || !list->is_array()) return;
        for (const auto& element : *list) {
            auto step = step_of(element, shape);
            if (!step) continue;
            by_step[*step].push_back(&element);
            order.emplace_back(std::move(*step), &element);
        }
    }

    /// Null where there is none, or more than one.
    const Json* only(const std::string& step) const {
        const auto found = by_step.find(step);
        return found == by_step.end() || found->second.size() != 1 ? nullptr : found->second.front();
    }
    bool has(const std::string& step) const { return by_step.contains(step); }
};

const Json* object_or_null(const Json* value) {
    return value && value->is_object() ? value : nullptr;
}
const Json* array_or_null(const Json* value) {
    return value && value->is_array() ? value : nullptr;
}
bool is_empty(const Json* container) {
    return !container || container->empty();
}
/// Calls for each key of either map, in order, with the values that they have there.
template <typename Visit>
void each_key(const Json* before, const Json* after, Visit visit) {
    if (before) {
        for (const auto& [key, value] : before->items()) visit(key, &value, member(after, key));
    }
    if (!after) return;
    for (const auto& [key, value] : after->items()) {
        if (!member(before, key)) visit(key, nullptr, &value);
    }
}

/// What a comparison says of a place itself, beside what is below it.
enum class Change { none, added, modified, removed };

Change leaf(const Json* before, const Json* after) {
    if (!before) return Change::added;
    if (!after) return Change::removed;
    return *before == *after ? Change::none : Change::modified;
}

void put(Comparison& comparison, const std::string& step, Change change, Comparison below) {
    comparison.added.put(step, change == Change::added, std::move(below.added));
    comparison.modified.put(step, change == Change::modified, std::move(below.modified));
    comparison.removed.put(step, change == Change::removed, std::move(below.removed));
}

Change compare_values(const Json* before, const Json* after, const Shape& shape, Comparison& below);

void compare_lists(const Json* before, const Json* after, const Shape& shape, Comparison& below) {
    const Indexed had(before, shape);
    const Indexed has(after, shape);
    const auto one = [&](const std::string& step, const Json* a, const Json* b) {
        Comparison inner;
        const auto change = compare_values(a, b, shape.elements(), inner);
        put(below, step, change, std::move(inner));
    };
    static const std::vector<const Json*> none;
    const auto visit = [&](const std::string& step) {
        const auto old_found = had.by_step.find(step);
        const auto new_found = has.by_step.find(step);
        const auto& olds = old_found == had.by_step.end() ? none : old_found->second;
        const auto& news = new_found == has.by_step.end() ? none : new_found->second;
        if (olds.size() <= 1 && news.size() <= 1) {
            one(step, olds.empty() ? nullptr : olds.front(), news.empty() ? nullptr : news.front());
        } else if (olds.size() >= 2 && news.size() >= 2) {
            // Elements that stand there twice are one piece.
            const bool same = std::ranges::equal(olds, news, [](const Json* a, const Json* b) { return *a == *b; });
            if (!same) below.modified.put(step);
        } else if (olds.size() >= 2) {
            if (!news.empty()) one(step, nullptr, news.front());
            below.removed.put(step);
        } else {
            if (!olds.empty()) one(step, olds.front(), nullptr);
            below.added.put(step);
        }
    };
    for (const auto& [step, elements] : had.by_step) visit(step);
    for (const auto& [step, elements] : has.by_step) {
        if (!had.has(step)) visit(step);
    }
}

Change compare_values(const Json* before, const Json* after, const Shape& shape, Comparison& below) {
    if (before && after && *before == *after) return Change::none;
    const auto form = shape.form_of(after ? after : before);
    if (form.map) {
        const auto* had = object_or_null(before);
        const auto* has = object_or_null(after);
        if (shape.map() == Shape::Map::atomic || (is_empty(had) && is_empty(has))) return leaf(before, after);
        each_key(had, has, [&](const std::string& key, const Json* a, const Json* b) {
            const auto* inner_shape = shape.of_key(key);
            if (!inner_shape) return;
            Comparison inner;
            const auto change = compare_values(a, b, *inner_shape, inner);
            put(below, field_step(key), change, std::move(inner));
        });
    } else if (form.list) {
        const auto* had = array_or_null(before);
        const auto* has = array_or_null(after);
        if (shape.list() == Shape::List::atomic || (is_empty(had) && is_empty(has))) return leaf(before, after);
        compare_lists(had, has, shape, below);
    } else {
        return leaf(before, after);
    }
    return !before ? Change::added : !after ? Change::removed : Change::none;
}

std::optional<Json> merged(const Json* live, const Json* applied, const Shape& shape);

/// The order is the applied list's, with what only the live one has where it stood among those that both have.
Json merged_lists(const Json* live, const Json* applied, const Shape& shape) {
    const Indexed had(live, shape);
    const Indexed has(applied, shape);
    Json out = Json::array();
    const auto take = [&](const Json* from_live, const Json* from_applied) {
        if (auto one = merged(from_live, from_applied, shape.elements())) out.push_back(std::move(*one));
    };
    std::vector<std::string> shared;
    for (const auto& [step, element] : has.order) {
        if (had.has(step)) shared.push_back(step);
    }
    std::size_t next_shared = 0;
    std::vector<std::string> done;
    std::size_t left = 0;
    std::size_t right = 0;
    while (left < had.order.size() || right < has.order.size()) {
        const bool both = left < had.order.size() && right < has.order.size();
        if (both && had.order[left].first == has.order[right].first) {
            const auto& step = had.order[left].first;
            done.push_back(step);
            take(had.only(step), has.only(step));
            ++left;
            ++right;
            ++next_shared;
            continue;
        }
        if (both && has.has(had.order[left].first) && next_shared < shared.size() &&
            shared[next_shared] != had.order[left].first) {
            // Both have it, but it is not its turn.
            ++left;
            continue;
        }
        if (left < had.order.size()) {
            const auto& [step, element] = had.order[left];
            if (!has.has(step)) {
                take(element, nullptr);
                ++left;
                continue;
            }
            if (std::ranges::find(done, step) != done.end()) ++left;
        }
        if (right < has.order.size()) {
            const auto& step = has.order[right].first;
            done.push_back(step);
            take(had.only(step), has.only(step));
            ++right;
            if (next_shared < shared.size() && shared[next_shared] == step) ++next_shared;
        }
    }
    return out;
}

std::optional<Json> merged(const Json* live, const Json* applied, const Shape& shape) {
    const auto whole = [&]() -> std::optional<Json> {
        if (applied) return *applied;
        return live ? std::optional<Json>(*live) : std::nullopt;
    };
    if (!live || !applied) return whole();
    const auto form = shape.form_of(applied->is_null() ? live : applied);
    if (form.map) {
        const auto* had = object_or_null(live);
        const auto* has = object_or_null(applied);
        if (shape.map() == Shape::Map::atomic || (is_empty(had) && is_empty(has))) return whole();
        Json out = Json::object();
        each_key(had, has, [&](const std::string& key, const Json* a, const Json* b) {
            const auto* inner_shape = shape.of_key(key);
            if (!inner_shape) return;
            if (auto one = merged(a, b, *inner_shape)) out[key] = std::move(*one);
        });
        return out.empty() ? std::nullopt : std::optional<Json>(std::move(out));
    }
    if (form.list) {
        const auto* had = array_or_null(live);
        const auto* has = array_or_null(applied);
        if (shape.list() == Shape::List::atomic || (is_empty(had) && is_empty(has))) return whole();
        auto out = merged_lists(had, has, shape);
        return out.empty() ? std::nullopt : std::optional<Json>(std::move(out));
    }
    return whole();
}

}  // namespace

std::expected<std::string, std::string> step_of(const Json& element, const Shape& list) {
    if (list.list() == Shape::List::set) {
        if (element.is_object()) {
            return std::unexpected("associative list without keys has an element that's a map type");
        }
        if (element.is_array()) return std::unexpected("not supported: associative list with lists as elements");
        if (element.is_null()) {
            return std::unexpected("associative list without keys has an element that's an explicit null");
        }
        return "v:" + element.dump();
    }
    if (element.is_null()) return std::unexpected("associative list with keys may not have a null element");
    if (!element.is_object()) return std::unexpected("associative list with keys may not have non-map elements");
    Json keys = Json::object();
    for (const auto& key : list.keys()) {
        if (const auto found = element.find(key); found != element.end()) {
            keys[key] = *found;
        } else if (const auto* fallback = list.elements().fallback(key)) {
            keys[key] = *fallback;
        }
    }
    if (keys.empty()) {
        std::string names;
        for (const auto& key : list.keys()) names += (names.empty() ? "" : " ") + in_quotes(key);
        return std::unexpected(
            fmt::format("associative list with keys has an element that omits all key fields [{}] "
                        "(and doesn't have default values for any key fields)",
                        names));
    }
    return "k:" + keys.dump();
}

Comparison compare(const Json& before, const Json& after, const Shape& shape) {
    Comparison comparison;
    compare_values(&before, &after, shape, comparison);
    return comparison;
}

Json laid_over(const Json& live, const Json& applied, const Shape& shape) {
    return merged(&live, &applied, shape).value_or(Json::object());
}

FieldSet fields_of(const Json& value, const Shape& shape) {
    FieldSet set;
    const auto form = shape.form_of(&value);
    if (form.map && shape.map() == Shape::Map::granular && value.is_object()) {
        for (const auto& [key, inner] : value.items()) {
            const auto* inner_shape = shape.of_key(key);
            if (!inner_shape) continue;
            const auto inner_form = inner_shape->form_of(&inner);
            const bool whole = (inner_form.map && inner_shape->map() == Shape::Map::atomic) ||
                               (inner_form.list && inner_shape->list() == Shape::List::atomic) || inner_form.scalar;
            const bool bare = inner.is_null() || (inner.is_object() && inner.empty());
            set.put(field_step(key), whole || bare || !shape.field(key),
                    whole ? FieldSet() : fields_of(inner, *inner_shape));
        }
    } else if (form.list && shape.list() != Shape::List::atomic && value.is_array()) {
        const Indexed elements(&value, shape);
        for (const auto& [step, same] : elements.by_step) {
            set.put(step, true, same.size() == 1 ? fields_of(*same.front(), shape.elements()) : FieldSet());
        }
    }
    return set;
}

Json without(const Json& value, const FieldSet& gone, const Shape& shape) {
    const auto form = shape.form_of(&value);
    if (form.map) {
        if (!value.is_object() || value.empty() || shape.map() == Shape::Map::atomic) return nullptr;
        Json out = Json::object();
        for (const auto& [key, inner] : value.items()) {
            const auto step = field_step(key);
            if (gone.has(step)) continue;
            const auto& below = gone.below(step);
            const auto* inner_shape = shape.of_key(key);
            out[key] = below.empty() || !inner_shape ? inner : without(inner, below, *inner_shape);
        }
        return out.empty() ? Json() : out;
    }
    if (form.list) {
        if (!value.is_array() || value.empty() || shape.list() == Shape::List::atomic) return nullptr;
        Json out = Json::array();
        for (const auto& element : value) {
            const auto step = step_of(element, shape);
            if (step && gone.has(*step)) continue;
            const auto& below = step ? gone.below(*step) : FieldSet();
            out.push_back(below.empty() ? element : without(element, below, shape.elements()));
        }
        return out.empty() ? Json() : out;
    }
    return value;
}

FieldSet with_structs(const FieldSet& set, const Shape& shape) {
    FieldSet out;
    set.each_step([&](const std::string& step, bool member, const FieldSet& below) {
        const auto name = std::string_view(step).substr(2);
        const bool is_field = step[0] == 'f' && shape.map() != Shape::Map::none;
        const auto* field = is_field ? shape.field(name) : nullptr;
        const Shape* inner = field;
        if (!inner && is_field) inner = shape.values();
        if (step[0] != 'f' && shape.list() != Shape::List::none) inner = &shape.elements();
        out.put(step, member || (field && !below.empty()), inner ? with_structs(below, *inner) : below);
    });
    return out;
}

}  // namespace moontide::sandbox

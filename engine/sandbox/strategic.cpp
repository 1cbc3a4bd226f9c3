// Strategic merge patch: a merge patch whose lists know what their elements are.
// https://github.com/kubernetes/kubernetes/tree/master/staging/src/k8s.io/apimachinery/pkg/util/strategicpatch
#include "sandbox/go_text.hpp"
#include "sandbox/patch.hpp"
#include "sandbox/schema.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::string_view ORDER = "$setElementOrder";
constexpr std::string_view DELETE = "$deleteFromPrimitiveList";

/// A patch that asks for what cannot be; caught where the patch began.
struct Impossible {
    Failure failure;
};

[[noreturn]] void fail_with(std::string why) {
    throw Impossible{internal_error(std::move(why))};
}

[[noreturn]] void bad_format(const char* of) {
    throw Impossible{bad_request(fmt::format("invalid patch format of {}", of))};
}

[[noreturn]] void no_merge_key(const Json& element, const std::string& key) {
    fail_with(fmt::format("map: {} does not contain declared merge key: {}", in_go(element), key));
}

void check_directives(const Json& value) {
    if (!value.is_array()) fail_with("expected a []interface {}, but received a " + go_type(value));
}

/// How a field is patched.
struct Metadata {
    const Json* schema = nullptr;
    bool merges = false;
    bool replaces = false;
    std::string merge_key;
};

/// "$setElementOrder/finalizers" -> "finalizers".
std::string key_after(const std::string& key, std::string_view prefix, const char* format) {
    if (key.size() <= prefix.size() || key[prefix.size()] != '/') bad_format(format);
    return key.substr(prefix.size() + 1);
}

/// What says which element it is: its merge key, or, in a list of scalars, itself.
Json merge_identity(const Json& element, const std::string& merge_key) {
    return merge_key.empty() || !element.is_object() ? element : element.value(merge_key, Json());
}

std::ptrdiff_t place_in(const Json& list, const Json& element, const std::string& merge_key) {
    const auto wanted = merge_identity(element, merge_key);
    std::ptrdiff_t place = 0;
    for (const auto& one : list) {
        if (merge_identity(one, merge_key) == wanted) return place;
        ++place;
    }
    return -1;
}

void check_merge_keys(const Json& list, const std::string& merge_key) {
    for (const auto& element : list) {
        if (!element.is_object()) {
            fail_with("expected a map[string]interface {}, but received a " + go_type(element));
        }
        if (!element.contains(merge_key)) no_merge_key(element, merge_key);
    }
}

/// Go's stable sort of short lists, whose order the real server relies on where elements are not in `order`.
void sort_by(Json& list, const Json& order, const std::string& merge_key) {
    const auto less = [&](const Json& a, const Json& b) {
        const auto left = place_in(order, a, merge_key);
        const auto right = place_in(order, b, merge_key);
        return left < 0 || right < 0 || left < right;
    };
    for (std::size_t i = 1; i < list.size(); ++i) {
        for (std::size_t j = i; j > 0 && less(list[j], list[j - 1]); --j) std::swap(list[j], list[j - 1]);
    }
}

/// All in the order of `asked`, and what that does not name where it stood before among those that it does.
Json ordered(const Json& merged, const Json& asked, const Json& before, const std::string& merge_key) {
    const bool are_maps = std::ranges::any_of(std::array{&merged, &asked, &before}, [](const Json* list) {
        return !list->empty() && list->front().is_object();
    });
    if (are_maps) {
        check_merge_keys(merged, merge_key);
        check_merge_keys(asked, merge_key);
        check_merge_keys(before, merge_key);
    }
    Json named = Json::array();
    Json others = Json::array();
    for (const auto& element : merged) {
        (place_in(asked, element, merge_key) >= 0 ? named : others).push_back(element);
    }
    sort_by(named, asked, merge_key);
    sort_by(others, before, merge_key);

    Json all = Json::array();
    std::size_t left = 0;
    std::size_t right = 0;
    while (left < others.size() || right < named.size()) {
        bool from_others = right >= named.size();
        if (!from_others && left < others.size()) {
            const auto mine = place_in(before, others[left], merge_key);
            const auto its = place_in(before, named[right], merge_key);
            from_others = mine >= 0 && its >= 0 && mine < its;
        }
        all.push_back(from_others ? others[left++] : named[right++]);
    }
    return all;
}

/// Elements of lists are of one type. Gives back whether they are maps.
bool are_maps(const Json& a, const Json& b) {
    const Json* first = nullptr;
    for (const Json* list : {&a, &b}) {
        for (const auto& element : *list) {
            if (!first && element.is_array()) fail_with("lists of lists are not supported");
            if (first && go_type(*first) != go_type(element)) {
                fail_with(fmt::format("list element types are not identical: [{} {}]", in_go(a), in_go(b)));
            }
            first = &element;
        }
    }
    if (!first) fail_with("no elements in any of the given slices");
    return first->is_object();
}

/// A value that nothing is there for: without its nulls, and without what only says how to patch.
Json bare(Json value) {
    if (value.is_object()) {
        for (auto at = value.begin(); at != value.end();) {
            if (at->is_null() || (at->is_object() && at->contains("$patch"))) {
                at = value.erase(at);
            } else {
                *at = bare(std::move(*at));
                ++at;
            }
        }
    } else if (value.is_array()) {
        Json kept = Json::array();
        for (auto& element : value) {
            if (!element.is_object() || !element.contains("$patch")) kept.push_back(bare(std::move(element)));
        }
        return kept;
    }
    return value;
}

void check_order(const Json& patch, const Json& order, const std::string& merge_key) {
    if (order.empty() || patch.empty()) return;
    std::size_t next = 0;
    std::size_t at = 0;
    const auto skips = [&](const Json& element) { return element.is_object() && element.contains("$patch"); };
    while (next < patch.size() && at < order.size()) {
        if (skips(patch[next])) {
            ++next;
            continue;
        }
        if (!merge_key.empty()) {
            check_merge_keys(Json::array({patch[next]}), merge_key);
            check_merge_keys(Json::array({order[at]}), merge_key);
        }
        if (merge_identity(patch[next], merge_key) == merge_identity(order[at], merge_key)) ++next;
        ++at;
    }
    while (next < patch.size() && at < order.size() && skips(patch[next])) ++next;
    const bool left = std::any_of(patch.begin() + static_cast<std::ptrdiff_t>(next), patch.end(),
                                  [&](const Json& element) { return !skips(element); });
    if (left) {
        fail_with(fmt::format("The order in patch list:\n{}\n doesn't match $setElementOrder list:\n{}\n", in_go(patch),
                              in_go(order)));
    }
}

class Strategic {
public:
    explicit Strategic(const Json* schemas) : schemas_(schemas) {}

    /// What has been carried out goes from `patch`, as in the real server, which quotes the rest.
    void map(Json& original, Json& patch, const Json* schema) {
        if (const auto directive = patch.find("$patch"); directive != patch.end()) {
            if (*directive == "replace") {
                patch.erase(directive);
                original = patch;
            } else if (*directive == "delete") {
                original = Json::object();
            } else {
                fail_with(fmt::format("unknown patch type: {} in map: {}", in_go(*directive), in_go(patch)));
            }
            return;
        }
        retain(original, patch);
        order_lists(original, patch, schema);
        for (auto& [name, value] : patch.items()) {
            const bool deletes = name.starts_with(DELETE);
            const auto key = deletes ? key_after(name, DELETE, "primitive list") : name;
            if (value.is_null()) {
                original.erase(key);
                continue;
            }
            const auto there = original.find(key);
            if (there == original.end() || go_type(*there) != go_type(value)) {
                if (deletes) continue;
                value = bare(std::move(value));
                if (!value.is_object() || !value.contains("$patch")) original[key] = value;
                continue;
            }
            const auto metadata = look_up(schema, key);
            if (value.is_object() && !metadata.replaces) {
                map(*there, value, metadata.schema);
            } else if (value.is_array() && metadata.merges) {
                *there = merged(*there, value, metadata, deletes);
            } else {
                *there = value;
            }
        }
    }

private:
    Metadata look_up(const Json* schema, const std::string& key) const {
        Metadata metadata;
        metadata.schema = property(schema, schemas_, key);
        if (!metadata.schema) {
            fail_with(
                fmt::format("unable to find api field in struct {} for the json field {}", "Unknown", in_quotes(key)));
        }
        const auto strategy = metadata.schema->value("x-kubernetes-patch-strategy", std::string());
        metadata.merges = strategy.find("merge") != std::string::npos;
        metadata.replaces = strategy.find("replace") != std::string::npos;
        metadata.merge_key = metadata.schema->value("x-kubernetes-patch-merge-key", std::string());
        return metadata;
    }

    static void retain(Json& original, Json& patch) {
        const auto found = patch.find("$retainKeys");
        if (found == patch.end()) return;
        const auto keys = std::move(*found);
        patch.erase(found);
        if (!keys.is_array()) bad_format("retainKeys");
        const auto kept = [&](const std::string& key) { return std::ranges::find(keys, Json(key)) != keys.end(); };
        for (const auto& [key, value] : patch.items()) {
            if (value.is_null() || key.starts_with(DELETE) || key.starts_with(ORDER)) continue;
            if (!kept(key)) bad_format("retainKeys");
        }
        for (auto at = original.begin(); at != original.end();) {
            at = kept(at.key()) ? std::next(at) : original.erase(at);
        }
    }

    /// Carries out every $setElementOrder together with the list that it is about.
    void order_lists(Json& original, Json& patch, const Json* schema) {
        std::vector<std::string> orders;
        for (const auto& [key, value] : patch.items()) {
            if (key.starts_with(ORDER)) orders.push_back(key);
        }
        for (const auto& name : orders) {
            const Json order = std::move(patch[name]);
            patch.erase(name);
            check_directives(order);
            const auto key = key_after(name, ORDER, "setElementOrder list");
            const auto there = original.find(key);
            const auto asked = patch.find(key);
            static const Json none = Json::array();
            const auto& before = there == original.end() ? none : *there;
            const auto& changes = asked == patch.end() ? none : *asked;
            check_directives(before);
            check_directives(changes);
            const auto metadata = look_up(schema, key);
            check_order(changes, order, metadata.merge_key);
            if (there == original.end() && asked == patch.end()) continue;

            Json list = before;
            if (there == original.end()) {
                list = bare(changes);
            } else if (asked != patch.end()) {
                list = metadata.merges ? merged(before, *asked, metadata, false) : changes;
            }
            are_maps(before, changes);
            original[key] = ordered(list, order, before, metadata.merge_key);
            patch.erase(key);
        }
    }

    Json merged(Json original, Json& patch, const Metadata& metadata, bool deletes) {
        if (original.empty() && patch.empty()) return original;
        const auto& merge_key = metadata.merge_key;
        if (!are_maps(original, patch)) {
            if (deletes) {
                Json left = Json::array();
                for (const auto& one : original) {
                    if (std::ranges::find(patch, one) == patch.end()) left.push_back(one);
                }
                return left;
            }
            Json both = original;
            for (const auto& one : patch) {
                if (std::ranges::find(both, one) == both.end()) both.push_back(one);
            }
            return ordered(both, patch, original, "");
        }
        if (merge_key.empty()) fail_with("cannot merge lists without merge key for type struct");

        Json plain = Json::array();
        bool replaces = false;
        for (auto& one : patch) {
            const auto directive = one.find("$patch");
            if (directive == one.end()) {
                plain.push_back(one);
            } else if (*directive == "delete") {
                if (!one.contains(merge_key)) no_merge_key(one, merge_key);
                for (auto at = place_in(original, one, merge_key); at >= 0; at = place_in(original, one, merge_key)) {
                    original.erase(original.begin() + at);
                }
            } else if (*directive == "replace") {
                replaces = true;
            } else if (*directive == "merge") {
                fail_with("merging lists cannot yet be specified in the patch");
            } else {
                fail_with(fmt::format("unknown patch type: {} in map: {}", in_go(*directive), in_go(one)));
            }
        }
        if (replaces) {
            original = std::move(plain);
            plain = Json::array();
        }
        Json all = original;
        const Json* inner = element(metadata.schema, schemas_);
        for (auto& one : plain) {
            if (!one.contains(merge_key)) no_merge_key(one, merge_key);
            if (const auto at = place_in(all, one, merge_key); at >= 0) {
                auto change = one;
                map(all[static_cast<std::size_t>(at)], change, inner);
            } else {
                all.push_back(one);
            }
        }
        return ordered(all, plain, original, merge_key);
    }

    const Json* schemas_;
};

}  // namespace

Outcome<void> strategic_patch(const KindRow& kind, Json& object, Json& patch) {
    try {
        Strategic(kind.schemas).map(object, patch, kind.schema);
        return {};
    } catch (const Impossible& impossible) {
        return refuse(impossible.failure);
    }
}

}  // namespace moontide::sandbox

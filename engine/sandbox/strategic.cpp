// Strategic merge patch: a merge patch whose lists know what their elements are.
#include "sandbox/patch.hpp"
#include "sandbox/schema.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::string_view ORDER = "$setElementOrder/";
constexpr std::string_view DELETE = "$deleteFromPrimitiveList/";

/// A patch that asks for what cannot be; caught where the patch began.
struct Impossible {
    std::string why;
};

std::string text_of(const Json* schema, const char* key) {
    if (!schema) return {};
    const auto found = schema->find(key);
    return found != schema->end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// What was asked for by `order` first to last, then what it does not name where it stood among those that it does.
Json ordered(const Json& list, const Json& order, const Json& before, const std::string& merge_key) {
    const auto identity = [&](const Json& one) {
        if (merge_key.empty()) return one;
        return one.is_object() ? one.value(merge_key, Json()) : one;
    };
    const auto place_in = [&](const Json& where, const Json& one) {
        std::size_t place = 0;
        for (const auto& candidate : where) {
            if (identity(candidate) == identity(one)) return place;
            ++place;
        }
        return where.size();
    };
    std::vector<const Json*> named;
    std::vector<const Json*> others;
    for (const auto& one : list) (place_in(order, one) < order.size() ? named : others).push_back(&one);
    std::ranges::stable_sort(named, {}, [&](const Json* one) { return place_in(order, *one); });
    std::ranges::stable_sort(others, {}, [&](const Json* one) { return place_in(before, *one); });

    Json result = Json::array();
    auto next = others.begin();
    for (const Json* one : named) {
        const auto place = place_in(before, *one);
        while (place < before.size() && next != others.end() && place_in(before, **next) < place) {
            result.push_back(**next++);
        }
        result.push_back(*one);
    }
    while (next != others.end()) result.push_back(**next++);
    return result;
}

class Strategic {
public:
    explicit Strategic(const Json* schemas) : schemas_(schemas) {}

    void map(Json& object, const Json& patch, const Json* schema) {
        if (const auto directive = patch.find("$patch"); directive != patch.end()) {
            if (*directive == "replace") {
                object = patch;
                object.erase("$patch");
                return;
            }
            if (*directive == "delete") {
                object = Json::object();
                return;
            }
            if (*directive != "merge") throw Impossible{"Unknown patch type found: " + directive->dump()};
        }
        if (const auto keys = patch.find("$retainKeys"); keys != patch.end()) {
            for (auto at = object.begin(); at != object.end();) {
                at = std::ranges::find(*keys, Json(at.key())) == keys->end() ? object.erase(at) : std::next(at);
            }
        }
        for (const auto& [key, value] : patch.items()) {
            if (key == "$patch" || key == "$retainKeys" || key.starts_with(ORDER)) continue;
            if (key.starts_with(DELETE)) {
                erase_from(object, key.substr(DELETE.size()), value);
                continue;
            }
            const auto order = patch.find(std::string(ORDER) + key);
            const Json* inner = property(schema, schemas_, key);
            if (value.is_null()) {
                object.erase(key);
            } else if (value.is_object()) {
                if (!object.contains(key) || !object[key].is_object()) object[key] = Json::object();
                map(object[key], value, inner);
            } else if (value.is_array() &&
                       text_of(inner, "x-kubernetes-patch-strategy").find("merge") != std::string::npos) {
                auto& list = object[key];
                if (!list.is_array()) list = Json::array();
                merge_list(list, value, order == patch.end() ? nullptr : &*order, inner);
            } else {
                object[key] = value;
            }
        }
        // An order may stand alone, where elements are only moved.
        for (const auto& [key, order] : patch.items()) {
            if (!key.starts_with(ORDER)) continue;
            const auto name = key.substr(ORDER.size());
            if (patch.contains(name) || !object.contains(name) || !object[name].is_array()) continue;
            const Json before = object[name];
            object[name] = ordered(before, order, before,
                                   text_of(property(schema, schemas_, name), "x-kubernetes-patch-merge-key"));
        }
    }

private:
    static void erase_from(Json& object, const std::string& key, const Json& values) {
        if (!object.contains(key) || !object[key].is_array()) return;
        Json left = Json::array();
        for (const auto& one : object[key]) {
            if (std::ranges::find(values, one) == values.end()) left.push_back(one);
        }
        object[key] = std::move(left);
    }

    void merge_list(Json& list, const Json& patch, const Json* order, const Json* schema) {
        const Json before = list;
        const auto merge_key = text_of(schema, "x-kubernetes-patch-merge-key");
        const Json* inner = element(schema, schemas_);
        for (const auto& one : patch) {
            if (merge_key.empty()) {
                if (std::ranges::find(list, one) == list.end()) list.push_back(one);
                continue;
            }
            if (!one.is_object()) throw Impossible{"expected a list of objects"};
            const auto directive = one.value("$patch", std::string());
            if (directive == "replace") {
                Json all = Json::array();
                for (const auto& other : patch) {
                    if (!other.contains("$patch")) all.push_back(other);
                }
                list = std::move(all);
                return;
            }
            const auto identity = one.find(merge_key);
            if (identity == one.end()) {
                throw Impossible{fmt::format("map: {} does not contain declared merge key: {}", one.dump(), merge_key)};
            }
            const auto same = std::ranges::find_if(
                list, [&](const Json& other) { return other.value(merge_key, Json()) == *identity; });
            if (directive == "delete") {
                if (same != list.end()) list.erase(same);
            } else if (same != list.end()) {
                map(*same, one, inner);
            } else {
                Json made = Json::object();
                map(made, one, inner);
                list.push_back(std::move(made));
            }
        }
        list = ordered(list, order ? *order : patch, before, merge_key);
    }

    const Json* schemas_;
};

}  // namespace

Outcome<void> strategic_patch(const KindRow& kind, Json& object, const Json& patch) {
    try {
        Strategic(kind.schemas).map(object, patch, kind.schema);
        return {};
    } catch (const Impossible& impossible) {
        return refuse({422, "Invalid", impossible.why, Json::object(), {}});
    }
}

}  // namespace moontide::sandbox

#include "sandbox/patch.hpp"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace moontide::sandbox {

namespace {

constexpr std::size_t MOST_OPERATIONS = 10'000;

std::optional<std::vector<std::string>> steps(std::string_view pointer) {
    std::vector<std::string> steps;
    if (pointer.empty()) return steps;
    if (pointer.front() != '/') return std::nullopt;
    std::size_t begin = 1;
    while (begin <= pointer.size()) {
        const auto end = std::min(pointer.find('/', begin), pointer.size());
        std::string step;
        for (std::size_t i = begin; i < end; ++i) {
            if (pointer[i] == '~' && i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
                step += pointer[++i] == '0' ? '~' : '/';
            } else {
                step += pointer[i];
            }
        }
        steps.push_back(std::move(step));
        begin = end + 1;
    }
    return steps;
}

std::optional<std::size_t> index_of(const std::string& step, std::size_t size) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
    if (error != std::errc() || end != step.data() + step.size() || index > size) return std::nullopt;
    return index;
}

/// A place in a document: its container and the last step.
struct Place {
    Json* container = nullptr;
    std::string step;
};

std::optional<Place> find_place(Json& document, std::string_view pointer) {
    auto path = steps(pointer);
    if (!path || path->empty()) return std::nullopt;
    Json* at = &document;
    for (std::size_t i = 0; i + 1 < path->size(); ++i) {
        if (at->is_object()) {
            const auto found = at->find((*path)[i]);
            if (found == at->end()) return std::nullopt;
            at = &*found;
        } else if (at->is_array()) {
            const auto index = index_of((*path)[i], at->size());
            if (!index || *index == at->size()) return std::nullopt;
            at = &(*at)[*index];
        } else {
            return std::nullopt;
        }
    }
    if (!at->is_structured()) return std::nullopt;
    return Place{at, std::move(path->back())};
}

const Json* value_at(const Place& place) {
    if (place.container->is_object()) {
        const auto found = place.container->find(place.step);
        return found == place.container->end() ? nullptr : &*found;
    }
    const auto index = index_of(place.step, place.container->size());
    return index && *index < place.container->size() ? &(*place.container)[*index] : nullptr;
}

bool add(const Place& place, Json value) {
    if (place.container->is_object()) {
        (*place.container)[place.step] = std::move(value);
        return true;
    }
    if (place.step == "-") {
        place.container->push_back(std::move(value));
        return true;
    }
    const auto index = index_of(place.step, place.container->size());
    if (!index) return false;
    place.container->insert(place.container->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return true;
}

bool remove(const Place& place) {
    if (!value_at(place)) return false;
    if (place.container->is_object()) {
        place.container->erase(place.step);
    } else {
        place.container->erase(*index_of(place.step, place.container->size()));
    }
    return true;
}

bool replace(const Place& place, Json value) {
    if (place.container->is_object()) {
        // The real server's library replaces what is not there, too.
        (*place.container)[place.step] = std::move(value);
        return true;
    }
    const auto index = index_of(place.step, place.container->size());
    if (!index || *index == place.container->size()) return false;
    (*place.container)[*index] = std::move(value);
    return true;
}

bool carry_out(Json& document, const Json& operation) {
    const auto text = [&](const char* key) {
        const auto found = operation.find(key);
        return found != operation.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const auto name = text("op");
    const auto place = find_place(document, text("path"));
    const Json value = operation.value("value", Json());
    if (text("path").empty() && (name == "add" || name == "replace" || name == "test")) {
        if (name == "test") return document == value;
        document = value;
        return true;
    }
    if (!place) return name == "test" && value.is_null();
    if (name == "add") return add(*place, value);
    if (name == "remove") return remove(*place);
    if (name == "replace") return replace(*place, value);
    if (name == "test") {
        const Json* there = value_at(*place);
        return there ? *there == value : value.is_null();
    }
    if (name != "move" && name != "copy") return false;
    const auto from = find_place(document, text("from"));
    const Json* there = from ? value_at(*from) : nullptr;
    if (!there) return false;
    Json moved = *there;
    if (name == "move") remove(*from);
    // A removal may have moved what the place pointed to.
    const auto to = find_place(document, text("path"));
    return to && add(*to, std::move(moved));
}

}  // namespace

void merge_patch(Json& object, const Json& patch) {
    object.merge_patch(patch);
}

Outcome<void> json_patch(Json& object, const Json& patch) {
    if (!patch.is_array()) {
        return refuse(bad_request(
            fmt::format("error decoding patch: json: cannot unmarshal {} into Go value of type []handlers.jsonPatchOp",
                        patch.type_name())));
    }
    if (patch.size() > MOST_OPERATIONS) {
        return refuse(
            {413,
             "RequestEntityTooLarge",
             fmt::format("Request entity too large: The allowed maximum operations in a JSON patch is {}, got {}",
                         MOST_OPERATIONS, patch.size()),
             Json::object(),
             {}});
    }
    for (const auto& operation : patch) {
        if (!operation.is_object() || !carry_out(object, operation)) return refuse(unprocessable());
    }
    return {};
}

}  // namespace moontide::sandbox

#include "status/shrink.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace moontide::status {

namespace {

using Json = nlohmann::json;

/// For the words that tell of what was cut.
constexpr std::size_t room_for_words = 1'024;

struct Largest {
    Json* list = nullptr;
    std::string path;
    std::size_t bytes = 0;
};

std::size_t bytes_of(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace).size();
}

/// The list that takes most, and of lists in a list's elements the outer one: its elements stay whole.
void find_largest(Json& value, const std::string& path, Largest& largest) {
    if (value.is_array()) {
        if (value.size() == 1) return find_largest(value.front(), path + "[0]", largest);
        const auto bytes = bytes_of(value);
        if (!value.empty() && bytes > largest.bytes) largest = {&value, path, bytes};
        return;
    }
    if (!value.is_object()) return;
    for (auto& [name, element] : value.items()) find_largest(element, path.empty() ? name : path + "." + name, largest);
}

/// The field at the top that takes most.
std::string largest_field(const Json& value) {
    std::string name;
    std::size_t most = 0;
    for (const auto& [field, element] : value.items()) {
        const auto bytes = bytes_of(element);
        if (bytes >= most) std::tie(name, most) = std::pair(field, bytes);
    }
    return name;
}

}  // namespace

std::string shrink(nlohmann::json& value, std::size_t beside, std::size_t most) {
    std::size_t bytes = bytes_of(value);
    if (bytes + beside <= most) return {};
    std::map<std::string, std::pair<std::size_t, std::size_t>> cut;  // path -> left, before
    std::string gone;
    const auto room = most - std::min(most, beside + room_for_words);
    while (bytes > room && !value.empty()) {
        Largest largest;
        find_largest(value, "", largest);
        if (largest.list == nullptr) {
            const auto field = largest_field(value);
            gone += fmt::format("{}{} is left out, it is too long", gone.empty() ? "" : "; ", field);
            value.erase(field);
        } else {
            auto& list = *largest.list;
            const auto before = list.size();
            // In proportion to what is too much, so that few rounds are needed; each leaves out one at least.
            const auto wanted = largest.bytes - std::min(largest.bytes, bytes - room);
            const auto left = std::clamp<std::size_t>(before * wanted / largest.bytes, 1, before - 1);
            list.erase(list.begin() + static_cast<std::ptrdiff_t>(left), list.end());
            cut.try_emplace(largest.path, left, before).first->second.first = left;
        }
        bytes = bytes_of(value);
    }
    std::string words;
    for (const auto& [path, counts] : cut) {
        words +=
            fmt::format("{}{} has the first {} of {}", words.empty() ? "" : "; ", path, counts.first, counts.second);
    }
    return gone.empty() ? words : words.empty() ? gone : words + "; " + gone;
}

}  // namespace moontide::status

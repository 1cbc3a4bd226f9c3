#include "bindings/template_cache.hpp"

#include <algorithm>
#include <utility>

namespace moontide::bindings {

namespace {
/// Few owners have more, and to look at so many costs less than to parse one.
constexpr std::size_t most = 64;
/// What is parsed takes some times as much.
constexpr std::size_t most_bytes = 1U << 20;
}  // namespace

TemplateCache::Parsed TemplateCache::find(std::string_view name, std::string_view text) {
    const auto found =
        std::ranges::find_if(recent_, [&](const Known& known) { return known.text == text && known.name == name; });
    if (found != recent_.end()) {
        recent_.splice(recent_.begin(), recent_, found);
        return found->parsed;
    }
    auto parsed = std::make_shared<const Result<templates::Template>>(
        templates::Template::parse(std::string(name), std::string(text)));
    if (text.size() > most_bytes) return parsed;
    recent_.push_front({std::string(name), std::string(text), parsed});
    bytes_ += text.size();
    while (recent_.size() > most || bytes_ > most_bytes) {
        bytes_ -= recent_.back().text.size();
        recent_.pop_back();
    }
    return parsed;
}

}  // namespace moontide::bindings

#include "cli/story.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

namespace moontide::cli {

namespace {

constexpr const char* bold = "1";
constexpr const char* dim = "2";
constexpr const char* red = "31";
constexpr const char* green = "32";
constexpr const char* cyan = "36";

/// Where the times stand, in characters.
constexpr std::size_t time_column = 74;

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

}  // namespace

Story::Look look_of_stdout() {
    const auto* no_color = std::getenv("NO_COLOR");
    const auto* terminal = std::getenv("TERM");
    const bool wanted = no_color == nullptr || *no_color == '\0';
    const bool able = isatty(STDOUT_FILENO) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
    return wanted && able ? Story::Look::coloured : Story::Look::plain;
}

std::string Story::painted(std::string_view text, const char* code) const {
    return look_ == Look::plain ? std::string(text) : fmt::format("\033[{}m{}\033[0m", code, text);
}

void Story::line(const std::string& text) {
    std::scoped_lock lock(mutex_);
    out_ << text << '\n' << std::flush;
}

void Story::title(std::string_view name, std::string_view rest) {
    line(fmt::format("{} {}", painted(name, bold), painted(rest, dim)));
}

void Story::fact(std::string_view name, const std::vector<std::string>& values) {
    std::vector<std::string> shown;
    shown.reserve(values.size());
    for (const auto& value : values) shown.push_back(painted(value, cyan));
    line(fmt::format("  {:<9}{}", name, fmt::join(shown, ", ")));
}

void Story::came_true(std::string_view sentence, std::chrono::nanoseconds took) {
    const auto time = fmt::format("{:.1f} ms", std::chrono::duration<double, std::milli>(took).count());
    const auto used = width(sentence) + width(time) + 4;
    const std::string space(used < time_column ? time_column - used : 1, ' ');
    line(fmt::format("  {} {}{}{}", painted("✓", green), sentence, space, painted(time, dim)));
}

void Story::did_not(std::string_view sentence, std::string_view expected, std::string_view seen) {
    line(fmt::format("  {} {}\n    expected  {}\n    seen      {}", painted("✗", red), sentence, expected, seen));
}

void Story::tree(std::string_view root, const std::vector<std::string>& leaves) {
    line(fmt::format("      {}", painted(root, cyan)));
    for (const auto& leaf : leaves) {
        line(fmt::format("      {} {}", painted(&leaf == &leaves.back() ? "└─" : "├─", dim), leaf));
    }
}

void Story::detail(std::string_view text) {
    line(fmt::format("      {}", painted(text, dim)));
}
void Story::text(std::string_view text) {
    line(fmt::format("  {}", text));
}
void Story::gap() {
    line({});
}

}  // namespace moontide::cli

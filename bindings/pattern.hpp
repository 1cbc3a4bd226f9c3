// Lua's patterns with a step budget: the matcher of find, match, gmatch and gsub within the fence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace moontide::bindings {

class OutOfSteps {};

/// Matches one pattern against one text. The stock matcher backtracks inside C, where no hook fires; here every step
/// is counted. The syntax is Lua 5.1's and %f: http://www.lua.org/manual/5.1/manual.html#5.4.1
/// Malformed patterns are thrown as Raise, exhausted steps as OutOfSteps.
class Matcher {
public:
    static constexpr std::size_t most_captures = 32;
    static constexpr std::size_t longest_text = 4U << 20;

    /// What a capture brought: a text, or for `()` a position (from 1).
    struct Capture {
        std::string_view text;
        std::optional<std::size_t> position;
    };

    Matcher(std::string_view text, std::string_view pattern, std::int64_t steps);

    /// Matches at `begin` exactly; the end of the match, or nothing. An anchor `^` is the caller's.
    std::optional<std::size_t> match_at(std::size_t begin);

    /// Of the last match. The whole match where the pattern has no captures.
    std::size_t captures() const { return level_; }
    Capture capture(std::size_t index) const;

    std::uint64_t steps_taken() const { return static_cast<std::uint64_t>(granted_ - steps_); }

private:
    enum class State : std::uint8_t { open, closed, position };
    struct Group {
        std::size_t begin = 0;
        std::size_t end = 0;
        State state = State::open;
    };
    static constexpr int deepest = 200;

    std::optional<std::size_t> match(std::size_t at, std::size_t in_pattern);
    std::optional<std::size_t> most_of(std::size_t at, std::size_t item, std::size_t item_end);
    std::optional<std::size_t> least_of(std::size_t at, std::size_t item, std::size_t item_end);
    std::optional<std::size_t> balanced(std::size_t at, std::size_t in_pattern);
    std::optional<std::size_t> repeated_capture(std::size_t at, char digit);
    bool matches_one(std::size_t at, std::size_t item, std::size_t item_end);
    bool in_set(unsigned char character, std::size_t set, std::size_t set_end);
    std::size_t item_end(std::size_t item) const;
    void step();

    std::string_view text_;
    std::string_view pattern_;
    std::int64_t granted_;
    std::int64_t steps_;
    int depth_ = 0;
    std::size_t level_ = 0;
    std::array<Group, most_captures> groups_{};
};

/// Whether the pattern has a character with a meaning; without one it is plain text.
bool has_specials(std::string_view pattern);

}  // namespace moontide::bindings

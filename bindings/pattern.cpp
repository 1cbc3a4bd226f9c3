#include "bindings/pattern.hpp"

#include "bindings/state.hpp"

#include <cctype>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

bool in_class(unsigned char character, unsigned char name) {
    bool found = false;
    switch (std::tolower(name)) {
        case 'a':
            found = std::isalpha(character) != 0;
            break;
        case 'c':
            found = std::iscntrl(character) != 0;
            break;
        case 'd':
            found = std::isdigit(character) != 0;
            break;
        case 'g':
            found = std::isgraph(character) != 0;
            break;
        case 'l':
            found = std::islower(character) != 0;
            break;
        case 'p':
            found = std::ispunct(character) != 0;
            break;
        case 's':
            found = std::isspace(character) != 0;
            break;
        case 'u':
            found = std::isupper(character) != 0;
            break;
        case 'w':
            found = std::isalnum(character) != 0;
            break;
        case 'x':
            found = std::isxdigit(character) != 0;
            break;
        case 'z':
            found = character == 0;
            break;
        default:
            return name == character;
    }
    return std::isupper(name) ? !found : found;
}

}  // namespace

bool has_specials(std::string_view pattern) {
    return pattern.find_first_of("^$*+?.([%-") != std::string_view::npos;
}

Matcher::Matcher(std::string_view text, std::string_view pattern, std::int64_t steps)
    : text_(text), pattern_(pattern), granted_(steps), steps_(steps) {
    if (text.size() > longest_text) {
        throw Raise(fmt::format("a text of {} bytes is too long for a pattern: at most {} MiB", text.size(),
                                longest_text >> 20));
    }
}

void Matcher::step() {
    if (--steps_ < 0) throw OutOfSteps();
}

std::optional<std::size_t> Matcher::match_at(std::size_t begin) {
    level_ = 0;
    depth_ = 0;
    return match(begin, 0);
}

Matcher::Capture Matcher::capture(std::size_t index) const {
    const Group& group = groups_[index];
    if (group.state == State::open) throw Raise("unfinished capture in the pattern");
    if (group.state == State::position) return {{}, group.begin + 1};
    return {text_.substr(group.begin, group.end - group.begin), std::nullopt};
}

std::size_t Matcher::item_end(std::size_t item) const {
    const char first = pattern_[item++];
    if (first == '%') {
        if (item >= pattern_.size()) throw Raise("the pattern ends with '%'");
        return item + 1;
    }
    if (first != '[') return item;
    if (item < pattern_.size() && pattern_[item] == '^') ++item;
    do {
        if (item >= pattern_.size()) throw Raise("the pattern lacks a ']'");
        const char character = pattern_[item++];
        if (character == '%' && item < pattern_.size()) ++item;
    } while (item >= pattern_.size() || pattern_[item] != ']');
    return item + 1;
}

bool Matcher::in_set(unsigned char character, std::size_t set, std::size_t set_end) {
    const std::size_t last = set_end - 1;  // the closing bracket
    bool wanted = true;
    std::size_t at = set + 1;
    if (at < last && pattern_[at] == '^') {
        wanted = false;
        ++at;
    }
    while (at < last) {
        step();
        if (pattern_[at] == '%' && at + 1 < last) {
            if (in_class(character, static_cast<unsigned char>(pattern_[at + 1]))) return wanted;
            at += 2;
        } else if (at + 2 < last && pattern_[at + 1] == '-') {
            if (static_cast<unsigned char>(pattern_[at]) <= character &&
                character <= static_cast<unsigned char>(pattern_[at + 2])) {
                return wanted;
            }
            at += 3;
        } else {
            if (static_cast<unsigned char>(pattern_[at]) == character) return wanted;
            ++at;
        }
    }
    return !wanted;
}

bool Matcher::matches_one(std::size_t at, std::size_t item, std::size_t end) {
    step();
    if (at >= text_.size()) return false;
    const auto character = static_cast<unsigned char>(text_[at]);
    switch (pattern_[item]) {
        case '.':
            return true;
        case '%':
            return in_class(character, static_cast<unsigned char>(pattern_[item + 1]));
        case '[':
            return in_set(character, item, end);
        default:
            return static_cast<unsigned char>(pattern_[item]) == character;
    }
}

std::optional<std::size_t> Matcher::most_of(std::size_t at, std::size_t item, std::size_t end) {
    std::size_t count = 0;
    while (matches_one(at + count, item, end)) ++count;
    for (;;) {
        if (const auto found = match(at + count, end + 1)) return found;
        if (count-- == 0) return std::nullopt;
    }
}

std::optional<std::size_t> Matcher::least_of(std::size_t at, std::size_t item, std::size_t end) {
    for (;; ++at) {
        if (const auto found = match(at, end + 1)) return found;
        if (!matches_one(at, item, end)) return std::nullopt;
    }
}

std::optional<std::size_t> Matcher::balanced(std::size_t at, std::size_t in_pattern) {
    if (in_pattern + 1 >= pattern_.size()) throw Raise("'%b' in the pattern needs two characters");
    if (at >= text_.size() || text_[at] != pattern_[in_pattern]) return std::nullopt;
    const char open = pattern_[in_pattern];
    const char close = pattern_[in_pattern + 1];
    std::size_t nested = 1;
    for (++at; at < text_.size(); ++at) {
        step();
        if (text_[at] == close) {
            if (--nested == 0) return at + 1;
        } else if (text_[at] == open) {
            ++nested;
        }
    }
    return std::nullopt;
}

std::optional<std::size_t> Matcher::repeated_capture(std::size_t at, char digit) {
    const auto index = static_cast<std::size_t>(digit - '1');
    if (digit == '0' || index >= level_ || groups_[index].state != State::closed) {
        throw Raise(fmt::format("'%{}' in the pattern names no finished capture", digit));
    }
    const std::string_view earlier = capture(index).text;
    steps_ -= static_cast<std::int64_t>(earlier.size() / 16);
    step();
    if (text_.substr(at).starts_with(earlier)) return at + earlier.size();
    return std::nullopt;
}

std::optional<std::size_t> Matcher::match(std::size_t at, std::size_t in_pattern) {
    struct Depth {
        int& depth;
        explicit Depth(int& counter) : depth(counter) {
            if (++depth > deepest) throw Raise("the pattern is too complex");
        }
        ~Depth() { --depth; }
    } const nested(depth_);

    while (in_pattern < pattern_.size()) {
        step();
        const char first = pattern_[in_pattern];
        const char second = in_pattern + 1 < pattern_.size() ? pattern_[in_pattern + 1] : '\0';
        if (first == '(') {
            if (level_ >= most_captures) throw Raise("the pattern has too many captures");
            const bool position = second == ')';
            groups_[level_++] = Group{at, at, position ? State::position : State::open};
            const auto found = match(at, in_pattern + (position ? 2 : 1));
            if (!found) --level_;
            return found;
        }
        if (first == ')') {
            std::size_t open = level_;
            while (open > 0 && groups_[open - 1].state != State::open) --open;
            if (open == 0) throw Raise("the pattern has a ')' without its '('");
            groups_[open - 1].end = at;
            groups_[open - 1].state = State::closed;
            const auto found = match(at, in_pattern + 1);
            if (!found) groups_[open - 1].state = State::open;
            return found;
        }
        if (first == '$' && in_pattern + 1 == pattern_.size()) {
            return at == text_.size() ? std::optional(at) : std::nullopt;
        }
        if (first == '%' && second == 'b') {
            const auto behind = balanced(at, in_pattern + 2);
            if (!behind) return std::nullopt;
            at = *behind;
            in_pattern += 4;
            continue;
        }
        if (first == '%' && second == 'f') {
            in_pattern += 2;
            if (in_pattern >= pattern_.size() || pattern_[in_pattern] != '[') {
                throw Raise("'%f' in the pattern needs a '[' behind it");
            }
            const std::size_t end = item_end(in_pattern);
            const auto before = static_cast<unsigned char>(at == 0 ? '\0' : text_[at - 1]);
            const auto here = static_cast<unsigned char>(at < text_.size() ? text_[at] : '\0');
            if (in_set(before, in_pattern, end) || !in_set(here, in_pattern, end)) return std::nullopt;
            in_pattern = end;
            continue;
        }
        if (first == '%' && second >= '0' && second <= '9') {
            const auto behind = repeated_capture(at, second);
            if (!behind) return std::nullopt;
            at = *behind;
            in_pattern += 2;
            continue;
        }
        const std::size_t end = item_end(in_pattern);
        const char suffix = end < pattern_.size() ? pattern_[end] : '\0';
        switch (suffix) {
            case '?': {
                if (matches_one(at, in_pattern, end)) {
                    if (const auto found = match(at + 1, end + 1)) return found;
                }
                in_pattern = end + 1;
                continue;
            }
            case '+':
                if (!matches_one(at, in_pattern, end)) return std::nullopt;
                return most_of(at + 1, in_pattern, end);
            case '*':
                return most_of(at, in_pattern, end);
            case '-':
                return least_of(at, in_pattern, end);
            default:
                if (!matches_one(at, in_pattern, end)) return std::nullopt;
                ++at;
                in_pattern = end;
        }
    }
    return at;
}

}  // namespace moontide::bindings

// sprig's functions with regular expressions: RE2's syntax, which Go's regexp shares.
#include "template/failure.hpp"
#include "template/functions.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

namespace moontide::templates {
namespace {

constexpr std::size_t longest_pattern = 1000;

/// (?<name>...) is (?P<name>...) to this RE2.
std::string with_p(std::string_view pattern) {
    std::string translated;
    bool in_class = false;
    for (std::size_t at = 0; at < pattern.size(); ++at) {
        const char character = pattern[at];
        translated += character;
        if (character == '\\' && at + 1 < pattern.size()) {
            translated += pattern[++at];
        } else if (character == '[') {
            in_class = true;
        } else if (character == ']') {
            in_class = false;
        } else if (!in_class && pattern.substr(at).starts_with("(?<")) {
            translated += "?P";
            ++at;
        }
    }
    return translated;
}

std::unique_ptr<RE2> compiled(Meter& meter, const std::string& pattern) {
    if (pattern.size() > longest_pattern)
        throw Exhausted(fmt::format("a regular expression longer than {} bytes", longest_pattern));
    meter.step(50 + pattern.size() * 8);
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(4 << 20);
    auto regex = std::make_unique<RE2>(with_p(pattern), options);
    // Repetitions within repetitions make a long program of a short text.
    constexpr std::size_t largest_program = 50'000;
    if (regex->ok()) {
        meter.step(static_cast<std::size_t>(regex->ProgramSize()));
    } else if (regex->error_code() == RE2::ErrorPatternTooLarge) {
        meter.step(largest_program);
    }
    return regex;
}

/// A large program can need time for each byte and instruction.
void pay_for_match(Meter& meter, const RE2& regex, std::size_t bytes, std::size_t share) {
    meter.step(1 + bytes / share * (1 + static_cast<std::size_t>(regex.ProgramSize()) / 100));
}

/// As Go's regexp/syntax words it.
std::string complaint(const RE2& regex, const std::string& pattern) {
    const auto words = [&]() -> std::string_view {
        switch (regex.error_code()) {
            case RE2::ErrorBadEscape:
                return "invalid escape sequence";
            case RE2::ErrorBadCharClass:
                return "invalid character class";
            case RE2::ErrorBadCharRange:
                return "invalid character class range";
            case RE2::ErrorMissingBracket:
                return "missing closing ]";
            case RE2::ErrorMissingParen:
                return "missing closing )";
            case RE2::ErrorUnexpectedParen:
                return "unexpected )";
            case RE2::ErrorTrailingBackslash:
                return "trailing backslash at end of expression";
            case RE2::ErrorRepeatArgument:
                return "missing argument to repetition operator";
            case RE2::ErrorRepeatSize:
                return "invalid repeat count";
            case RE2::ErrorRepeatOp:
                return "invalid nested repetition operator";
            case RE2::ErrorBadPerlOp:
                return "invalid or unsupported Perl syntax";
            case RE2::ErrorBadUTF8:
                return "invalid UTF-8";
            case RE2::ErrorBadNamedCapture:
                return "invalid named capture";
            case RE2::NoError:
            case RE2::ErrorInternal:
            case RE2::ErrorPatternTooLarge:
                break;
        }
        return "expression too large";
    }();
    std::string part = regex.error_arg();
    if (part.starts_with("(?P<") && pattern.find(part) == std::string::npos) part.erase(2, 1);
    return fmt::format("regexp: Compile(`{}`): error parsing regexp: {}: `{}`", pattern, words, part);
}

bool word_character(char character) {
    return (character >= '0' && character <= '9') || (character >= 'a' && character <= 'z') ||
           (character >= 'A' && character <= 'Z') || character == '_';
}

/// Regexp.Expand: $1, ${1}, $name, ${name}, $$; a group that is not there is empty.
class Expansion {
public:
    Expansion(const RE2& regex, std::string_view text) : names_(regex.NamedCapturingGroups()), text_(text) {}

    void append(std::string& out, const std::vector<re2::StringPiece>& groups) const {
        std::string_view rest = text_;
        for (;;) {
            const auto dollar = rest.find('$');
            out += rest.substr(0, dollar);
            if (dollar == std::string_view::npos) return;
            rest.remove_prefix(dollar + 1);
            if (rest.starts_with('$')) {
                out += '$';
                rest.remove_prefix(1);
                continue;
            }
            const bool braces = rest.starts_with('{');
            std::size_t end = braces ? 1 : 0;
            while (end < rest.size() && word_character(rest[end])) ++end;
            const std::string name(rest.substr(braces ? 1 : 0, end - (braces ? 1 : 0)));
            if (name.empty() || (braces && (end >= rest.size() || rest[end] != '}'))) {
                out += '$';
                continue;
            }
            rest.remove_prefix(end + (braces ? 1 : 0));
            const auto index = group(name);
            if (index < groups.size() && groups[index].data()) out.append(groups[index].data(), groups[index].size());
        }
    }

private:
    std::size_t group(const std::string& name) const {
        constexpr std::size_t none = ~std::size_t{0};
        const bool number = name.find_first_not_of("0123456789") == std::string::npos;
        // Go reads "01" as a name.
        if (number) return name.size() > 6 || (name.size() > 1 && name[0] == '0') ? none : std::stoul(name);
        const auto found = names_.find(name);
        return found == names_.end() ? none : static_cast<std::size_t>(found->second);
    }

    const std::map<std::string, int>& names_;
    std::string_view text_;
};

}  // namespace

Value regex_match_function(Meter& meter, Arguments arguments) {
    const auto regex = compiled(meter, arguments[0].text());
    // sprig drops the error.
    if (!regex->ok()) return Value::of(false);
    pay_for_match(meter, *regex, arguments[1].size(), 4);
    return Value::of(RE2::PartialMatch(arguments[1].text(), *regex));
}

Value regex_replace_all_function(Meter& meter, Arguments arguments) {
    const auto regex = compiled(meter, arguments[0].text());
    if (!regex->ok()) throw CallFailure(complaint(*regex, arguments[0].text()));
    const std::string& text = arguments[1].text();
    const Expansion expansion(*regex, arguments[2].text());
    pay_for_match(meter, *regex, text.size(), 4);
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex->NumberOfCapturingGroups()) + 1);
    std::string result;
    std::size_t copied = 0;
    std::size_t searched = 0;
    while (searched <= text.size()) {
        // A match may have looked at all the rest.
        pay_for_match(meter, *regex, text.size() - searched, 256);
        if (!regex->Match(text, searched, text.size(), RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size())))
            break;
        const auto begin = static_cast<std::size_t>(groups[0].data() - text.data());
        const auto end = begin + groups[0].size();
        result += std::string_view(text).substr(copied, begin - copied);
        // No empty match right behind a match.
        if (end > copied || begin == 0) expansion.append(result, groups);
        meter.check_length(result.size());
        copied = end;
        const std::size_t width = searched < text.size() ? rune_at(text, searched).size : 0;
        searched = searched + width > end ? searched + width : std::max(searched + 1, end);
    }
    result += std::string_view(text).substr(copied);
    return meter.text(std::move(result));
}

}  // namespace moontide::templates

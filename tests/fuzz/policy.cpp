// What stands in the texts of policies.
#include "fuzz/fuzzer.hpp"
#include "kube/selector.hpp"
#include "policy/placeholder.hpp"

#include <string>

namespace moontide::fuzz {

MOONTIDE_FUZZER(placeholder) {
    for (const auto braces : {policy::Braces::strict, policy::Braces::loose}) {
        const auto text = policy::PlaceholderText::compile(input, braces);
        if (!text) continue;
        for (const auto& placeholder : text->placeholders()) (void)placeholder.text();
        require(text->text() == input, "a compiled text knows how it was written");
    }
}

/// A pattern, a zero byte, a text.
MOONTIDE_FUZZER(glob) {
    const auto middle = input.find('\0');
    if (middle == std::string_view::npos) return;
    const auto pattern = input.substr(0, middle);
    const auto text = input.substr(middle + 1);
    const bool matches = kube::glob_matches(pattern, text);
    if (pattern.find_first_of("*?") == std::string_view::npos) {
        require(matches == (pattern == text), "what has no wild character matches itself alone");
    }
    require(kube::glob_matches(std::string(pattern) + "*", std::string(text)) || !matches,
            "a pattern with * behind it matches what the pattern does");
}

}  // namespace moontide::fuzz

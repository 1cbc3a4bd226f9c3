#include "sandbox/names.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>

namespace moontide::sandbox::names {

namespace {

bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
bool lower_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

std::string too_long(std::size_t most) {
    return fmt::format("must be no more than {} characters", most);
}

std::string not_matching(const char* says, const char* regex, std::initializer_list<const char*> examples) {
    std::string list;
    for (const char* example : examples) list += fmt::format("{}'{}'", list.empty() ? "" : ",  or ", example);
    return fmt::format("{} (e.g. {}, regex used for validation is '{}')", says, list, regex);
}

bool is_dns_label(std::string_view text) {
    return !text.empty() && lower_alphanumeric(text.front()) && lower_alphanumeric(text.back()) &&
           std::ranges::all_of(text, [](char c) { return lower_alphanumeric(c) || c == '-'; });
}

bool is_dns_subdomain(std::string_view text) {
    while (true) {
        const auto dot = text.find('.');
        if (!is_dns_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

/// Of a label's key after the slash, and of a label's value that is not empty.
bool is_word(std::string_view text) {
    return !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
           std::ranges::all_of(text, [](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

std::mt19937_64& random() {
    thread_local std::mt19937_64 engine(std::random_device{}());
    return engine;
}

}  // namespace

Faults dns_subdomain(std::string_view text) {
    Faults faults;
    if (text.size() > 253) faults.push_back(too_long(253));
    if (!is_dns_subdomain(text)) {
        faults.push_back(not_matching(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
            "start and end with an alphanumeric character",
            R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)", {"example.com"}));
    }
    return faults;
}

Faults dns_label(std::string_view text) {
    Faults faults;
    if (text.size() > 63) faults.push_back(too_long(63));
    if (!is_dns_label(text)) {
        faults.push_back(text.find('.') != std::string_view::npos && is_dns_subdomain(text)
                             ? "must not contain dots"
                             : not_matching("a lowercase RFC 1123 label must consist of lower case alphanumeric "
                                            "characters or '-', and must start and end with an alphanumeric character",
                                            "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
    }
    return faults;
}

Faults dns_1035_label(std::string_view text) {
    Faults faults;
    if (text.size() > 63) faults.push_back(too_long(63));
    if (!is_dns_label(text) || (text.front() >= '0' && text.front() <= '9')) {
        faults.push_back(not_matching(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
            "character, and end with an alphanumeric character",
            "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
    }
    return faults;
}

Faults qualified_name(std::string_view text) {
    constexpr auto* SAYS =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        "character";
    const auto word_fault =
        not_matching(SAYS, "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", {"MyName", "my.name", "123-abc"});
    Faults faults;
    const auto slash = text.find('/');
    auto name = text;
    if (slash != std::string_view::npos) {
        const auto prefix = text.substr(0, slash);
        name = text.substr(slash + 1);
        if (name.find('/') != std::string_view::npos) {
            return {"a valid label key " + word_fault +
                    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"};
        }
        if (prefix.empty()) {
            faults.emplace_back("prefix part must be non-empty");
        } else {
            for (const auto& fault : dns_subdomain(prefix)) faults.push_back("prefix part " + fault);
        }
    }
    if (name.empty()) {
        faults.emplace_back("name part must be non-empty");
    } else if (name.size() > 63) {
        faults.push_back("name part " + too_long(63));
    }
    if (!is_word(name)) faults.push_back("name part " + word_fault);
    return faults;
}

Faults path_segment(std::string_view text) {
    if (text == "." || text == "..") return {fmt::format("may not be '{}'", text)};
    Faults faults;
    for (const char* part : {"/", "%"}) {
        if (text.find(part) != std::string_view::npos) faults.push_back(fmt::format("may not contain '{}'", part));
    }
    return faults;
}

Faults label_value(std::string_view text) {
    Faults faults;
    if (text.size() > 63) faults.push_back(too_long(63));
    if (!text.empty() && !is_word(text)) {
        faults.push_back(not_matching(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
            "start and end with an alphanumeric character",
            "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
    }
    return faults;
}

Faults data_key(std::string_view text) {
    Faults faults;
    if (text.size() > 253) faults.push_back(too_long(253));
    const bool matches = !text.empty() && std::ranges::all_of(text, [](char c) {
        return alphanumeric(c) || c == '-' || c == '_' || c == '.';
    });
    if (!matches) {
        faults.push_back(not_matching("a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                                      "[-._a-zA-Z0-9]+", {"key.name", "KEY_NAME", "key-name"}));
    }
    if (text == ".") faults.emplace_back("must not be '.'");
    if (text == "..") {
        faults.emplace_back("must not be '..'");
    } else if (text.starts_with("..")) {
        faults.emplace_back("must not start with '..'");
    }
    return faults;
}

std::string generated(std::string_view prefix) {
    // Without vowels and digits that look like letters: no words arise.
    constexpr std::string_view LETTERS = "bcdfghjklmnpqrstvwxz2456789";
    constexpr std::size_t LONGEST_PREFIX = 63 - 5;
    std::string name(prefix.substr(0, LONGEST_PREFIX));
    for (int i = 0; i < 5; ++i) name += LETTERS[random()() % LETTERS.size()];
    return name;
}

std::string uuid() {
    const auto high = random()();
    const auto low = random()();
    return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xfff,
                       (low >> 48 & 0x3fff) | 0x8000, low & 0xffffffffffff);
}

}  // namespace moontide::sandbox::names

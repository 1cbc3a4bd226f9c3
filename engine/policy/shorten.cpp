#include "policy/shorten.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include <fmt/format.h>
#include <openssl/sha.h>

namespace moontide::policy {
namespace {

constexpr std::size_t longest_label = 63;
constexpr std::size_t longest_name = 253;
constexpr std::size_t tail = 9;  // "-" and 8 hex digits

bool is_letter_or_digit(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

bool is_label_character(char character) {
    return is_letter_or_digit(character) || character == '-' || character == '_' || character == '.';
}

std::string digits(std::string_view text) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    return fmt::format("{:02x}{:02x}{:02x}{:02x}", hash[0], hash[1], hash[2], hash[3]);
}

/// `fitting` up to the limit with the hash of `whole` behind it. What the cut leaves at the end is trimmed to a letter
/// or digit, since `.-` is valid in neither a name nor, at its end, a label.
std::string cut(std::string fitting, std::string_view whole, std::size_t limit) {
    fitting.resize(std::min(fitting.size(), limit - tail));
    while (!fitting.empty() && !is_letter_or_digit(fitting.back())) fitting.pop_back();
    if (fitting.empty()) return digits(whole);
    return fitting + "-" + digits(whole);
}

}  // namespace

bool is_label_value(std::string_view text) {
    if (text.empty()) return true;
    return text.size() <= longest_label && is_letter_or_digit(text.front()) && is_letter_or_digit(text.back()) &&
           std::ranges::all_of(text, is_label_character);
}

std::string label_value(std::string_view text) {
    if (is_label_value(text)) return std::string(text);
    std::string fitting(text);
    std::ranges::replace_if(fitting, [](char character) { return !is_label_character(character); }, '_');
    fitting.erase(fitting.begin(), std::ranges::find_if(fitting, is_letter_or_digit));
    return cut(std::move(fitting), text, longest_label);
}

std::string short_name(std::string_view text) {
    return text.size() <= longest_name ? std::string(text) : cut(std::string(text), text, longest_name);
}

std::string valid_name(std::string_view text) {
    std::string name;
    for (char character : text) {
        if (character >= 'A' && character <= 'Z') character = static_cast<char>(character - 'A' + 'a');
        if (!is_letter_or_digit(character) && character != '.') character = '-';
        // Each part between dots begins and ends with a letter or digit.
        if (!is_letter_or_digit(character) && (name.empty() || name.back() == '.')) continue;
        if (character == '.') {
            while (!name.empty() && name.back() == '-') name.pop_back();
            if (name.empty() || name.back() == '.') continue;
        }
        name += character;
    }
    while (!name.empty() && !is_letter_or_digit(name.back())) name.pop_back();
    return name.empty() ? digits(text) : short_name(name);
}

std::string valid_key(std::string_view text) {
    std::string key(text);
    std::ranges::replace_if(key, [](char character) { return !is_label_character(character); }, '_');
    // "." and every key that begins with ".." are reserved for how volumes are written.
    if (key == "." || key.starts_with("..")) key.front() = '_';
    if (key.empty()) return "_";
    return key.size() <= longest_name ? key : cut(std::move(key), text, longest_name);
}

}  // namespace moontide::policy

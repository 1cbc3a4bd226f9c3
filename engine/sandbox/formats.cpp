#include "sandbox/formats.hpp"

#include "sandbox/base64.hpp"
#include "sandbox/names.hpp"
#include "sandbox/time.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <memory>

#include <arpa/inet.h>
#include <re2/re2.h>

namespace moontide::sandbox {

namespace {

bool is_ip(int family, const std::string& text) {
    unsigned char address[sizeof(in6_addr)];
    return inet_pton(family, text.c_str(), address) == 1;
}

bool is_cidr(const std::string& text) {
    const auto slash = text.find('/');
    if (slash == std::string::npos) return false;
    const auto address = text.substr(0, slash);
    int bits = -1;
    const auto* end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc() || last != end || bits < 0) return false;
    return (is_ip(AF_INET, address) && bits <= 32) || (is_ip(AF_INET6, address) && bits <= 128);
}

bool is_uri(const std::string& text) {
    // Go's url.ParseRequestURI: absolute, or an absolute path.
    static const re2::RE2 absolute(R"([a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f]+)");
    static const re2::RE2 path(R"(/[^\s\x00-\x1f]*)");
    return re2::RE2::FullMatch(text, absolute) || re2::RE2::FullMatch(text, path);
}

bool is_date(const std::string& text) {
    return text.size() == 10 && parse_time(text + "T00:00:00Z").has_value();
}

/// Labels of letters of any script, digits and dashes.
bool is_host_name(const std::string& text) {
    if (text.empty() || text.size() > 255) return false;
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto label = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(rest.size(), label.size() + 1));
        const bool fits = std::ranges::all_of(label, [](char c) {
            return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                   static_cast<unsigned char>(c) >= 0x80;
        });
        if (!fits || label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    }
    return true;
}

using Check = bool (*)(const std::string&);

template <const char* pattern>
bool matches(const std::string& text) {
    static const re2::RE2 expression(pattern);
    return re2::RE2::FullMatch(text, expression);
}

constexpr char UUID[] = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}";
constexpr char UUID3[] = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}";
constexpr char UUID4[] = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}";
constexpr char UUID5[] = "(?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}";
constexpr char SSN[] = R"(\d{3}[- ]?\d{2}[- ]?\d{4})";
constexpr char HEX_COLOR[] = "#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})";
constexpr char RGB_COLOR[] =
    R"(rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\))";
constexpr char CREDIT_CARD[] =
    R"((?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11}))";
constexpr char MAC[] = R"((?i)[0-9a-f]{2}(([:-][0-9a-f]{2}){5}|([:-][0-9a-f]{2}){7})|([0-9a-f]{4}\.){2,3}[0-9a-f]{4})";
constexpr char DURATION[] =
    R"([-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)\s*(ns|us|µs|ms|s|m|h|nanos?|nanoseconds?|micros?|microseconds?|millis?|milliseconds?|seconds?|minutes?|hours?|d|days?|w|weeks?)\s*)+|0)";
constexpr char EMAIL[] = R"([^@\s]+@[^@\s]+)";
constexpr char OBJECT_ID[] = "[0-9a-fA-F]{24}";
constexpr char ISBN10[] = "[0-9]{9}[0-9xX]";
constexpr char ISBN13[] = "[0-9]{13}";

std::string digits(std::string text) {
    std::erase_if(text, [](char c) { return c == '-' || c == ' '; });
    return text;
}

const std::map<std::string, Check, std::less<>>& checks() {
    static const std::map<std::string, Check, std::less<>> table{
        {"bsonobjectid", matches<OBJECT_ID>},
        {"byte", [](const std::string& text) { return !base64_error(text); }},
        {"cidr", is_cidr},
        {"creditcard", [](const std::string& text) { return matches<CREDIT_CARD>(digits(text)); }},
        {"date", is_date},
        {"datetime", [](const std::string& text) { return parse_time(text).has_value(); }},
        {"duration", matches<DURATION>},
        {"email", matches<EMAIL>},
        {"hexcolor", matches<HEX_COLOR>},
        {"hostname", is_host_name},
        {"ipv4", [](const std::string& text) { return is_ip(AF_INET, text); }},
        {"ipv6", [](const std::string& text) { return is_ip(AF_INET6, text); }},
        {"isbn",
         [](const std::string& text) { return matches<ISBN10>(digits(text)) || matches<ISBN13>(digits(text)); }},
        {"isbn10", [](const std::string& text) { return matches<ISBN10>(digits(text)); }},
        {"isbn13", [](const std::string& text) { return matches<ISBN13>(digits(text)); }},
        {"k8slongname", [](const std::string& text) { return names::dns_subdomain(text).empty(); }},
        {"k8sshortname", [](const std::string& text) { return names::dns_label(text).empty(); }},
        {"mac", matches<MAC>},
        {"password", [](const std::string&) { return true; }},
        {"rgbcolor", matches<RGB_COLOR>},
        {"ssn", matches<SSN>},
        {"uri", is_uri},
        {"uuid", matches<UUID>},
        {"uuid3", matches<UUID3>},
        {"uuid4", matches<UUID4>},
        {"uuid5", matches<UUID5>},
    };
    return table;
}

/// "date-time" and "datetime" are the same.
std::string normal(std::string_view format) {
    std::string text(format);
    std::erase(text, '-');
    return text;
}

}  // namespace

bool is_known_format(std::string_view format) {
    return checks().contains(normal(format));
}

bool has_format(std::string_view format, const std::string& text) {
    return checks().at(normal(format))(text);
}

}  // namespace moontide::sandbox

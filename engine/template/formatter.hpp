// Values as Go's fmt prints them: print, println and printf, verbs, flags and complaints (pkg.go.dev/fmt). One thread.
#pragma once

#include "template/value.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace moontide::templates {

/// Writes into one text. Throws Exhausted where that would be longer than `longest`, and where a value is deeper than
/// deepest_value. Where Go prints an address (%p of a list or map) it complains as for other values.
class Formatter {
public:
    explicit Formatter(std::size_t longest) : longest_(longest) {}

    /// fmt.Sprint: spaces between operands where neither is a text.
    void print(std::span<const Value> values);
    void print_line(std::span<const Value> values);
    void print_format(std::string_view format, std::span<const Value> values);
    /// One value under a verb.
    void value(const Value& value, char32_t verb);

    std::string take() { return std::move(out_); }

private:
    struct Flags {
        std::optional<int> width;
        std::optional<int> precision;
        bool minus = false;
        bool plus = false;
        bool sharp = false;
        bool space = false;
        bool zero = false;
        bool plus_v = false;
        bool sharp_v = false;
    };

    class Directive;

    void write(std::string_view text);
    void fill(std::size_t count, char with);
    void padding(int count);
    void pad(std::string_view text);
    void pad_without_zeros(std::string_view text);

    void bad_verb(const Value& value, char32_t verb);
    void boolean(const Value& value, char32_t verb);
    void integer(const Value& value, char32_t verb);
    void integer(std::uint64_t value, unsigned base, bool is_signed, char32_t verb, bool capitals);
    void unicode(std::uint64_t value);
    void real(const Value& value, char32_t verb);
    void real(double value, char verb, int precision);
    void text(const Value& value, char32_t verb);
    void hexadecimal(std::string_view text, bool capitals);
    void list(const Value& value, char32_t verb);
    void map(const Value& value, char32_t verb);
    /// An element of a list or map.
    void inner(const Value& value, char32_t verb);

    std::string out_;
    std::size_t longest_;
    Flags flags_;
    std::size_t depth_ = 0;
};

/// fmt.Sprint("%v"): what {{ }} prints.
std::string printed(const Value& value, std::size_t longest);

}  // namespace moontide::templates

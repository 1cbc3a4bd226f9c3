// Formatter::print_format: the directives of a format and the operands that they take.
#include "template/formatter.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

/// Larger widths, precisions and indexes are refused.
constexpr int largest = 1'000'000;

/// Digits at `at`, which moves behind them.
std::optional<int> number_at(std::string_view format, std::size_t& at) {
    std::optional<int> number;
    for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at) {
        if (number.value_or(0) > largest) return std::nullopt;
        number = number.value_or(0) * 10 + (format[at] - '0');
    }
    return number;
}

}  // namespace

/// Reads one directive from behind its %, and counts operands over all of them.
class Formatter::Directive {
public:
    Directive(Formatter& formatter, std::string_view format, std::span<const Value> operands)
        : formatter_(formatter), format_(format), operands_(operands) {}

    void all();

private:
    bool simple();
    void index();
    std::optional<int> star();
    void width();
    void precision();
    void verb();
    void print(char32_t verb);
    void extra();

    Formatter& formatter_;
    std::string_view format_;
    std::span<const Value> operands_;
    std::size_t at_ = 0;
    std::size_t operand_ = 0;
    bool reordered_ = false;
    bool good_index_ = true;
    bool after_index_ = false;
};

void Formatter::Directive::all() {
    while (at_ < format_.size()) {
        const auto percent = std::min(format_.find('%', at_), format_.size());
        formatter_.write(format_.substr(at_, percent - at_));
        at_ = percent;
        if (at_ >= format_.size()) break;
        ++at_;
        good_index_ = true;
        formatter_.flags_ = {};
        if (simple()) continue;
        index();
        width();
        precision();
        if (!after_index_) index();
        if (at_ >= format_.size()) {
            formatter_.write("%!(NOVERB)");
            break;
        }
        verb();
    }
    if (!reordered_ && operand_ < operands_.size()) extra();
    formatter_.flags_ = {};
}

/// Flags, and the verb where it follows at once.
bool Formatter::Directive::simple() {
    Flags& flags = formatter_.flags_;
    for (; at_ < format_.size(); ++at_) {
        const char character = format_[at_];
        switch (character) {
            case '#':
                flags.sharp = true;
                continue;
            case '0':
                flags.zero = true;
                continue;
            case '+':
                flags.plus = true;
                continue;
            case '-':
                flags.minus = true;
                continue;
            case ' ':
                flags.space = true;
                continue;
            default:
                break;
        }
        if (character < 'a' || character > 'z' || operand_ >= operands_.size()) return false;
        ++at_;
        print(static_cast<char32_t>(character));
        return true;
    }
    return false;
}

/// [3]: the operand to go on with.
void Formatter::Directive::index() {
    after_index_ = false;
    if (at_ >= format_.size() || format_[at_] != '[') return;
    reordered_ = true;
    const auto close = format_.find(']', at_);
    if (format_.size() - at_ < 3 || close == std::string_view::npos) {
        ++at_;
        good_index_ = false;
        return;
    }
    std::size_t digits = at_ + 1;
    const auto number = number_at(format_, digits);
    const bool is_number = number && digits == close;
    at_ = close + 1;
    if (is_number && *number >= 1 && static_cast<std::size_t>(*number) <= operands_.size()) {
        operand_ = static_cast<std::size_t>(*number) - 1;
        after_index_ = true;
        return;
    }
    good_index_ = false;
    after_index_ = is_number;
}

/// *: an operand, where it is an integer of a sensible size.
std::optional<int> Formatter::Directive::star() {
    if (operand_ >= operands_.size()) return std::nullopt;
    const Value& value = operands_[operand_++];
    if (!value.is_integer() || std::abs(value.integer()) > largest) return std::nullopt;
    return static_cast<int>(value.integer());
}

void Formatter::Directive::width() {
    Flags& flags = formatter_.flags_;
    if (at_ < format_.size() && format_[at_] == '*') {
        ++at_;
        flags.width = star();
        if (!flags.width) formatter_.write("%!(BADWIDTH)");
        if (flags.width && *flags.width < 0) {
            flags.width = -*flags.width;
            flags.minus = true;
            flags.zero = false;
        }
        after_index_ = false;
        return;
    }
    flags.width = number_at(format_, at_);
    if (after_index_ && flags.width) good_index_ = false;
}

void Formatter::Directive::precision() {
    Flags& flags = formatter_.flags_;
    if (at_ + 1 >= format_.size() || format_[at_] != '.') return;
    ++at_;
    if (after_index_) good_index_ = false;
    index();
    if (at_ < format_.size() && format_[at_] == '*') {
        ++at_;
        flags.precision = star();
        if (flags.precision && *flags.precision < 0) flags.precision.reset();
        if (!flags.precision) formatter_.write("%!(BADPREC)");
        after_index_ = false;
        return;
    }
    flags.precision = number_at(format_, at_).value_or(0);
}

void Formatter::Directive::verb() {
    const Rune found = rune_at(format_, at_);
    at_ += found.size;
    if (found.rune == '%') return formatter_.write("%");
    if (!good_index_ || operand_ >= operands_.size()) {
        std::string complaint = "%!";
        append_rune(complaint, found.rune);
        return formatter_.write(complaint + (good_index_ ? "(MISSING)" : "(BADINDEX)"));
    }
    print(found.rune);
}

void Formatter::Directive::print(char32_t verb) {
    Flags& flags = formatter_.flags_;
    if (verb == 'v' || verb == 'w') {
        flags.sharp_v = std::exchange(flags.sharp, false);
        flags.plus_v = std::exchange(flags.plus, false);
    }
    formatter_.value(operands_[operand_++], verb);
}

void Formatter::Directive::extra() {
    formatter_.flags_ = {};
    formatter_.write("%!(EXTRA ");
    for (std::size_t at = operand_; at < operands_.size(); ++at) {
        if (at > operand_) formatter_.write(", ");
        if (operands_[at].nil()) {
            formatter_.write("<nil>");
            continue;
        }
        formatter_.write(name_of(operands_[at].type()));
        formatter_.write("=");
        formatter_.value(operands_[at], 'v');
    }
    formatter_.write(")");
}

void Formatter::print_format(std::string_view format, std::span<const Value> values) {
    Directive(*this, format, values).all();
}

}  // namespace moontide::templates

#include "template/lexer.hpp"

#include "template/quote.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

constexpr char32_t end_of_text = 0x110000;
constexpr std::string_view left = "{{";
constexpr std::string_view right = "}}";
constexpr std::string_view spaces = " \t\r\n";

constexpr std::pair<std::string_view, Token> keywords[] = {
    {"block", Token::block},
    {"break", Token::break_},
    {"continue", Token::continue_},
    {"define", Token::define},
    {"else", Token::else_},
    {"end", Token::end},
    {"if", Token::if_},
    {"nil", Token::nil},
    {"range", Token::range},
    {"template", Token::template_},
    {"with", Token::with},
};

bool is_blank(char32_t rune) {
    return rune == ' ' || rune == '\t' || rune == '\r' || rune == '\n';
}

bool is_alphanumeric(char32_t rune) {
    return rune == '_' || (rune != end_of_text && (is_letter(rune) || is_digit(rune)));
}

/// "{{- ": the text before loses its spaces at the end.
bool has_left_marker(std::string_view text) {
    return text.size() >= 2 && text[0] == '-' && is_blank(static_cast<unsigned char>(text[1]));
}

/// " -}}".
bool has_right_marker(std::string_view text) {
    return text.size() >= 2 && is_blank(static_cast<unsigned char>(text[0])) && text[1] == '-';
}

std::size_t blanks_before(std::string_view text) {
    const auto last = text.find_last_not_of(spaces);
    return last == std::string_view::npos ? text.size() : text.size() - last - 1;
}

std::size_t blanks_after(std::string_view text) {
    const auto first = text.find_first_not_of(spaces);
    return first == std::string_view::npos ? text.size() : first;
}

enum class Delimiter { none, plain, trimming };

Delimiter delimiter_at(std::string_view text) {
    if (has_right_marker(text) && text.substr(2).starts_with(right)) return Delimiter::trimming;
    return text.starts_with(right) ? Delimiter::plain : Delimiter::none;
}

/// %#U
std::string shown_rune(char32_t rune) {
    std::string shown = fmt::format("U+{:04X}", static_cast<std::uint32_t>(rune));
    if (is_printable(rune)) {
        shown += " '";
        append_rune(shown, rune);
        shown += '\'';
    }
    return shown;
}

}  // namespace

std::string Item::shown() const {
    if (token == Token::end_of_text) return "EOF";
    if (token == Token::error) return text;
    if (token >= Token::block) return "<" + text + ">";
    if (text.size() <= 10) return quoted_text(text);
    std::size_t end = 0;
    for (int runes = 0; runes < 10 && end < text.size(); ++runes) end += rune_at(text, end).size;
    return quoted_text(std::string_view(text).substr(0, end)) + "...";
}

Item Lexer::item(Token token) {
    Item made{token, start_, std::string(text_.substr(start_, at_ - start_)), start_line_};
    ignore();
    return made;
}

Item Lexer::error(const std::string& message) {
    Item made{Token::error, start_, message, start_line_};
    text_ = {};
    at_ = start_ = 0;
    inside_ = false;
    return made;
}

void Lexer::ignore() {
    const auto passed = text_.substr(start_, at_ - start_);
    start_line_ += static_cast<int>(std::ranges::count(passed, '\n'));
    start_ = at_;
}

char32_t Lexer::take() {
    if (at_ >= text_.size()) return end_of_text;
    const Rune found = rune_at(text_, at_);
    at_ += found.size;
    return found.rune;
}

char32_t Lexer::peek() const {
    return at_ >= text_.size() ? end_of_text : rune_at(text_, at_).rune;
}

bool Lexer::accept(std::string_view characters) {
    if (at_ >= text_.size() || characters.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
}

void Lexer::accept_run(std::string_view characters) {
    while (accept(characters)) {
    }
}

bool Lexer::at_terminator() const {
    const char32_t rune = peek();
    return is_blank(rune) || rune == end_of_text || rune == '.' || rune == ',' || rune == '|' || rune == ':' ||
           rune == ')' || rune == '(' || rest().starts_with(right);
}

Item Lexer::next() {
    return inside_ ? inside() : outside();
}

Item Lexer::outside() {
    for (;;) {
        const auto found = text_.find(left, at_);
        if (found == std::string_view::npos) {
            at_ = text_.size();
            return item(at_ > start_ ? Token::text : Token::end_of_text);
        }
        if (found > at_) {
            at_ = found;
            const std::size_t trimmed = has_left_marker(text_.substr(found + left.size()))
                                            ? blanks_before(text_.substr(start_, found - start_))
                                            : 0;
            at_ -= trimmed;
            Item text = item(Token::text);
            at_ += trimmed;
            ignore();
            if (!text.text.empty()) return text;
        }
        const bool marker = has_left_marker(text_.substr(at_ + left.size()));
        const std::size_t behind = at_ + left.size() + (marker ? 2 : 0);
        if (!text_.substr(behind).starts_with("/*")) return left_delimiter();
        at_ = behind;
        ignore();
        const auto closed = text_.find("*/", at_ + 2);
        if (closed == std::string_view::npos) return error("unclosed comment");
        at_ = closed + 2;
        const Delimiter delimiter = delimiter_at(rest());
        if (delimiter == Delimiter::none) return error("comment ends before closing delimiter");
        at_ += delimiter == Delimiter::trimming ? 2 + right.size() : right.size();
        if (delimiter == Delimiter::trimming) at_ += blanks_after(rest());
        ignore();
    }
}

Item Lexer::left_delimiter() {
    at_ += left.size();
    const bool marker = has_left_marker(rest());
    Item made = item(Token::left_delimiter);
    inside_ = true;
    if (marker) at_ += 2;
    ignore();
    parentheses_ = 0;
    return made;
}

Item Lexer::right_delimiter() {
    const bool trimming = delimiter_at(rest()) == Delimiter::trimming;
    if (trimming) {
        at_ += 2;
        ignore();
    }
    at_ += right.size();
    Item made = item(Token::right_delimiter);
    if (trimming) {
        at_ += blanks_after(rest());
        ignore();
    }
    inside_ = false;
    return made;
}

Item Lexer::inside() {
    if (delimiter_at(rest()) != Delimiter::none) {
        return parentheses_ == 0 ? right_delimiter() : error("unclosed left paren");
    }
    const std::size_t before = at_;
    const char32_t rune = take();
    if (rune == end_of_text) return error("unclosed action");
    if (is_blank(rune)) {
        at_ = before;
        return space();
    }
    switch (rune) {
        case '=':
            return item(Token::assign);
        case ':':
            return take() == '=' ? item(Token::declare) : error("expected :=");
        case '|':
            return item(Token::pipe);
        case '"':
            return literal('"', Token::text_literal, "unterminated quoted string");
        case '\'':
            return literal('\'', Token::character_constant, "unterminated character constant");
        case '`':
            return raw_literal();
        case '$':
            return at_terminator() ? item(Token::variable) : field_or_variable(Token::variable);
        case '(':
            ++parentheses_;
            return item(Token::left_parenthesis);
        case ')':
            return --parentheses_ < 0 ? error("unexpected right paren") : item(Token::right_parenthesis);
        default:
            break;
    }
    // A dot can begin a number.
    if (rune == '.' && at_ < text_.size() && (text_[at_] < '0' || text_[at_] > '9'))
        return field_or_variable(Token::field);
    if (rune == '.' || rune == '+' || rune == '-' || (rune >= '0' && rune <= '9')) {
        at_ = before;
        return number();
    }
    if (is_alphanumeric(rune)) {
        at_ = before;
        return word();
    }
    if (rune < 0x80 && is_printable(rune)) return item(Token::character);
    return error("unrecognized character in action: " + shown_rune(rune));
}

Item Lexer::space() {
    std::size_t count = 0;
    for (; is_blank(peek()); ++count) ++at_;
    // The last one may belong to " -}}".
    if (has_right_marker(text_.substr(at_ - 1)) && text_.substr(at_ + 1).starts_with(right)) {
        --at_;
        if (count == 1) return right_delimiter();
    }
    return item(Token::space);
}

Item Lexer::word() {
    while (is_alphanumeric(peek())) take();
    if (!at_terminator()) return error("bad character " + shown_rune(peek()));
    const std::string_view word = text_.substr(start_, at_ - start_);
    const auto* keyword = std::ranges::find(keywords, word, &std::pair<std::string_view, Token>::first);
    if (keyword != std::end(keywords)) return item(keyword->second);
    return item(word == "true" || word == "false" ? Token::boolean : Token::identifier);
}

Item Lexer::field_or_variable(Token token) {
    if (at_terminator()) return item(token == Token::variable ? Token::variable : Token::dot);
    while (is_alphanumeric(peek())) take();
    return at_terminator() ? item(token) : error("bad character " + shown_rune(peek()));
}

Item Lexer::literal(char quote, Token token, const char* unterminated) {
    for (;;) {
        char32_t rune = take();
        if (rune == static_cast<char32_t>(quote)) return item(token);
        if (rune == '\\') {
            rune = take();
            if (rune != end_of_text && rune != '\n') continue;
        }
        if (rune == end_of_text || rune == '\n') return error(unterminated);
    }
}

Item Lexer::raw_literal() {
    const auto end = text_.find('`', at_);
    if (end == std::string_view::npos) return error("unterminated raw quoted string");
    at_ = end + 1;
    return item(Token::raw_text_literal);
}

Item Lexer::number() {
    const auto bad = [&] { return error("bad number syntax: " + quoted_text(text_.substr(start_, at_ - start_))); };
    if (!scan_number()) return bad();
    if (peek() == '+' || peek() == '-') {
        if (!scan_number() || text_[at_ - 1] != 'i') return bad();
    }
    return item(Token::number);
}

bool Lexer::scan_number() {
    accept("+-");
    std::string_view digits = "0123456789_";
    if (accept("0")) {
        if (accept("xX")) {
            digits = "0123456789abcdefABCDEF_";
        } else if (accept("oO")) {
            digits = "01234567_";
        } else if (accept("bB")) {
            digits = "01_";
        }
    }
    accept_run(digits);
    if (accept(".")) accept_run(digits);
    const bool decimal = digits.size() == 11;
    if ((decimal && accept("eE")) || (digits.size() == 23 && accept("pP"))) {
        accept("+-");
        accept_run("0123456789_");
    }
    accept("i");
    if (is_alphanumeric(peek())) {
        take();
        return false;
    }
    return true;
}

}  // namespace moontide::templates

// A template's text as tokens, by the rules of text/template/parse/lex.go: trim markers, comments, keywords.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moontide::templates {

enum class Token {
    error,  ///< its text is the message
    boolean,
    character,
    character_constant,
    assign,
    declare,
    end_of_text,
    field,
    identifier,
    left_delimiter,
    left_parenthesis,
    number,
    pipe,
    raw_text_literal,
    right_delimiter,
    right_parenthesis,
    space,
    text_literal,
    text,
    variable,
    // From here on keywords.
    block,
    break_,
    continue_,
    dot,
    define,
    else_,
    end,
    if_,
    nil,
    range,
    template_,
    with,
};

struct Item {
    Token token = Token::end_of_text;
    std::size_t position = 0;
    std::string text;
    int line = 1;

    /// As errors name it.
    std::string shown() const;
};

class Lexer {
public:
    /// `text` must outlive it.
    explicit Lexer(std::string_view text) : text_(text) {}

    /// After the end and after an error: the end again.
    Item next();

private:
    Item item(Token token);
    Item error(const std::string& message);
    void ignore();
    char32_t take();
    char32_t peek() const;
    bool accept(std::string_view characters);
    void accept_run(std::string_view characters);
    bool at_terminator() const;
    std::string_view rest() const { return text_.substr(at_); }

    Item outside();
    Item left_delimiter();
    Item inside();
    Item right_delimiter();
    Item space();
    Item word();
    Item field_or_variable(Token token);
    Item literal(char quote, Token token, const char* unterminated);
    Item raw_literal();
    Item number();
    bool scan_number();

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;
    int start_line_ = 1;
    int parentheses_ = 0;
    bool inside_ = false;
};

}  // namespace moontide::templates

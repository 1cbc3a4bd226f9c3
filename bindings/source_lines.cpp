#include "bindings/source_lines.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <vector>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// Deeper tables are passed over; Lua itself reads none of more than 200.
constexpr int deepest = 100;

enum class TokenKind { word, text, other };

struct Token {
    TokenKind kind;
    std::string text;  ///< of a text: its content
    int line;
};

/// As much of Lua's lexer as finding table fields takes: comments, texts, long brackets, words, single characters.
class Lexer {
public:
    explicit Lexer(std::string_view text) : text_(text) {}

    std::vector<Token> tokens() {
        // As Lua does, for files that a system runs by such a line.
        if (peek() == '#') at_ = std::min(text_.find('\n'), text_.size());
        while (at_ < text_.size()) next();
        return std::move(tokens_);
    }

private:
    char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

    char take() {
        if (text_[at_] == '\n') ++line_;
        return text_[at_++];
    }

    /// The level of a long bracket here (`[[` is 0), or -1.
    int long_bracket() const {
        if (peek() != '[') return -1;
        std::size_t level = 0;
        while (peek(1 + level) == '=') ++level;
        return peek(1 + level) == '[' ? static_cast<int>(level) : -1;
    }

    std::string long_text(int level) {
        const std::string close = "]" + std::string(static_cast<std::size_t>(level), '=') + "]";
        at_ += static_cast<std::size_t>(level) + 2;
        const std::size_t end = std::min(text_.find(close, at_), text_.size());
        std::string content;
        while (at_ < end) content += take();
        at_ = std::min(at_ + close.size(), text_.size());
        return content;
    }

    std::string quoted_text() {
        const char quote = take();
        std::string content;
        while (at_ < text_.size() && peek() != quote && peek() != '\n') {
            if (peek() == '\\' && at_ + 1 < text_.size()) take();
            content += take();
        }
        if (at_ < text_.size()) take();
        return content;
    }

    void comment() {
        at_ += 2;
        const int level = long_bracket();
        if (level >= 0) {
            long_text(level);
        } else {
            while (at_ < text_.size() && peek() != '\n') ++at_;
        }
    }

    void next() {
        const char character = peek();
        const int line = line_;
        const auto is_word = [](char one) { return std::isalnum(static_cast<unsigned char>(one)) || one == '_'; };
        if (character == '-' && peek(1) == '-') {
            comment();
        } else if (character == '"' || character == '\'') {
            tokens_.push_back({TokenKind::text, quoted_text(), line});
        } else if (const int level = long_bracket(); level >= 0) {
            tokens_.push_back({TokenKind::text, long_text(level), line});
        } else if (is_word(character)) {
            std::string word;
            while (at_ < text_.size() && is_word(peek())) word += take();
            tokens_.push_back({TokenKind::word, std::move(word), line});
        } else if (std::isspace(static_cast<unsigned char>(character))) {
            take();
        } else if ((character == '=' || character == '~' || character == '<' || character == '>') && peek(1) == '=') {
            at_ += 2;
            tokens_.push_back({TokenKind::other, "compare", line});
        } else {
            tokens_.push_back({TokenKind::other, std::string(1, take()), line});
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    int line_ = 1;
    std::vector<Token> tokens_;
};

/// Walks over the fields of a table constructor.
class Fields {
public:
    Fields(const std::vector<Token>& tokens, std::map<std::string, int>& lines) : tokens_(tokens), lines_(lines) {}

    /// `at` is behind the opening brace; returns what is behind the closing one.
    std::size_t table(std::size_t at, const std::string& path, int depth = 1) {
        std::size_t position = 0;
        while (at < tokens_.size() && !is(at, "}")) {
            if (is(at, ",") || is(at, ";")) {
                ++at;
                continue;
            }
            const auto begin = at;
            const int line = tokens_[at].line;
            std::string field;
            if (tokens_[at].kind == TokenKind::word && is(at + 1, "=")) {
                field = joined(path, tokens_[at].text);
                at += 2;
            } else if (is(at, "[")) {
                const bool plain =
                    at + 2 < tokens_.size() && tokens_[at + 1].kind == TokenKind::text && is(at + 2, "]");
                field = joined(path, plain ? tokens_[at + 1].text : "?");
                at = expression(at + 1, "]") + 1;
                if (is(at, "=")) ++at;
            } else {
                field = joined(path, ++position);
            }
            lines_.emplace(field, line);
            if (is(at, "{") && depth < deepest) at = table(at + 1, field, depth + 1);
            at = expression(at, "}");
            if (at == begin) ++at;  // what closes here was never opened
        }
        return at + 1;
    }

private:
    bool is(std::size_t at, std::string_view text) const {
        return at < tokens_.size() && tokens_[at].kind != TokenKind::text && tokens_[at].text == text;
    }

    /// Passes over an expression, functions and all, up to what ends the field.
    std::size_t expression(std::size_t at, std::string_view end) const {
        int nested = 0;
        for (; at < tokens_.size(); ++at) {
            if (nested == 0 && (is(at, ",") || is(at, ";") || is(at, end))) return at;
            if (is(at, "(") || is(at, "[") || is(at, "{") || is(at, "function") || is(at, "do") || is(at, "if") ||
                is(at, "repeat")) {
                ++nested;
            } else if (is(at, ")") || is(at, "]") || is(at, "}") || is(at, "end") || is(at, "until")) {
                if (nested == 0) return at;
                --nested;
            }
        }
        return at;
    }

    const std::vector<Token>& tokens_;
    std::map<std::string, int>& lines_;
};

bool is_plain_word(std::string_view key) {
    return !key.empty() && std::ranges::all_of(key, [](char character) {
        return std::isalnum(static_cast<unsigned char>(character)) || character == '_' || character == '-';
    });
}

}  // namespace

std::string joined(const std::string& path, std::string_view key) {
    if (path.empty()) return std::string(key);
    return is_plain_word(key) ? fmt::format("{}.{}", path, key) : fmt::format("{}['{}']", path, key);
}

std::string joined(const std::string& path, std::size_t position) {
    return fmt::format("{}[{}]", path, position);
}

SourceLines::SourceLines(std::string_view text) {
    const std::vector<Token> tokens = Lexer(text).tokens();
    const auto is = [&](std::size_t at, std::string_view word) {
        return at < tokens.size() && tokens[at].kind != TokenKind::text && tokens[at].text == word;
    };
    // The file's own return is its last statement, so the last one that a table or a single name follows.
    for (std::size_t at = tokens.size(); at-- > 0;) {
        if (!is(at, "return")) continue;
        returned_ = tokens[at].line;
        std::size_t begin = at + 1;
        if (begin < tokens.size() && tokens[begin].kind == TokenKind::word && begin + 1 == tokens.size()) {
            const std::string& name = tokens[begin].text;
            for (begin = 0; begin < at && !(is(begin, name) && is(begin + 1, "=") && is(begin + 2, "{"));) ++begin;
            begin += 2;
        }
        if (is(begin, "{")) Fields(tokens, lines_).table(begin + 1, "");
        if (!lines_.empty()) return;
    }
}

int SourceLines::line(std::string path) const {
    while (!path.empty()) {
        const auto found = lines_.find(path);
        if (found != lines_.end()) return found->second;
        const std::size_t cut = path.find_last_of(".[");
        if (cut == std::string::npos) break;
        path.resize(cut);
    }
    return returned_;
}

}  // namespace moontide::bindings

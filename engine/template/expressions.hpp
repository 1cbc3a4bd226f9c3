// Pipelines, commands and operands of one template, read from the tokens, with the look-ahead and the messages of
// text/template/parse/parse.go. The base of Parser, which reads what stands around them.
#pragma once

#include "template/lexer.hpp"
#include "template/tree.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::templates {

/// What the templates of one text share.
struct Shared {
    std::string name;
    Lexer lexer;
    Trees trees;
    std::size_t depth = 0;
};

/// Looks ahead and knows variables for one template only, as in Go, so that lines in messages agree.
class Expressions {
protected:
    explicit Expressions(Shared& shared) : shared_(shared) {}

    [[noreturn]] void failed(const std::string& message) const;
    [[noreturn]] void unexpected(const Item& item, std::string_view context) const;

    Item next();
    Item peek();
    Item next_non_space();
    Item peek_non_space();
    void back() { ++ahead_; }
    void back(Item first);
    void back(Item first, Item second);
    void expect(Token token, std::string_view context);

    Pipe pipeline(std::string_view context, Token end);

    /// A level of branches or parentheses, as long as it lives.
    class Nested {
    public:
        explicit Nested(Expressions& expressions);
        ~Nested() { --depth_; }
        Nested(const Nested&) = delete;
        Nested& operator=(const Nested&) = delete;

    private:
        std::size_t& depth_;
    };

    Shared& shared_;
    std::vector<std::string> variables_{"$"};
    int action_line_ = 0;

private:
    void declarations(Pipe& pipe, std::string_view context);
    void check(const Pipe& pipe, std::string_view context) const;
    Command command();
    std::optional<Operand> operand();
    std::optional<Operand> term();
    Variable variable(std::string_view text) const;

    std::array<Item, 3> items_;
    std::size_t ahead_ = 0;
};

}  // namespace moontide::templates

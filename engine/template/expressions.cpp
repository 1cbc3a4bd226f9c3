#include "template/expressions.hpp"

#include "template/budget.hpp"
#include "template/failure.hpp"
#include "template/functions.hpp"
#include "template/number.hpp"
#include "template/quote.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

/// ".a.b" and "$x.a": the names, without dots.
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> names;
    for (;;) {
        const auto dot = text.find('.');
        names.emplace_back(text.substr(0, dot));
        if (dot == std::string_view::npos) return names;
        text.remove_prefix(dot + 1);
    }
}

}  // namespace

Expressions::Nested::Nested(Expressions& expressions) : depth_(expressions.shared_.depth) {
    // Without its object there is no destructor that takes it back, and none is needed: the parse ends.
    if (++depth_ > deepest_nesting) expressions.failed(fmt::format("nested deeper than {}", deepest_nesting));
}

void Expressions::failed(const std::string& message) const {
    throw Failure(fmt::format("template: {}:{}: {}", shared_.name, items_[0].line, message));
}

void Expressions::unexpected(const Item& item, std::string_view context) const {
    if (item.token != Token::error) failed(fmt::format("unexpected {} in {}", item.shown(), context));
    std::string extra;
    if (action_line_ != 0 && action_line_ != item.line) {
        extra = fmt::format(" in action started at {}:{}", shared_.name, action_line_);
        // Not "action in action".
        if (item.text.ends_with(" action")) extra = extra.substr(std::string_view(" in action").size());
    }
    failed(item.shown() + extra);
}

Item Expressions::next() {
    if (ahead_ > 0) {
        --ahead_;
    } else {
        items_[0] = shared_.lexer.next();
    }
    return items_[ahead_];
}

Item Expressions::peek() {
    if (ahead_ > 0) return items_[ahead_ - 1];
    ahead_ = 1;
    items_[0] = shared_.lexer.next();
    return items_[0];
}

Item Expressions::next_non_space() {
    for (;;) {
        Item item = next();
        if (item.token != Token::space) return item;
    }
}

Item Expressions::peek_non_space() {
    Item item = next_non_space();
    back();
    return item;
}

void Expressions::back(Item first) {
    items_[1] = std::move(first);
    ahead_ = 2;
}

void Expressions::back(Item first, Item second) {
    items_[1] = std::move(second);
    items_[2] = std::move(first);
    ahead_ = 3;
}

void Expressions::expect(Token token, std::string_view context) {
    const Item item = next_non_space();
    if (item.token != token) unexpected(item, context);
}

void Expressions::declarations(Pipe& pipe, std::string_view context) {
    for (;;) {
        const Item variable = peek_non_space();
        if (variable.token != Token::variable) return;
        next();
        const Item after = peek();
        const Item following = peek_non_space();
        if (following.token == Token::assign || following.token == Token::declare) {
            pipe.assigns = following.token == Token::assign;
            next_non_space();
            pipe.variables.push_back(variable.text);
            variables_.push_back(variable.text);
            return;
        }
        if (following.token == Token::character && following.text == ",") {
            next_non_space();
            pipe.variables.push_back(variable.text);
            variables_.push_back(variable.text);
            if (context != "range" || pipe.variables.size() >= 2)
                failed(fmt::format("too many declarations in {}", context));
            const Token then = peek_non_space().token;
            if (then != Token::variable && then != Token::right_delimiter && then != Token::right_parenthesis)
                failed("range can only initialize variables");
            continue;
        }
        if (after.token == Token::space) {
            back(variable, after);
        } else {
            back(variable);
        }
        return;
    }
}

Pipe Expressions::pipeline(std::string_view context, Token end) {
    Pipe pipe;
    pipe.position = peek_non_space().position;
    declarations(pipe, context);
    for (;;) {
        const Item item = next_non_space();
        if (item.token == end) {
            check(pipe, context);
            return pipe;
        }
        switch (item.token) {
            case Token::boolean:
            case Token::character_constant:
            case Token::dot:
            case Token::field:
            case Token::identifier:
            case Token::number:
            case Token::nil:
            case Token::raw_text_literal:
            case Token::text_literal:
            case Token::variable:
            case Token::left_parenthesis:
                back();
                pipe.commands.push_back(command());
                break;
            default:
                unexpected(item, context);
        }
    }
}

void Expressions::check(const Pipe& pipe, std::string_view context) const {
    if (pipe.commands.empty()) failed(fmt::format("missing value for {}", context));
    for (std::size_t at = 1; at < pipe.commands.size(); ++at) {
        const auto& first = pipe.commands[at].words.front().is;
        if (std::holds_alternative<bool>(first) || std::holds_alternative<Dot>(first) ||
            std::holds_alternative<Nil>(first) || std::holds_alternative<Number>(first) ||
            std::holds_alternative<Literal>(first)) {
            failed(fmt::format("non executable command in pipeline stage {}", at + 1));
        }
    }
}

Command Expressions::command() {
    Command made;
    made.position = peek_non_space().position;
    for (;;) {
        peek_non_space();
        if (auto word = operand()) made.words.push_back(std::move(*word));
        const Item item = next();
        if (item.token == Token::space) continue;
        if (item.token == Token::right_delimiter || item.token == Token::right_parenthesis) {
            back();
        } else if (item.token != Token::pipe) {
            unexpected(item, "operand");
        }
        break;
    }
    if (made.words.empty()) failed("empty command");
    return made;
}

std::optional<Operand> Expressions::operand() {
    auto node = term();
    if (!node || peek().token != Token::field) return node;
    const std::size_t position = peek().position;
    std::vector<std::string> names;
    while (peek().token == Token::field) names.push_back(next().text.substr(1));
    const auto append = [&](std::vector<std::string>& to) {
        to.insert(to.end(), names.begin(), names.end());
        node->position = position;
    };
    if (auto* field = std::get_if<Field>(&node->is)) {
        append(field->names);
    } else if (auto* variable = std::get_if<Variable>(&node->is)) {
        append(variable->names);
    } else if (std::holds_alternative<Function>(node->is) || std::holds_alternative<Parenthesized>(node->is)) {
        Operand chained{position, Chain{std::make_unique<Operand>(std::move(*node)), std::move(names)}};
        return chained;
    } else {
        failed(fmt::format("unexpected . after term {}", quoted_text(print(*node))));
    }
    return node;
}

Variable Expressions::variable(std::string_view text) const {
    Variable made{split(text)};
    if (std::ranges::find(variables_, made.names.front()) == variables_.end())
        failed(fmt::format("undefined variable {}", quoted_text(made.names.front())));
    return made;
}

std::optional<Operand> Expressions::term() {
    const Item item = next_non_space();
    Operand made;
    made.position = item.position;
    switch (item.token) {
        case Token::identifier:
            if (!find_function(item.text)) failed(fmt::format("function {} not defined", quoted_text(item.text)));
            made.is = Function{item.text};
            return made;
        case Token::dot:
            made.is = Dot{};
            return made;
        case Token::nil:
            made.is = Nil{};
            return made;
        case Token::variable:
            made.is = variable(item.text);
            return made;
        case Token::field:
            made.is = Field{split(std::string_view(item.text).substr(1))};
            return made;
        case Token::boolean:
            made.is = item.text == "true";
            return made;
        case Token::character_constant:
        case Token::number:
            try {
                made.is = parse_number(item.text);
            } catch (const CallFailure& failure) {
                failed(failure.what());
            }
            return made;
        case Token::left_parenthesis: {
            const Nested nested(*this);
            made.is = std::make_unique<Pipe>(pipeline("parenthesized pipeline", Token::right_parenthesis));
            // As in Go, where the parentheses' node is their pipeline's.
            made.position = std::get<Parenthesized>(made.is)->position;
            return made;
        }
        case Token::text_literal:
        case Token::raw_text_literal: {
            auto text = unquoted(item.text);
            if (!text) failed("invalid syntax");
            made.is = Literal{item.text, std::move(*text)};
            return made;
        }
        default:
            back();
            return std::nullopt;
    }
}

}  // namespace moontide::templates

#include "template/parser.hpp"

#include "template/budget.hpp"
#include "template/expressions.hpp"
#include "template/failure.hpp"
#include "template/quote.hpp"

#include <memory>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

/// One template of the text: the text's own, or what a define or block has.
class Parser : Expressions {
public:
    Parser(Shared& shared, std::string name) : Expressions(shared), name_(std::move(name)) {}

    void whole();

private:
    /// Why a list of nodes ended.
    enum class Stop { end, otherwise };
    /// A node, or the {{end}} or {{else}} that came instead.
    using Part = std::variant<Node, Stop>;

    std::string template_name(const Item& item, std::string_view context);
    void define();
    void add(List root);
    std::pair<List, Stop> list();
    Part text_or_action();
    Part action();
    Node branch(Control control);
    Node leave(const Item& item, bool breaks);
    Stop otherwise();
    Node block();
    Node call();

    std::string name_;
    int ranges_ = 0;
};

std::string_view word(Control control) {
    return control == Control::condition ? "if" : control == Control::range ? "range" : "with";
}

void Parser::whole() {
    List root;
    while (peek().token != Token::end_of_text) {
        if (peek().token == Token::left_delimiter) {
            const Item delimiter = next();
            if (next_non_space().token == Token::define) {
                Parser(shared_, "definition").define();
                continue;
            }
            back(delimiter);
        }
        Part part = text_or_action();
        if (const auto* stop = std::get_if<Stop>(&part))
            failed(fmt::format("unexpected {{{{{}}}}}", *stop == Stop::end ? "end" : "else"));
        root.nodes.push_back(std::get<Node>(std::move(part)));
    }
    add(std::move(root));
}

void Parser::define() {
    constexpr std::string_view context = "define clause";
    name_ = template_name(next_non_space(), context);
    expect(Token::right_delimiter, context);
    auto [root, stop] = list();
    if (stop != Stop::end) failed(fmt::format("unexpected {{{{else}}}} in {}", context));
    add(std::move(root));
}

void Parser::add(List root) {
    const auto there = shared_.trees.find(name_);
    if (there == shared_.trees.end() || empty(there->second)) {
        shared_.trees[name_] = std::move(root);
    } else if (!empty(root)) {
        failed(fmt::format("template: multiple definition of template {}", quoted_text(name_)));
    }
}

std::pair<List, Parser::Stop> Parser::list() {
    List made;
    while (peek_non_space().token != Token::end_of_text) {
        Part part = text_or_action();
        if (const auto* stop = std::get_if<Stop>(&part)) return {std::move(made), *stop};
        made.nodes.push_back(std::get<Node>(std::move(part)));
    }
    failed("unexpected EOF");
}

Parser::Part Parser::text_or_action() {
    const Item item = next_non_space();
    if (item.token == Token::text) return Node{item.position, Text{item.text}};
    if (item.token != Token::left_delimiter) unexpected(item, "input");
    action_line_ = item.line;
    Part part = action();
    action_line_ = 0;
    return part;
}

Parser::Part Parser::action() {
    const Item item = next_non_space();
    switch (item.token) {
        case Token::block:
            return block();
        case Token::break_:
            return leave(item, true);
        case Token::continue_:
            return leave(item, false);
        case Token::else_:
            return otherwise();
        case Token::end:
            expect(Token::right_delimiter, "end");
            return Stop::end;
        case Token::if_:
            return branch(Control::condition);
        case Token::range:
            return branch(Control::range);
        case Token::template_:
            return call();
        case Token::with:
            return branch(Control::with);
        default:
            break;
    }
    back();
    const std::size_t position = peek().position;
    return Node{position, Action{pipeline("command", Token::right_delimiter)}};
}

Node Parser::leave(const Item& item, bool breaks) {
    const std::string shown = breaks ? "{{break}}" : "{{continue}}";
    const Item after = next_non_space();
    if (after.token != Token::right_delimiter) unexpected(after, shown);
    if (ranges_ == 0) failed(shown + " outside {{range}}");
    Node node{item.position, Break{}};
    if (!breaks) node.is = Continue{};
    return node;
}

Parser::Stop Parser::otherwise() {
    const Token token = peek_non_space().token;
    // What follows is read by branch().
    if (token != Token::if_ && token != Token::with) expect(Token::right_delimiter, "else");
    return Stop::otherwise;
}

Node Parser::branch(Control control) {
    const Nested nested(*this);
    const std::size_t known = variables_.size();
    Branch made{control, pipeline(word(control), Token::right_delimiter), {}, nullptr};
    if (control == Control::range) ++ranges_;
    auto [nodes, stop] = list();
    if (control == Control::range) --ranges_;
    made.list = std::move(nodes);
    if (stop == Stop::otherwise) {
        made.otherwise = std::make_unique<List>();
        const Token token = peek().token;
        if ((control == Control::condition && token == Token::if_) ||
            (control == Control::with && token == Token::with)) {
            next();
            made.otherwise->nodes.push_back(branch(control));
        } else {
            auto [other, last] = list();
            if (last != Stop::end) failed("expected end; found {{else}}");
            *made.otherwise = std::move(other);
        }
    }
    variables_.resize(known);
    const std::size_t position = made.pipe.position;
    return Node{position, std::move(made)};
}

std::string Parser::template_name(const Item& item, std::string_view context) {
    if (item.token != Token::text_literal && item.token != Token::raw_text_literal) unexpected(item, context);
    auto name = unquoted(item.text);
    if (!name) failed("invalid syntax");
    return *name;
}

Node Parser::block() {
    constexpr std::string_view context = "block clause";
    const Nested nested(*this);
    const Item item = next_non_space();
    const std::string name = template_name(item, context);
    auto pipe = std::make_unique<Pipe>(pipeline(context, Token::right_delimiter));
    Parser inner(shared_, name);
    auto [root, stop] = inner.list();
    if (stop != Stop::end) failed(fmt::format("unexpected {{{{else}}}} in {}", context));
    inner.add(std::move(root));
    return Node{item.position, Call{name, std::move(pipe)}};
}

Node Parser::call() {
    constexpr std::string_view context = "template clause";
    const Item item = next_non_space();
    Call made{template_name(item, context), nullptr};
    if (next_non_space().token != Token::right_delimiter) {
        back();
        made.pipe = std::make_unique<Pipe>(pipeline(context, Token::right_delimiter));
    }
    return Node{item.position, std::move(made)};
}

}  // namespace

Trees parse(const std::string& name, std::string_view text) {
    Shared shared{name, Lexer(text), {}, 0};
    if (text.size() > longest_template)
        throw Failure(fmt::format("template: {}: longer than {} MiB", name, longest_template >> 20));
    Parser(shared, name).whole();
    return std::move(shared.trees);
}

}  // namespace moontide::templates

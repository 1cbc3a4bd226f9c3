// A parsed template: what text/template/parse makes of a text. Positions are bytes from the text's begin.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace moontide::templates {

struct Pipe;
struct Operand;

struct Dot {};
struct Nil {};
/// What an ideal constant can be: Go keeps all that hold its value.
struct Number {
    std::string text;
    bool is_integer = false;
    bool is_unsigned = false;
    bool is_real = false;
    std::int64_t integer = 0;
    double real = 0;
};
struct Literal {
    std::string quoted;
    std::string text;
};
/// .a.b
struct Field {
    std::vector<std::string> names;
};
/// $x.a.b; the first name has its $.
struct Variable {
    std::vector<std::string> names;
};
struct Function {
    std::string name;
};
/// (...).a.b
struct Chain {
    std::unique_ptr<Operand> base;
    std::vector<std::string> names;
};
using Parenthesized = std::unique_ptr<Pipe>;

struct Operand {
    std::size_t position = 0;
    std::variant<Dot, Nil, bool, Number, Literal, Field, Variable, Function, Chain, Parenthesized> is;
};

/// One stage of a pipeline: a word and its arguments.
struct Command {
    std::size_t position = 0;
    std::vector<Operand> words;
};

struct Pipe {
    std::size_t position = 0;
    bool assigns = false;  ///< = rather than :=
    std::vector<std::string> variables;
    std::vector<Command> commands;
};

struct Node;
struct List {
    std::vector<Node> nodes;
};

struct Text {
    std::string text;
};
struct Action {
    Pipe pipe;
};
enum class Control { condition, range, with };
struct Branch {
    Control control;
    Pipe pipe;
    List list;
    std::unique_ptr<List> otherwise;
};
struct Call {
    std::string name;
    std::unique_ptr<Pipe> pipe;
};
struct Break {};
struct Continue {};

struct Node {
    std::size_t position = 0;
    std::variant<Text, Action, Branch, Call, Break, Continue> is;
};

/// Templates by their names, the text's own among them.
using Trees = std::map<std::string, List>;

/// As Go's errors name them: `{{if .a}}x{{else}}y{{end}}`.
std::string print(const Operand& operand);
std::string print(const Command& command);
std::string print(const Pipe& pipe);
std::string print(const Node& node);
std::string print(const List& list);

/// Nothing but spaces.
bool empty(const List& list);

}  // namespace moontide::templates

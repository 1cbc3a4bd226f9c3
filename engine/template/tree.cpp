#include "template/tree.hpp"

#include "template/quote.hpp"
#include "template/unicode.hpp"

#include <algorithm>
#include <string_view>

namespace moontide::templates {
namespace {

class Printer {
public:
    void operator()(const Dot&) { out_ += '.'; }
    void operator()(const Nil&) { out_ += "nil"; }
    void operator()(bool value) { out_ += value ? "true" : "false"; }
    void operator()(const Number& number) { out_ += number.text; }
    void operator()(const Literal& literal) { out_ += literal.quoted; }
    void operator()(const Field& field) { names(field.names); }
    void operator()(const Variable& variable) {
        out_ += variable.names.front();
        names(std::vector<std::string>(variable.names.begin() + 1, variable.names.end()));
    }
    void operator()(const Function& function) { out_ += function.name; }
    void operator()(const Chain& chain) {
        (*this)(*chain.base, true);
        names(chain.names);
    }
    void operator()(const Parenthesized& pipe) { (*this)(*pipe); }

    void operator()(const Operand& operand, bool in_parentheses) {
        const bool pipe = in_parentheses && std::holds_alternative<Parenthesized>(operand.is);
        if (pipe) out_ += '(';
        std::visit(*this, operand.is);
        if (pipe) out_ += ')';
    }
    void operator()(const Command& command) {
        for (std::size_t at = 0; at < command.words.size(); ++at) {
            if (at > 0) out_ += ' ';
            (*this)(command.words[at], true);
        }
    }
    void operator()(const Pipe& pipe) {
        for (std::size_t at = 0; at < pipe.variables.size(); ++at) {
            if (at > 0) out_ += ", ";
            out_ += pipe.variables[at];
        }
        if (!pipe.variables.empty()) out_ += pipe.assigns ? " = " : " := ";
        for (std::size_t at = 0; at < pipe.commands.size(); ++at) {
            if (at > 0) out_ += " | ";
            (*this)(pipe.commands[at]);
        }
    }

    void operator()(const Text& text) { out_ += text.text; }
    void operator()(const Action& action) {
        out_ += "{{";
        (*this)(action.pipe);
        out_ += "}}";
    }
    void operator()(const Branch& branch) {
        out_ += branch.control == Control::condition ? "{{if "
                : branch.control == Control::range   ? "{{range "
                                                     : "{{with ";
        (*this)(branch.pipe);
        out_ += "}}";
        (*this)(branch.list);
        if (branch.otherwise) {
            out_ += "{{else}}";
            (*this)(*branch.otherwise);
        }
        out_ += "{{end}}";
    }
    void operator()(const Call& call) {
        out_ += "{{template " + quoted_text(call.name);
        if (call.pipe) {
            out_ += ' ';
            (*this)(*call.pipe);
        }
        out_ += "}}";
    }
    void operator()(const Break&) { out_ += "{{break}}"; }
    void operator()(const Continue&) { out_ += "{{continue}}"; }
    void operator()(const Node& node) { std::visit(*this, node.is); }
    void operator()(const List& list) {
        for (const Node& node : list.nodes) (*this)(node);
    }

    std::string take() { return std::move(out_); }

private:
    void names(const std::vector<std::string>& all) {
        for (const std::string& name : all) out_ += "." + name;
    }

    std::string out_;
};

template <typename Part>
std::string printed(const Part& part) {
    Printer printer;
    printer(part);
    return printer.take();
}

bool blank(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const Rune found = rune_at(text, at);
        if (!is_space(found.rune)) return false;
        at += found.size;
    }
    return true;
}

}  // namespace

std::string print(const Operand& operand) {
    Printer printer;
    printer(operand, false);
    return printer.take();
}
std::string print(const Command& command) {
    return printed(command);
}
std::string print(const Pipe& pipe) {
    return printed(pipe);
}
std::string print(const Node& node) {
    return printed(node);
}
std::string print(const List& list) {
    return printed(list);
}

bool empty(const List& list) {
    return std::ranges::all_of(list.nodes, [](const Node& node) {
        const auto* text = std::get_if<Text>(&node.is);
        return text && blank(text->text);
    });
}

}  // namespace moontide::templates

#include "template/evaluation.hpp"

#include "template/quote.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

namespace moontide::templates {

std::string shown_name(std::string_view name) {
    return quoted_text(name);
}

void Evaluation::failed(const std::string& message) const {
    const std::string_view before = input_.text.substr(0, at_->position);
    const auto line_break = before.rfind('\n');
    const std::size_t column = line_break == std::string_view::npos ? before.size() : before.size() - line_break - 1;
    const std::string node = std::visit([](const auto* what) { return print(*what); }, at_->what);
    throw Failure(fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", input_.name,
                              1 + std::ranges::count(before, '\n'), column, quoted_text(name_), node, message));
}

Evaluation::Level::Level(Evaluation& evaluation) : depth_(evaluation.depth_) {
    if (depth_ >= evaluation.meter_.deepest())
        evaluation.failed(fmt::format("exceeded maximum depth ({})", evaluation.meter_.deepest()));
    ++depth_;
}

void Evaluation::assign(const std::string& name, const Value& value) {
    for (Named& variable : std::views::reverse(variables_)) {
        if (variable.name != name) continue;
        variable.value = value;
        return;
    }
    failed("undefined variable: " + name);
}

Value Evaluation::variable(const std::string& name) const {
    for (const Named& variable : std::views::reverse(variables_)) {
        if (variable.name == name) return variable.value;
    }
    failed("undefined variable: " + name);
}

Value Evaluation::pipeline(const Value& dot, const Pipe& pipe) {
    at(pipe);
    Final value;
    for (const Command& stage : pipe.commands) value = command(dot, stage, value).unboxed();
    for (const std::string& name : pipe.variables) {
        if (pipe.assigns) {
            assign(name, *value);
        } else {
            push(name, *value);
        }
    }
    return *value;
}

void Evaluation::not_a_function(std::span<const Operand> words, const Final& final) const {
    if (words.size() > 1 || final) failed("can't give argument to non-function " + print(words.front()));
}

Value Evaluation::command(const Value& dot, const Command& command, const Final& final) {
    guarded([&] { meter_.step(); });
    const Operand& first = command.words.front();
    if (std::holds_alternative<Function>(first.is))
        return call(dot, first, &command, std::span(command.words).subspan(1), final);
    if (const auto* pipe = std::get_if<Parenthesized>(&first.is)) {
        not_a_function(command.words, final);
        const auto level = deeper();
        return pipeline(dot, **pipe);
    }
    if (std::holds_alternative<Field>(first.is) || std::holds_alternative<Variable>(first.is) ||
        std::holds_alternative<Chain>(first.is)) {
        return selected(dot, first, command.words, final);
    }
    at(first);
    not_a_function(command.words, final);
    if (const auto* value = std::get_if<bool>(&first.is)) return Value::of(*value);
    if (std::holds_alternative<Dot>(first.is)) return dot;
    if (const auto* number = std::get_if<Number>(&first.is)) return constant(*number);
    if (const auto* text = std::get_if<Literal>(&first.is)) return Value::of(text->text);
    failed("nil is not a command");
}

Value Evaluation::constant(const Number& number) const {
    const std::string& text = number.text;
    const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
                             text.find_first_of("pP") == std::string::npos;
    if (number.is_real && !hexadecimal && text.front() != '\'' && text.find_first_of(".eEpP") != std::string::npos)
        return Value::of(number.real);
    if (number.is_integer) return Value::of_integer(number.integer);
    failed(text + " overflows int");
}

Value Evaluation::chained(const Value& dot, const Operand& operand) {
    const auto& chain = std::get<Chain>(operand.is);
    at(operand);
    const auto level = deeper();
    if (std::holds_alternative<Function>(chain.base->is)) {
        at(*chain.base);
        return call(dot, *chain.base, nullptr, {}, std::nullopt);
    }
    at(*chain.base);
    return pipeline(dot, *std::get<Parenthesized>(chain.base->is));
}

Value Evaluation::selected(const Value& dot, const Operand& operand, std::span<const Operand> words,
                           const Final& final) {
    at(operand);
    const bool has_arguments = words.size() > 1 || final;
    if (const auto* named = std::get_if<Field>(&operand.is)) return fields(dot, named->names, has_arguments);
    if (const auto* named = std::get_if<Variable>(&operand.is)) {
        Value value = variable(named->names.front());
        if (named->names.size() > 1) return fields(value, std::span(named->names).subspan(1), has_arguments);
        not_a_function(words, final);
        return value;
    }
    const Value base = chained(dot, operand);
    return fields(base, std::get<Chain>(operand.is).names, has_arguments);
}

Value Evaluation::fields(Value receiver, std::span<const std::string> names, bool has_arguments) const {
    for (std::size_t index = 0; index < names.size(); ++index)
        receiver = field(receiver, names[index], has_arguments && index + 1 == names.size());
    return receiver;
}

Value Evaluation::field(const Value& receiver, const std::string& name, bool has_arguments) const {
    if (!receiver.valid()) {
        if (input_.missing_key == MissingKey::error) failed("nil data; no entry for key " + quoted_text(name));
        return {};
    }
    if (receiver.nil()) failed(fmt::format("nil pointer evaluating interface {{}}.{}", name));
    if (!receiver.is_map()) failed(fmt::format("can't evaluate field {} in type {}", name, receiver.static_type()));
    if (has_arguments) failed(name + " is not a method but has arguments");
    Value found = receiver.at(name);
    if (!found.valid() && input_.missing_key == MissingKey::error)
        failed("map has no entry for key " + quoted_text(name));
    return found;
}

Value Evaluation::call(const Value& dot, const Operand& function, const Command* command,
                       std::span<const Operand> arguments, const Final& final) {
    at(function);
    const std::string& name = std::get<Function>(function.is).name;
    // The parser has seen that there is one.
    const Signature& signature = *find_function(name);
    const std::size_t count = arguments.size() + (final ? 1 : 0);
    if (signature.variadic && count < signature.fixed())
        failed(fmt::format("wrong number of args for {}: want at least {} got {}", name, signature.fixed(),
                           arguments.size()));
    if (!signature.variadic && count != signature.fixed())
        failed(fmt::format("wrong number of args for {}: want {} got {}", name, signature.fixed(), count));
    if (!signature.body) return first_decisive(dot, name == "or", arguments, final);
    std::vector<Value> values;
    values.reserve(count);
    for (std::size_t index = 0; index < arguments.size(); ++index)
        values.push_back(argument(dot, signature.parameter(index), arguments[index]));
    if (final) values.push_back(checked(*final, signature.parameter(count - 1)));
    const auto place = [&] {
        if (command) {
            at(*command);
        } else {
            at(function);
        }
    };
    try {
        return signature.body(meter_, values);
    } catch (const CallFailure& failure) {
        place();
        failed(fmt::format("error calling {}: {}", name, failure.what()));
    } catch (const Exhausted& exhausted) {
        place();
        failed(fmt::format("error calling {}: {}", name, exhausted.what()));
    }
}

Value Evaluation::first_decisive(const Value& dot, bool decisive, std::span<const Operand> arguments,
                                 const Final& final) {
    Value value;
    for (const Operand& operand : arguments) {
        value = argument(dot, Parameter::reflected, operand);
        if (value.truth() == decisive) return value;
    }
    return final ? *final : value;
}

Value Evaluation::argument(const Value& dot, Parameter parameter, const Operand& operand) {
    at(operand);
    if (std::holds_alternative<Dot>(operand.is)) return checked(dot, parameter);
    if (std::holds_alternative<Nil>(operand.is)) {
        if (parameter == Parameter::text || parameter == Parameter::integer || parameter == Parameter::boolean)
            failed(fmt::format("cannot assign nil to {}", name_of(parameter)));
        return parameter == Parameter::any ? Value::null() : Value();
    }
    if (std::holds_alternative<Field>(operand.is) || std::holds_alternative<Variable>(operand.is) ||
        std::holds_alternative<Chain>(operand.is)) {
        return checked(selected(dot, operand, std::span(&operand, 1), std::nullopt), parameter);
    }
    if (const auto* pipe = std::get_if<Parenthesized>(&operand.is)) {
        const auto level = deeper();
        return checked(pipeline(dot, **pipe), parameter);
    }
    if (std::holds_alternative<Function>(operand.is))
        return checked(call(dot, operand, nullptr, {}, std::nullopt), parameter);
    return literal(parameter, operand);
}

Value Evaluation::literal(Parameter parameter, const Operand& operand) const {
    const auto* boolean = std::get_if<bool>(&operand.is);
    const auto* number = std::get_if<Number>(&operand.is);
    const auto* text = std::get_if<Literal>(&operand.is);
    switch (parameter) {
        case Parameter::reflected:
        case Parameter::any:
            if (boolean) return Value::of(*boolean);
            if (number) return constant(*number);
            return Value::of(text->text);
        case Parameter::boolean:
            if (boolean) return Value::of(*boolean);
            failed("expected bool; found " + print(operand));
        case Parameter::integer:
            if (number && number->is_integer) return Value::of_integer(number->integer);
            failed("expected integer; found " + print(operand));
        case Parameter::text:
            if (text) return Value::of(text->text);
            failed("expected string; found " + print(operand));
        case Parameter::map:
            break;
    }
    failed(fmt::format("can't handle {} for arg of type {}", print(operand), name_of(parameter)));
}

Value Evaluation::checked(const Value& value, Parameter parameter) const {
    const auto exactly = [&](Type type) {
        if (!value.valid()) failed(fmt::format("invalid value; expected {}", name_of(parameter)));
        if (value.type() == type) return value;
        failed(fmt::format("wrong type for value; expected {}; got {}", name_of(parameter), name_of(value.type())));
    };
    switch (parameter) {
        case Parameter::reflected:
        case Parameter::any:
            return value;
        case Parameter::text:
            return exactly(Type::text);
        case Parameter::integer:
            return exactly(Type::integer);
        case Parameter::boolean:
            return exactly(Type::boolean);
        case Parameter::map:
            return value.valid() ? exactly(Type::map) : value;
    }
    return value;
}

}  // namespace moontide::templates

// Pipelines, commands and arguments of one template within an execution, its variables, and where it is for messages.
#pragma once

#include "template/execution.hpp"
#include "template/failure.hpp"
#include "template/functions.hpp"
#include "template/meter.hpp"
#include "template/tree.hpp"
#include "template/value.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moontide::templates {

/// A name as messages quote it.
std::string shown_name(std::string_view name);

class Evaluation {
public:
    Evaluation(const Input& input, Meter& meter, const std::string& name, std::size_t depth)
        : input_(input), meter_(meter), name_(name), depth_(depth) {}
    Evaluation(const Evaluation&) = delete;
    Evaluation& operator=(const Evaluation&) = delete;

    const std::string& name() const { return name_; }

    /// What messages name from now on.
    void at(const Node& node) { at_ = Place{node.position, &node}; }
    /// Throws Failure with place and node.
    [[noreturn]] void failed(const std::string& message) const;
    /// Runs what may exhaust the budget, whose message needs a place.
    template <typename Body>
    void guarded(Body&& body) {
        try {
            body();
        } catch (const Exhausted& exhausted) {
            failed(exhausted.what());
        }
    }

    /// Variables that are declared from now on go with it.
    class Scope {
    public:
        explicit Scope(Evaluation& evaluation) : evaluation_(evaluation), known_(evaluation.variables_.size()) {}
        ~Scope() { evaluation_.variables_.resize(known_); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        Evaluation& evaluation_;
        std::size_t known_;
    };
    Scope scope() { return Scope(*this); }

    /// A level of nesting as long as it lives.
    class Level {
    public:
        explicit Level(Evaluation& evaluation);
        ~Level() { --depth_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;

    private:
        std::size_t& depth_;
    };
    Level deeper() { return Level(*this); }
    std::size_t depth() const { return depth_; }

    void push(const std::string& name, const Value& value) { variables_.push_back({name, value}); }
    void assign(const std::string& name, const Value& value);
    /// The value of the n-th variable from the end.
    void set_top(std::size_t n, const Value& value) { variables_[variables_.size() - n].value = value; }

    /// Declares and assigns what the pipeline does.
    Value pipeline(const Value& dot, const Pipe& pipe);

private:
    struct Named {
        std::string name;
        Value value;
    };
    struct Place {
        std::size_t position;
        std::variant<const Node*, const Pipe*, const Command*, const Operand*> what;
    };
    /// What the stage before hands on.
    using Final = std::optional<Value>;

    void at(const Pipe& pipe) { at_ = Place{pipe.position, &pipe}; }
    void at(const Command& command) { at_ = Place{command.position, &command}; }
    void at(const Operand& operand) { at_ = Place{operand.position, &operand}; }

    Value command(const Value& dot, const Command& command, const Final& final);
    /// A word that is no call: with arguments that is an error.
    void not_a_function(std::span<const Operand> words, const Final& final) const;
    Value constant(const Number& number) const;
    Value variable(const std::string& name) const;
    Value chained(const Value& dot, const Operand& operand);
    /// A field, variable or chain: `has_arguments` where something is handed to it.
    Value selected(const Value& dot, const Operand& operand, std::span<const Operand> words, const Final& final);
    Value fields(Value receiver, std::span<const std::string> names, bool has_arguments) const;
    Value field(const Value& receiver, const std::string& name, bool has_arguments) const;
    Value call(const Value& dot, const Operand& function, const Command* command, std::span<const Operand> arguments,
               const Final& final);
    Value first_decisive(const Value& dot, bool decisive, std::span<const Operand> arguments, const Final& final);
    Value argument(const Value& dot, Parameter parameter, const Operand& operand);
    Value literal(Parameter parameter, const Operand& operand) const;
    Value checked(const Value& value, Parameter parameter) const;

    const Input& input_;
    Meter& meter_;
    const std::string& name_;
    std::size_t depth_;
    std::optional<Place> at_;
    std::vector<Named> variables_;
};

}  // namespace moontide::templates

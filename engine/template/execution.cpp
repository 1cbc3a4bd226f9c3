#include "template/execution.hpp"

#include "template/evaluation.hpp"
#include "template/failure.hpp"
#include "template/formatter.hpp"

#include <utility>

#include <fmt/format.h>

namespace moontide::templates {
namespace {

/// Walks the nodes of one template; another one for each {{template}}.
class Walk {
public:
    Walk(const Input& input, Meter& meter, std::string& out, const std::string& name, std::size_t depth)
        : input_(input), meter_(meter), out_(out), evaluation_(input, meter, name, depth) {}

    void whole(const Value& dot) {
        evaluation_.push("$", dot);
        walk(dot, input_.trees.find(evaluation_.name())->second);
    }

private:
    enum class Flow { on, broken, continued };

    Flow walk(const Value& dot, const List& list) {
        for (const Node& node : list.nodes) {
            evaluation_.at(node);
            meter_step();
            const Flow flow = std::visit([&](const auto& what) { return step(dot, node, what); }, node.is);
            if (flow != Flow::on) return flow;
        }
        return Flow::on;
    }

    void meter_step() {
        evaluation_.guarded([&] { meter_.step(); });
    }

    void write(std::string_view text) {
        evaluation_.guarded([&] {
            if (out_.size() + text.size() > meter_.longest())
                throw Exhausted(fmt::format("output longer than {} bytes", meter_.longest()));
            meter_.bytes(text.size());
        });
        out_ += text;
    }

    Flow step(const Value&, const Node&, const Text& text) {
        write(text.text);
        return Flow::on;
    }
    Flow step(const Value&, const Node&, const Break&) { return Flow::broken; }
    Flow step(const Value&, const Node&, const Continue&) { return Flow::continued; }

    Flow step(const Value& dot, const Node& node, const Action& action) {
        const Value value = evaluation_.pipeline(dot, action.pipe);
        if (!action.pipe.variables.empty()) return Flow::on;
        evaluation_.at(node);
        if (value.nil()) {
            write(value.boxed() ? "<nil>" : "<no value>");
        } else if (value.type() == Type::text) {
            write(value.text());
        } else {
            std::string text;
            evaluation_.guarded([&] { text = printed(value, meter_.longest()); });
            write(text);
        }
        return Flow::on;
    }

    Flow step(const Value& dot, const Node&, const Branch& branch) {
        const auto level = evaluation_.deeper();
        const auto variables = evaluation_.scope();
        if (branch.control == Control::range) return range(dot, branch);
        const Value value = evaluation_.pipeline(dot, branch.pipe);
        if (value.truth()) return walk(branch.control == Control::with ? value : dot, branch.list);
        return branch.otherwise ? walk(dot, *branch.otherwise) : Flow::on;
    }

    Flow step(const Value& dot, const Node&, const Call& call) {
        if (!input_.trees.contains(call.name)) evaluation_.failed("template " + shown_name(call.name) + " not defined");
        const auto level = evaluation_.deeper();
        const Value inner = call.pipe ? evaluation_.pipeline(dot, *call.pipe) : Value();
        Walk(input_, meter_, out_, call.name, evaluation_.depth()).whole(inner);
        return Flow::on;
    }

    Flow range(const Value& dot, const Branch& branch) {
        const Value value = evaluation_.pipeline(dot, branch.pipe);
        const auto& variables = branch.pipe.variables;
        bool ran = false;
        // False where the loop is left.
        const auto iterate = [&](const Value& index, const Value& element) {
            ran = true;
            meter_step();
            const auto scope = evaluation_.scope();
            if (!variables.empty() && branch.pipe.assigns) {
                evaluation_.assign(variables.front(), variables.size() > 1 ? index : element);
                if (variables.size() > 1) evaluation_.assign(variables[1], element);
            } else if (!variables.empty()) {
                evaluation_.set_top(1, element);
                if (variables.size() > 1) evaluation_.set_top(2, index);
            }
            return walk(element, branch.list) != Flow::broken;
        };
        if (value.is_integer()) {
            if (variables.size() > 1)
                evaluation_.failed(fmt::format("can't use {} to iterate over more than one variable", value.integer()));
            for (std::int64_t number = 0; number < value.integer(); ++number) {
                if (!iterate(Value(), value.with_integer(number))) break;
            }
        } else if (value.is_list()) {
            for (std::size_t at = 0; at < value.size(); ++at) {
                if (!iterate(Value::of_integer(static_cast<std::int64_t>(at)), value.at(at))) break;
            }
        } else if (value.is_map()) {
            for (const auto& [key, element] : value.json().items()) {
                if (!iterate(Value::of(key), value.child(element))) break;
            }
        } else if (!value.nil()) {
            // Go quotes the value, which may be a Secret's.
            evaluation_.failed(fmt::format("range can't iterate over a value of type {}", name_of(value.type())));
        }
        if (!ran && branch.otherwise) return walk(dot, *branch.otherwise);
        return Flow::on;
    }

    const Input& input_;
    Meter& meter_;
    std::string& out_;
    Evaluation evaluation_;
};

}  // namespace

std::string execute(const Input& input, Budget& budget) {
    Meter meter(budget);
    std::string out;
    // The values are the caller's: nothing is owned.
    Walk(input, meter, out, input.name, 0)
        .whole(Value::root(std::shared_ptr<const Json>(std::shared_ptr<const Json>(), &input.values)));
    return out;
}

}  // namespace moontide::templates

// moontide.template and moontide.template_error: Go's text/template for what owners write into their resources.
#include "bindings/convert.hpp"
#include "bindings/libraries.hpp"
#include "bindings/state.hpp"
#include "template/template.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// What a step of a template costs in instructions.
constexpr std::int64_t step_cost = 8;

/// Lua's own bytes, while the argument is on the stack.
std::string_view template_argument(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    State::of(lua).charge(size / 2 + 64);
    return {text, size};
}

struct Asked {
    std::string name = "template";
    templates::MissingKey missing = templates::MissingKey::no_value;
};

/// What the text is called in errors, and whether a missing key is one.
Asked asked(lua_State* lua, int index) {
    Asked found;
    if (lua_isnoneornil(lua, index)) return found;
    const Json options = to_json(lua, index, "template");
    if (!options.is_object()) throw Raise("the options of 'template' are a table");
    for (const auto& [key, value] : options.items()) {
        if (key == "name" && value.is_string()) {
            found.name = value.get<std::string>();
        } else if (key == "missing" && value == "error") {
            found.missing = templates::MissingKey::error;
        } else {
            throw Raise(fmt::format("'template' has the options name (a text) and missing = \"error\", not '{}'", key));
        }
    }
    return found;
}

}  // namespace

int render_template(lua_State* lua) {
    const auto text = template_argument(lua, 1);
    const Asked options = asked(lua, 3);
    const Json values = lua_isnoneornil(lua, 2) ? Json(nullptr) : to_json(lua, 2, "template");
    State& state = State::of(lua);
    const auto known = state.templates.find(options.name, text);
    const auto& parsed = *known;
    if (!parsed) throw Raise(parsed.error().message);
    templates::Budget budget;
    budget.steps = std::min(budget.steps, state.budget() / step_cost);
    const std::int64_t before = budget.steps;
    const auto rendered = parsed->render(values, options.missing, budget);
    state.charge(static_cast<std::uint64_t>((before - budget.steps) * step_cost));
    if (!rendered) {
        // Where it was the evaluation's budget that ended it, the evaluation is over, as with any other loop.
        if (budget.steps == 0 && before < templates::Budget().steps)
            state.charge(static_cast<std::uint64_t>(state.budget()) + 1);
        throw Raise(rendered.error().message);
    }
    lua_pushlstring(lua, rendered->data(), rendered->size());
    return 1;
}

int parse_template(lua_State* lua) {
    const auto text = template_argument(lua, 1);
    const auto known = State::of(lua).templates.find(asked(lua, 2).name, text);
    const auto& parsed = *known;
    if (parsed) return 0;
    const std::string& message = parsed.error().message;
    lua_pushlstring(lua, message.data(), message.size());
    return 1;
}

}  // namespace moontide::bindings

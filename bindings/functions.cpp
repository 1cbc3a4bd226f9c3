#include "bindings/functions.hpp"

#include "bindings/compiler.hpp"
#include "bindings/fence.hpp"

#include <fmt/format.h>

namespace moontide::bindings {

Result<PolicyShape> compile_in(State& state, const PolicyText& text, const SourceLines& lines) {
    TRY_VOID(raise_fence(state));
    PolicyShape shape;
    const auto outcome = state.run([&](lua_State* lua) {
        run_file(lua, text.file, text.text);
        const int returned = lua_gettop(lua);
        freeze_file_level(lua, returned);
        shape = Compiler(lua, text, lines).compile(returned);
    });
    if (outcome) return shape;
    return fail(with_file(outcome.error().message, text.file));
}

Result<void> Functions::open() {
    if (state_ && !state_->stopped()) return {};
    // What a stopped evaluation left behind may be all of its memory.
    state_ = std::make_unique<State>();
    const auto compiled = compile_in(*state_, policy_->text, SourceLines());
    if (compiled) return {};
    state_.reset();
    return std::unexpected(compiled.error());
}

Result<void> Functions::call(const Function& function, OnReader& on, std::vector<std::string>& warnings,
                             const Take& take) {
    TRY_VOID(open());
    state_->warnings = &warnings;
    const auto outcome = state_->run([&](lua_State* lua) {
        lua_getfield(lua, LUA_REGISTRYINDEX, functions_key);
        lua_rawgeti(lua, -1, function.number + 1);
        push_on(lua, on);
        lua_call(lua, 1, 1);
        take(lua, lua_gettop(lua));
    });
    state_->warnings = nullptr;
    state_->reading = nullptr;
    if (outcome) return {};
    const std::string& file = policy_->text.file;
    std::string message = with_whole_file(outcome.error().message, file);
    if (!message.starts_with(file + ":")) {
        const Place& place = policy_->shape.functions[static_cast<std::size_t>(function.number)].place;
        message = fmt::format("{}:{}: {}", file, place.line, message);
    }
    return fail(std::move(message));
}

}  // namespace moontide::bindings

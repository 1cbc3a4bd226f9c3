// One Lua state behind the fence: capped memory, an instruction budget, no JIT.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "bindings/template_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include <lua.hpp>
#include <nlohmann/json.hpp>

namespace moontide::bindings {

/// What one evaluation may use.
struct Limits {
    std::int64_t instructions = 10'000'000;    ///< of the VM, and what our functions charge for their work
    std::size_t memory = 64U << 20;            ///< bytes alive at a time
    std::size_t block = 16U << 20;             ///< bytes of one allocation, and so of one string
    std::uint64_t allocations = 512ULL << 20;  ///< bytes allocated over one evaluation, freed ones included
    Milliseconds cpu = Milliseconds(750);      ///< the second line: processor time of this thread
};

/// An error on its way to Lua or out of it: what our functions throw. The edge makes a Lua error of it.
class Raise : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Restores the height of the stack at the end of its scope.
class StackGuard {
public:
    explicit StackGuard(lua_State* lua) : lua_(lua), top_(lua_gettop(lua)) {}
    ~StackGuard() { lua_settop(lua_, top_); }
    StackGuard(const StackGuard&) = delete;
    StackGuard& operator=(const StackGuard&) = delete;

private:
    lua_State* lua_;
    int top_;
};

struct Reading;

/// Owns a lua_State. One thread at a time. After an evaluation was stopped (stopped()), make a new one.
class State {
public:
    explicit State(const Limits& limits = {});
    ~State();
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    /// The State of a lua_State, for functions that Lua calls.
    static State& of(lua_State* lua);

    /// Runs `body(lua_State*)` protected, with a fresh budget: a Lua error, a std::exception and an exhausted limit
    /// become the Error. What the body leaves on the stack is dropped. Not from within another run().
    template <typename Body>
    Result<void> run(Body&& body) {
        using Plain = std::remove_reference_t<Body>;
        return run_protected([](lua_State* lua, void* data) { (*static_cast<Plain*>(data))(lua); },
                             const_cast<void*>(static_cast<const void*>(&body)));
    }

    /// Takes from the budget; throws Raise when nothing is left. For work that no instruction of the VM counts.
    void charge(std::uint64_t work);
    /// What is left to charge.
    std::int64_t budget() const { return budget_; }

    /// Tells evaluations apart: what belongs to an earlier one is refused.
    std::uint32_t generation() const { return generation_; }
    bool stopped() const { return stop_ != Stop::none; }

    /// A value that lives as long as this evaluation.
    const nlohmann::json& keep(nlohmann::json value) { return kept_.emplace_back(std::move(value)); }

    /// Functions of Lua that a function of ours calls: not again from within such a call.
    bool in_callback = false;
    /// Outlives evaluations: what is parsed is the same in each.
    TemplateCache templates;
    /// moontide.warn of this evaluation; null where nothing may be warned of.
    std::vector<std::string>* warnings = nullptr;
    /// What this evaluation reads of a map is noted there; null where nobody asks.
    Reading* reading = nullptr;

private:
    enum class Stop { none, instructions, memory, allocations, cpu };
    using Function = void (*)(lua_State*, void*);

    static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size);
    static void count(lua_State* lua, lua_Debug* at);
    Result<void> run_protected(Function function, void* data);
    bool out_of_time();
    std::string stop_text() const;

    Limits limits_;
    lua_State* lua_ = nullptr;
    std::size_t used_ = 0;
    std::uint64_t allocated_ = 0;
    std::int64_t budget_ = 0;
    std::uint32_t generation_ = 0;
    Stop stop_ = Stop::none;
    std::deque<nlohmann::json> kept_;
    Instant looked_at_{};
    std::int64_t cpu_began_ = 0;
};

/// While a function of the policy runs that one of ours calls. They don't nest: each level would take C stack.
class CallbackScope {
public:
    explicit CallbackScope(State& state) : state_(state) {
        if (state.in_callback) {
            throw Raise("a function that 'sort' or 'gsub' calls cannot use 'sort' or 'gsub' with a function itself");
        }
        state.in_callback = true;
    }
    ~CallbackScope() { state_.in_callback = false; }
    CallbackScope(const CallbackScope&) = delete;
    CallbackScope& operator=(const CallbackScope&) = delete;

private:
    State& state_;
};

/// Gives `Body` to Lua as a function: exceptions end here and become Lua errors with the caller's file:line.
template <int (*Body)(lua_State*)>
int edge(lua_State* lua) {
    // What is caught is copied first: lua_error must not leave through a live handler.
    char text[1024];
    try {
        return Body(lua);
    } catch (const std::exception& error) {
        std::size_t size = 0;
        for (const char* from = error.what(); *from != '\0' && size + 1 < sizeof text; ++from) text[size++] = *from;
        text[size] = '\0';
    }
    luaL_where(lua, 1);
    lua_pushstring(lua, text);
    lua_concat(lua, 2);
    return lua_error(lua);
}

}  // namespace moontide::bindings

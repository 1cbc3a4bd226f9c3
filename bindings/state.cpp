#include "bindings/state.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <new>
#include <vector>

#include <fmt/format.h>
#include <luajit.h>

namespace moontide::bindings {
namespace {

// Small, so that between two looks at the clock no more than this many of the costliest instructions (a
// concatenation, a comparison of texts of `block` bytes) can pass.
constexpr int instructions_a_look = 100;
constexpr Milliseconds between_looks(5);

std::int64_t thread_cpu() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

struct Entry {
    void (*function)(lua_State*, void*);
    void* data;
};

int enter(lua_State* lua) {
    const Entry entry = *static_cast<const Entry*>(lua_touserdata(lua, 1));
    lua_settop(lua, 0);
    entry.function(lua, entry.data);
    return 0;
}

}  // namespace

State::State(const Limits& limits) : limits_(limits) {
    lua_ = lua_newstate(&State::allocate, this);
    if (!lua_) throw std::bad_alloc();
    // With the JIT on, count hooks never fire inside compiled code.
    luaJIT_setmode(lua_, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
}

State::~State() {
    lua_close(lua_);
}

State& State::of(lua_State* lua) {
    void* self = nullptr;
    lua_getallocf(lua, &self);
    return *static_cast<State*>(self);
}

void* State::allocate(void* self_pointer, void* block, std::size_t old_size, std::size_t new_size) {
    State& self = *static_cast<State*>(self_pointer);
    if (new_size == 0) {
        std::free(block);
        self.used_ -= old_size;
        return nullptr;
    }
    if (new_size > old_size) {
        const std::size_t more = new_size - old_size;
        if (new_size > self.limits_.block || self.used_ + more > self.limits_.memory) {
            self.stop_ = Stop::memory;
            return nullptr;
        }
        self.allocated_ += new_size;
        if (self.allocated_ > self.limits_.allocations) {
            self.stop_ = Stop::allocations;
            return nullptr;
        }
    }
    void* moved = std::realloc(block, new_size);
    if (moved) {
        self.used_ += new_size;
        self.used_ -= old_size;
    }
    return moved;
}

bool State::out_of_time() {
    const Instant now = std::chrono::steady_clock::now();
    if (now - looked_at_ < between_looks) return false;
    looked_at_ = now;
    return thread_cpu() - cpu_began_ > std::chrono::nanoseconds(limits_.cpu).count();
}

void State::count(lua_State* lua, lua_Debug* at) {
    State& self = of(lua);
    self.budget_ -= instructions_a_look;
    if (self.budget_ < 0) {
        self.stop_ = Stop::instructions;
    } else if (self.out_of_time()) {
        self.stop_ = Stop::cpu;
    } else {
        return;
    }
    lua_getinfo(lua, "Sl", at);
    lua_pushfstring(lua, "%s:%d: ", at->short_src, at->currentline);
    lua_error(lua);
}

void State::charge(std::uint64_t work) {
    budget_ -= static_cast<std::int64_t>(std::min<std::uint64_t>(work, 1ULL << 40));
    if (budget_ < 0) {
        stop_ = Stop::instructions;
        throw Raise("");
    }
    if (out_of_time()) {
        stop_ = Stop::cpu;
        throw Raise("");
    }
}

std::string State::stop_text() const {
    switch (stop_) {
        case Stop::none:
            break;
        case Stop::instructions:
            return fmt::format("stopped after {} instructions: is there a loop that does not end?",
                               limits_.instructions);
        case Stop::memory:
            return fmt::format(
                "stopped: it needs more than {} MiB of memory, or more than {} MiB for one text or table",
                limits_.memory >> 20, limits_.block >> 20);
        case Stop::allocations:
            return fmt::format("stopped: it made more than {} MiB of texts and tables", limits_.allocations >> 20);
        case Stop::cpu:
            return fmt::format("stopped after {} ms of processor time", limits_.cpu.count());
    }
    return {};
}

Result<void> State::run_protected(Function function, void* data) {
    const StackGuard guard(lua_);
    ++generation_;
    stop_ = Stop::none;
    budget_ = limits_.instructions;
    allocated_ = 0;
    in_callback = false;
    kept_.clear();
    looked_at_ = std::chrono::steady_clock::now();
    cpu_began_ = thread_cpu();
    // Setting the hook anew sets its counter back, so that equal evaluations end at equal instructions.
    lua_sethook(lua_, &State::count, LUA_MASKCOUNT, instructions_a_look);
    Entry entry{function, data};
    const int outcome = lua_cpcall(lua_, edge<enter>, &entry);
    lua_sethook(lua_, nullptr, 0, 0);
    if (outcome == 0 && stop_ == Stop::none) return {};
    std::size_t size = 0;
    const char* text = lua_type(lua_, -1) == LUA_TSTRING ? lua_tolstring(lua_, -1, &size) : nullptr;
    std::string message = text ? std::string(text, size) : "an error that is no text";
    if (outcome == 0) message.clear();
    if (stop_ == Stop::memory || stop_ == Stop::allocations) message.clear();
    if (stop_ != Stop::none) message += stop_text();
    return fail(std::move(message));
}

}  // namespace moontide::bindings

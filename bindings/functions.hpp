// A policy's functions, in a Lua state of their own.
#pragma once

#include "base/result.hpp"
#include "bindings/load.hpp"
#include "bindings/proxies.hpp"
#include "bindings/shape.hpp"
#include "bindings/source_lines.hpp"
#include "bindings/state.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace moontide::bindings {

/// What load() made: immutable, shared by all evaluators of a policy.
struct LoadedPolicy {
    PolicyText text;
    PolicyShape shape;
};

/// Makes its state at the first call, and anew after a call that was stopped. One thread at a time.
class Functions {
public:
    explicit Functions(std::shared_ptr<const LoadedPolicy> policy) : policy_(std::move(policy)) {}

    using Take = std::function<void(lua_State* lua, int result)>;
    /// Calls the function with `on`; `take` reads what it returned. Errors begin with file:line.
    Result<void> call(const Function& function, OnReader& on, std::vector<std::string>& warnings, const Take& take);

private:
    Result<void> open();

    std::shared_ptr<const LoadedPolicy> policy_;
    std::unique_ptr<State> state_;
};

/// A fresh state with the fence raised and the file run: its table compiled. The functions are in the registry.
Result<PolicyShape> compile_in(State& state, const PolicyText& text, const SourceLines& lines);

}  // namespace moontide::bindings

// The environment that a policy's file runs in: an allow-list, private to the state, that nothing can be added to.
#pragma once

#include "base/result.hpp"
#include "bindings/state.hpp"

#include <string>
#include <string_view>

namespace moontide::bindings {

/// Opens the libraries and builds the environment. Once a state.
Result<void> raise_fence(State& state);

/// Loads `text` as the chunk `@file` (text, never bytecode), runs it within the fence and leaves what it returned on
/// the stack. Within run().
void run_file(lua_State* lua, std::string_view file, std::string_view text);

/// Freezes every table that a function of the table at `index` can reach through its upvalues, so that no evaluation
/// changes what another one sees. Within run(), once the file has run.
void freeze_file_level(lua_State* lua, int index);

/// Lua names a chunk in at most 59 characters ("...policies/a/policy.lua"); this gives a message the whole name back.
std::string with_whole_file(std::string message, const std::string& file);
/// The same, and before a message that names no place the file.
std::string with_file(std::string message, const std::string& file);

}  // namespace moontide::bindings

#include "bindings/assignments.hpp"

#include "bindings/fence.hpp"
#include "bindings/state.hpp"

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

// The numbers of the opcodes differ between versions of LuaJIT, so they are learnt from examples.
constexpr std::string_view finder = R"lua(
local chunk = ...
local util = require("jit.util")
local function opcode(f, pc) return util.funcbc(f, pc) % 256 end
local x
local outer = {
  [opcode(function(a) x = a end, 1)] = true,
  [opcode(function() x = "text" end, 1)] = true,
  [opcode(function() x = 1 end, 1)] = true,
  [opcode(function() x = nil end, 1)] = true,
}
local global = opcode(function(a) some_global = a end, 1)
local line, name, kind
local function look(f)
  local info = util.funcinfo(f)
  for pc = 1, info.bytecodes - 1 do
    local instruction = util.funcbc(f, pc)
    local at = util.funcinfo(f, pc).currentline
    if (outer[instruction % 256] or instruction % 256 == global) and (not line or at < line) then
      line = at
      if instruction % 256 == global then
        kind, name = "global", util.funck(f, -math.floor(instruction / 65536) - 1)
      else
        kind, name = "outer", util.funcuvname(f, math.floor(instruction / 256) % 256)
      end
    end
  end
  for at = 1, info.gcconsts do
    local constant = util.funck(f, -at)
    if type(constant) == "proto" then look(constant) end
  end
end
look(chunk)
return line, kind, name
)lua";

}  // namespace

Result<void> check_assignments(const std::string& file, std::string_view text) {
    State state;
    std::string found;
    const auto outcome = state.run([&](lua_State* lua) {
        const std::string name = "@" + file;
        if (luaL_loadbufferx(lua, text.data(), text.size(), name.c_str(), "t") != 0) lua_error(lua);
        luaL_openlibs(lua);
        if (luaL_loadbufferx(lua, finder.data(), finder.size(), "=finder", "t") != 0) lua_error(lua);
        lua_pushvalue(lua, 1);
        lua_call(lua, 1, 3);
        if (lua_isnil(lua, -3)) return;
        const auto line = static_cast<int>(lua_tonumber(lua, -3));
        const std::string assigned = luaL_checkstring(lua, -1);
        if (std::string_view(luaL_checkstring(lua, -2)) == "global") {
            found = fmt::format("{}:{}: assignment to the global '{}': there are no globals, write 'local {}'", file,
                                line, assigned, assigned);
        } else {
            found = fmt::format(
                "{}:{}: assignment to '{}', a local outside of the function: evaluations would depend on each other; "
                "use a local within it",
                file, line, assigned);
        }
    });
    if (!outcome) return fail(with_file(outcome.error().message, file));
    if (!found.empty()) return fail(std::move(found));
    return {};
}

}  // namespace moontide::bindings

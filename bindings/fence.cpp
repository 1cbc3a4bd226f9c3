#include "bindings/fence.hpp"

#include "bindings/libraries.hpp"
#include "bindings/proxies.hpp"

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr const char* environment_key = "moontide.environment";

int refuse_global(lua_State* lua) {
    throw Raise(fmt::format("assignment to the global '{}': there are no globals, write 'local {}'",
                            lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?",
                            lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "name"));
}

/// Upvalue: what is offered. A name that is not there is a slip, or a function that policies do not have.
int read_global(lua_State* lua) {
    lua_pushvalue(lua, 2);
    lua_rawget(lua, lua_upvalueindex(1));
    if (!lua_isnil(lua, -1)) return 1;
    throw Raise(fmt::format("'{}' is not known: policies have neither globals of their own nor all of Lua's",
                            lua_type(lua, 2) == LUA_TSTRING ? lua_tostring(lua, 2) : "?"));
}

/// require "moontide" and require "moontide.json" give what is there without it.
int require_function(lua_State* lua) {
    const std::string name = luaL_checkstring(lua, 1);
    lua_getfield(lua, LUA_REGISTRYINDEX, "moontide.offered");
    lua_getfield(lua, -1, "moontide");
    if (name == "moontide") return 1;
    if (name.starts_with("moontide.")) {
        lua_pushstring(lua, name.c_str() + sizeof("moontide.") - 1);
        lua_gettable(lua, -2);
        if (!lua_isnil(lua, -1)) return 1;
    }
    throw Raise(fmt::format("require of '{}': only moontide and its parts are there", name));
}

void open(lua_State* lua, lua_CFunction library, const char* name) {
    lua_pushcfunction(lua, library);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

/// Puts the value on top, frozen if it is a table, under `name` into the offered table at `offered`.
void offer(lua_State* lua, int offered, const char* name) {
    if (lua_istable(lua, -1)) {
        push_frozen(lua, -1);
        lua_remove(lua, -2);
    }
    lua_setfield(lua, offered, name);
}

void build(lua_State* lua) {
    install_proxies(lua);
    open(lua, luaopen_base, "");
    open(lua, luaopen_string, LUA_STRLIBNAME);
    open(lua, luaopen_math, LUA_MATHLIBNAME);

    lua_newtable(lua);
    const int offered = lua_gettop(lua);
    for (const char* safe : {"assert", "error", "select", "tonumber"}) {
        lua_getglobal(lua, safe);
        lua_setfield(lua, offered, safe);
    }
    add_basic_functions(lua);
    lua_getfield(lua, offered, "tostring");
    lua_setfield(lua, LUA_REGISTRYINDEX, "moontide.tostring");
    lua_pushcfunction(lua, edge<require_function>);
    lua_setfield(lua, offered, "require");

    lua_getglobal(lua, LUA_MATHLIBNAME);
    for (const char* chance : {"random", "randomseed"}) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, chance);
    }
    offer(lua, offered, "math");
    push_table_library(lua);
    offer(lua, offered, "table");
    lua_getglobal(lua, LUA_STRLIBNAME);
    push_string_library(lua, lua_gettop(lua));
    // Methods of texts come from our table too, and the metatable is out of reach.
    lua_pushliteral(lua, "");
    lua_newtable(lua);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
    offer(lua, offered, "string");
    push_moontide_library(lua);
    offer(lua, offered, "moontide");
    lua_pushvalue(lua, offered);
    lua_setfield(lua, LUA_REGISTRYINDEX, "moontide.offered");

    // The environment itself stays empty, so that every read and every assignment comes by these two.
    lua_newtable(lua);
    lua_newtable(lua);
    lua_pushvalue(lua, offered);
    lua_pushcclosure(lua, edge<read_global>, 1);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, edge<refuse_global>);
    lua_setfield(lua, -2, "__newindex");
    lua_setmetatable(lua, -2);
    lua_setfield(lua, LUA_REGISTRYINDEX, environment_key);
}

}  // namespace

Result<void> raise_fence(State& state) {
    return state.run([](lua_State* lua) { build(lua); });
}

void run_file(lua_State* lua, std::string_view file, std::string_view text) {
    const std::string name = "@" + std::string(file);
    if (luaL_loadbufferx(lua, text.data(), text.size(), name.c_str(), "t") != 0) lua_error(lua);
    lua_getfield(lua, LUA_REGISTRYINDEX, environment_key);
    lua_setfenv(lua, -2);
    lua_call(lua, 0, 1);
}

void freeze_file_level(lua_State* lua, int index) {
    const StackGuard guard(lua);
    // Tables and functions still to be looked at; those seen are keys of the second table.
    lua_pushvalue(lua, index);
    const int root = lua_gettop(lua);
    lua_newtable(lua);
    const int waiting = lua_gettop(lua);
    lua_newtable(lua);
    const int seen = lua_gettop(lua);
    int count = 0;
    const auto add = [&] {  // takes the value on top
        const int type = lua_type(lua, -1);
        if (type == LUA_TTABLE || type == LUA_TFUNCTION) {
            lua_pushvalue(lua, -1);
            lua_rawget(lua, seen);
            const bool known = !lua_isnil(lua, -1);
            lua_pop(lua, 1);
            if (!known) {
                lua_pushvalue(lua, -1);
                lua_pushboolean(lua, 1);
                lua_rawset(lua, seen);
                lua_pushvalue(lua, -1);
                lua_rawseti(lua, waiting, ++count);
            }
        }
        lua_pop(lua, 1);
    };
    lua_pushvalue(lua, root);
    add();
    while (count > 0) {
        lua_rawgeti(lua, waiting, count);
        lua_pushnil(lua);
        lua_rawseti(lua, waiting, count--);
        const int value = lua_gettop(lua);
        if (lua_istable(lua, value)) {
            lua_pushnil(lua);
            while (lua_next(lua, value) != 0) add();
        } else if (lua_iscfunction(lua, value) == 0) {
            for (int at = 1; lua_getupvalue(lua, value, at) != nullptr; ++at) {
                lua_pushvalue(lua, -1);
                add();
                if (lua_istable(lua, -1)) {
                    push_frozen(lua, -1);
                    lua_setupvalue(lua, value, at);
                }
                lua_pop(lua, 1);
            }
        }
        lua_settop(lua, seen);
    }
}

std::string with_whole_file(std::string message, const std::string& file) {
    constexpr std::size_t kept = LUA_IDSIZE - 1;
    if (file.size() <= kept) return message;
    const std::string shown = "..." + file.substr(file.size() - (kept - 3));
    for (std::size_t cut = 0; cut < 8; ++cut) {
        const std::string start = "..." + shown.substr(3 + cut);
        if (message.starts_with(start)) return file + message.substr(start.size());
    }
    return message;
}

std::string with_file(std::string message, const std::string& file) {
    message = with_whole_file(std::move(message), file);
    return message.starts_with(file + ":") ? message : file + ": " + message;
}

}  // namespace moontide::bindings

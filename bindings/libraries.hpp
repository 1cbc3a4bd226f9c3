// The functions that a policy has, each a table of them on the stack. Within State::run() only.
#pragma once

#include <cstddef>

#include <lua.hpp>

namespace moontide::bindings {

/// No function makes a longer one.
constexpr std::size_t longest_text = 16U << 20;

/// pairs, ipairs, next, type, tostring, unpack, into the table on top.
void add_basic_functions(lua_State* lua);
/// concat, insert, remove, sort.
void push_table_library(lua_State* lua);
/// find, match, gmatch, gsub, rep and format are ours; the linear rest is taken from the table at `stock`.
void push_string_library(lua_State* lua, int stock);
/// `moontide`.
void push_moontide_library(lua_State* lua);

/// moontide.template(text, values, options).
int render_template(lua_State* lua);
/// moontide.template_error: why a text is no template, or nothing.
int parse_template(lua_State* lua);

/// string.format.
int format_text(lua_State* lua);

}  // namespace moontide::bindings

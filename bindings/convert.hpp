// From Lua's values to JSON, within limits; the one place where that is done.
#pragma once

#include "bindings/proxies.hpp"

#include <map>
#include <string>
#include <string_view>

#include <lua.hpp>

namespace moontide::bindings {

/// The value at `index` as JSON. A view gives its JSON exactly. Throws Raise, naming the place under `place`, for
/// functions, mixed or sparse lists, cycles and depths over 64, texts that are not UTF-8, numbers that JSON or a
/// double does not hold, and more than 100,000 values.
Json to_json(lua_State* lua, int index, const std::string& place);

/// A map of texts, which may be any bytes; false where the value is nil.
bool to_bytes(lua_State* lua, int index, const std::string& place, std::map<std::string, std::string>& bytes);

bool is_utf8(std::string_view text);

}  // namespace moontide::bindings

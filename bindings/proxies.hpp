// What stands in a policy for things that are not Lua's own: parts of JSON documents, frozen tables, and `on`.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <lua.hpp>
#include <nlohmann/json.hpp>

namespace moontide::bindings {

using Json = nlohmann::json;

/// What `on` is filled from, name by name, as a function reads it.
class OnReader {
public:
    virtual ~OnReader() = default;
    /// Pushes the value of `name`; throws Raise where this function's `on` has no such name.
    virtual void read(lua_State* lua, std::string_view name) = 0;
    virtual std::vector<std::string> names() const = 0;
};

/// Which keys of a map an evaluation reads, for who asks by State::reading.
struct Reading {
    const Json* map = nullptr;
    std::set<std::string, std::less<>> keys = {};
    bool whole = false;  ///< it was walked, counted or passed on

    bool has(std::string_view key) const { return whole || keys.contains(key); }
};

/// The metatables; once a state, within run().
void install_proxies(lua_State* lua);

/// Scalars as Lua's own; lists and maps as a read-only view that is valid for this evaluation. `value` must live as
/// long. An integer that a double does not hold is a view too, and keeps its digits.
void push_view(lua_State* lua, const Json& value);
/// Lists and maps as tables of the policy's own. A null in a map is left out.
void push_copy(lua_State* lua, const Json& value);
void push_on(lua_State* lua, OnReader& reader);

/// The JSON behind a view; null for everything else.
const Json* viewed(lua_State* lua, int index);
/// Pushes the table behind a frozen one, or nothing where it is not.
bool push_thawed(lua_State* lua, int index);
/// Pushes a read-only stand-in for the table at `index`; the same one each time.
void push_frozen(lua_State* lua, int index);
bool is_on(lua_State* lua, int index);

/// Marks the table on top as a list, so that it stays one when it is empty.
void mark_list(lua_State* lua);
bool is_marked_list(lua_State* lua, int index);

/// As the policy sees it: views and frozen tables are "table".
const char* type_name(lua_State* lua, int index);
/// `#` of a table, view or frozen table; an error for other types.
std::size_t length(lua_State* lua, int index);
/// The keys of a table (frozen ones too), sorted: numbers, then texts bytewise, then false and true. Pushes a table.
void push_sorted_keys(lua_State* lua, int index);

}  // namespace moontide::bindings

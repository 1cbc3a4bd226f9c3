#include "bindings/libraries.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr std::size_t most_results = 200;

void check_table(lua_State* lua, int index) {
    if (std::string_view(type_name(lua, index)) != "table") {
        throw Raise(
            fmt::format("a table is expected, not a {}", lua_isnone(lua, index) ? "nothing" : type_name(lua, index)));
    }
}

void check_own_table(lua_State* lua, int index) {
    if (lua_type(lua, index) == LUA_TTABLE) return;
    check_table(lua, index);
    throw Raise("this table is read-only; build one of your own");
}

/// Iterators carry state, so one that was made at file level would carry it from evaluation to evaluation.
void check_iterator(lua_State* lua, int upvalue) {
    if (lua_tonumber(lua, lua_upvalueindex(upvalue)) != State::of(lua).generation()) {
        throw Raise("an iterator of an earlier evaluation was kept");
    }
}

int next_of_view(lua_State* lua, const Json& value) {
    if (value.is_object()) {
        const auto& map = value.get_ref<const Json::object_t&>();
        auto at = map.begin();
        if (lua_type(lua, 2) == LUA_TSTRING) {
            std::size_t size = 0;
            const char* key = lua_tolstring(lua, 2, &size);
            at = map.upper_bound(std::string(key, size));
        }
        while (at != map.end() && at->second.is_null()) ++at;
        if (at == map.end()) {
            lua_pushnil(lua);
            return 1;
        }
        lua_pushlstring(lua, at->first.data(), at->first.size());
        push_view(lua, at->second);
        return 2;
    }
    std::size_t at = lua_type(lua, 2) == LUA_TNUMBER ? static_cast<std::size_t>(lua_tonumber(lua, 2)) : 0;
    while (at < value.size() && value[at].is_null()) ++at;
    if (at >= value.size()) {
        lua_pushnil(lua);
        return 1;
    }
    lua_pushnumber(lua, static_cast<lua_Number>(at + 1));
    push_view(lua, value[at]);
    return 2;
}

/// Pushes the position of `key` (at index 2) among the sorted keys on top; 0 where it is not among them.
std::size_t position_of(lua_State* lua, int keys, std::size_t count) {
    for (std::size_t at = 1; at <= count; ++at) {
        lua_rawgeti(lua, keys, static_cast<int>(at));
        const bool same = lua_rawequal(lua, -1, 2) != 0;
        lua_pop(lua, 1);
        if (same) return at;
    }
    return 0;
}

int next_function(lua_State* lua) {
    lua_settop(lua, 2);
    if (const Json* value = viewed(lua, 1)) return next_of_view(lua, *value);
    check_table(lua, 1);
    push_sorted_keys(lua, 1);
    const std::size_t count = lua_objlen(lua, 3);
    std::size_t at = 0;
    if (!lua_isnil(lua, 2)) {
        at = position_of(lua, 3, count);
        if (at == 0) throw Raise("'next' was given a key that the table does not have");
    }
    if (at >= count) {
        lua_pushnil(lua);
        return 1;
    }
    lua_rawgeti(lua, 3, static_cast<int>(at) + 1);
    lua_pushvalue(lua, -1);
    lua_gettable(lua, 1);
    return 2;
}

/// Upvalues: sorted keys, the table, how far it is, generation.
int pairs_step(lua_State* lua) {
    check_iterator(lua, 4);
    auto at = static_cast<int>(lua_tonumber(lua, lua_upvalueindex(3)));
    for (;;) {
        lua_settop(lua, 0);
        lua_rawgeti(lua, lua_upvalueindex(1), ++at);
        lua_pushnumber(lua, at);
        lua_replace(lua, lua_upvalueindex(3));
        if (lua_isnil(lua, 1)) return 1;
        lua_pushvalue(lua, 1);
        lua_gettable(lua, lua_upvalueindex(2));
        if (!lua_isnil(lua, 2)) return 2;  // else it was taken out on the way
        State::of(lua).charge(1);
    }
}

int pairs_function(lua_State* lua) {
    lua_settop(lua, 1);
    check_table(lua, 1);
    if (is_on(lua, 1)) throw Raise("'on' is not gone through: read from it by name");
    if (viewed(lua, 1)) {
        lua_pushcfunction(lua, edge<next_function>);
        lua_pushvalue(lua, 1);
        return 2;
    }
    push_sorted_keys(lua, 1);
    lua_pushvalue(lua, 1);
    lua_pushnumber(lua, 0);
    lua_pushnumber(lua, State::of(lua).generation());
    lua_pushcclosure(lua, edge<pairs_step>, 4);
    return 1;
}

int ipairs_step(lua_State* lua) {
    const auto at = static_cast<int>(luaL_checknumber(lua, 2)) + 1;
    lua_settop(lua, 1);
    lua_pushnumber(lua, at);
    lua_pushnumber(lua, at);
    lua_gettable(lua, 1);
    return lua_isnil(lua, 3) ? 0 : 2;
}

int ipairs_function(lua_State* lua) {
    lua_settop(lua, 1);
    check_table(lua, 1);
    lua_pushcfunction(lua, edge<ipairs_step>);
    lua_pushvalue(lua, 1);
    lua_pushnumber(lua, 0);
    return 3;
}

int type_function(lua_State* lua) {
    luaL_checkany(lua, 1);
    lua_pushstring(lua, type_name(lua, 1));
    return 1;
}

// Without the addresses of the stock one, which differ from run to run.
int tostring_function(lua_State* lua) {
    luaL_checkany(lua, 1);
    const Json* value = viewed(lua, 1);
    switch (lua_type(lua, 1)) {
        case LUA_TNUMBER:
        case LUA_TSTRING:
            lua_settop(lua, 1);
            lua_tolstring(lua, 1, nullptr);
            return 1;
        case LUA_TBOOLEAN:
            lua_pushstring(lua, lua_toboolean(lua, 1) ? "true" : "false");
            return 1;
        default:
            if (value && value->is_number()) {
                const std::string digits = value->dump();
                lua_pushlstring(lua, digits.data(), digits.size());
            } else {
                lua_pushstring(lua, type_name(lua, 1));
            }
            return 1;
    }
}

int unpack_function(lua_State* lua) {
    const auto first = static_cast<int>(luaL_optnumber(lua, 2, 1));
    const auto last =
        lua_isnoneornil(lua, 3) ? static_cast<int>(length(lua, 1)) : static_cast<int>(luaL_checknumber(lua, 3));
    if (last < first) return 0;
    const auto count = static_cast<std::size_t>(static_cast<std::int64_t>(last) - first + 1);
    if (count > most_results) throw Raise(fmt::format("'unpack' gives at most {} values", most_results));
    luaL_checkstack(lua, static_cast<int>(count) + 4, "too many values");
    for (int at = first; at <= last; ++at) {
        lua_pushnumber(lua, at);
        lua_gettable(lua, 1);
    }
    return static_cast<int>(count);
}

int concat_function(lua_State* lua) {
    State& state = State::of(lua);
    std::size_t separator_size = 0;
    const char* separator = luaL_optlstring(lua, 2, "", &separator_size);
    const auto first = static_cast<int>(luaL_optnumber(lua, 3, 1));
    const auto last =
        lua_isnoneornil(lua, 4) ? static_cast<int>(length(lua, 1)) : static_cast<int>(luaL_checknumber(lua, 4));
    std::string text;
    for (std::int64_t at = first; at <= last; ++at) {
        lua_pushnumber(lua, static_cast<lua_Number>(at));
        lua_gettable(lua, 1);
        std::size_t size = 0;
        const char* part = lua_isstring(lua, -1) ? lua_tolstring(lua, -1, &size) : nullptr;
        if (!part)
            throw Raise(fmt::format("'concat' joins texts and numbers; element {} is a {}", at, type_name(lua, -1)));
        if (text.size() + size + separator_size > longest_text) throw Raise("the joined text is longer than 16 MiB");
        text.append(part, size);
        if (at != last) text.append(separator, separator_size);
        state.charge(2 + (size + separator_size) / 16);
        lua_pop(lua, 1);
    }
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
}

int insert_function(lua_State* lua) {
    check_own_table(lua, 1);
    const auto end = static_cast<int>(lua_objlen(lua, 1)) + 1;
    const int arguments = lua_gettop(lua);
    if (arguments == 2) {
        lua_rawseti(lua, 1, end);
        return 0;
    }
    if (arguments != 3) throw Raise("'insert' takes a table, a position or none, and a value");
    const auto position = static_cast<int>(luaL_checknumber(lua, 2));
    if (position < 1 || position > end) throw Raise(fmt::format("'insert': position {} is outside the list", position));
    State::of(lua).charge(static_cast<std::uint64_t>(end - position));
    for (int at = end; at > position; --at) {
        lua_rawgeti(lua, 1, at - 1);
        lua_rawseti(lua, 1, at);
    }
    lua_rawseti(lua, 1, position);
    return 0;
}

int remove_function(lua_State* lua) {
    check_own_table(lua, 1);
    const auto size = static_cast<int>(lua_objlen(lua, 1));
    if (size == 0) return 0;
    const auto position = static_cast<int>(luaL_optnumber(lua, 2, size));
    if (position < 1 || position > size) return 0;
    State::of(lua).charge(static_cast<std::uint64_t>(size - position));
    lua_rawgeti(lua, 1, position);
    for (int at = position; at < size; ++at) {
        lua_rawgeti(lua, 1, at + 1);
        lua_rawseti(lua, 1, at);
    }
    lua_pushnil(lua);
    lua_rawseti(lua, 1, size);
    return 1;
}

/// Whether element `left` of the scratch list at 3 goes before `right`.
bool goes_before(lua_State* lua, int left, int right, bool by_function) {
    State::of(lua).charge(4);
    if (!by_function) {
        lua_rawgeti(lua, 3, left);
        lua_rawgeti(lua, 3, right);
        const bool less = lua_lessthan(lua, -2, -1) != 0;
        lua_pop(lua, 2);
        return less;
    }
    lua_pushvalue(lua, 2);
    lua_rawgeti(lua, 3, left);
    lua_rawgeti(lua, 3, right);
    lua_call(lua, 2, 1);
    const bool less = lua_toboolean(lua, -1) != 0;
    lua_pop(lua, 1);
    return less;
}

// A merge sort of our own: stable, so that equal elements keep an order that does not depend on the algorithm, and
// in bounds whatever the function answers.
int sort_function(lua_State* lua) {
    check_own_table(lua, 1);
    lua_settop(lua, 2);
    const bool by_function = !lua_isnil(lua, 2);
    if (by_function) luaL_checktype(lua, 2, LUA_TFUNCTION);
    State& state = State::of(lua);
    const auto size = static_cast<int>(lua_objlen(lua, 1));
    state.charge(static_cast<std::uint64_t>(size) * 2);
    lua_createtable(lua, size, 0);
    for (int at = 1; at <= size; ++at) {
        lua_rawgeti(lua, 1, at);
        lua_rawseti(lua, 3, at);
    }
    std::vector<int> order(static_cast<std::size_t>(size));
    for (int at = 0; at < size; ++at) order[static_cast<std::size_t>(at)] = at + 1;
    {
        std::optional<CallbackScope> callback;
        if (by_function) callback.emplace(state);
        std::vector<int> merged(order.size());
        for (std::size_t width = 1; width < order.size(); width *= 2) {
            for (std::size_t begin = 0; begin < order.size(); begin += 2 * width) {
                const std::size_t middle = std::min(begin + width, order.size());
                const std::size_t end = std::min(begin + 2 * width, order.size());
                std::size_t left = begin;
                std::size_t right = middle;
                for (std::size_t to = begin; to < end; ++to) {
                    const bool take_right =
                        left == middle || (right < end && goes_before(lua, order[right], order[left], by_function));
                    merged[to] = take_right ? order[right++] : order[left++];
                }
            }
            order.swap(merged);
        }
    }
    for (int at = 1; at <= size; ++at) {
        lua_rawgeti(lua, 3, order[static_cast<std::size_t>(at - 1)]);
        lua_rawseti(lua, 1, at);
    }
    return 0;
}

}  // namespace

void add_basic_functions(lua_State* lua) {
    const luaL_Reg functions[] = {
        {"next", edge<next_function>},
        {"pairs", edge<pairs_function>},
        {"ipairs", edge<ipairs_function>},
        {"type", edge<type_function>},
        {"tostring", edge<tostring_function>},
        {"unpack", edge<unpack_function>},
        {nullptr, nullptr},
    };
    luaL_register(lua, nullptr, functions);
}

void push_table_library(lua_State* lua) {
    const luaL_Reg functions[] = {
        {"concat", edge<concat_function>},
        {"insert", edge<insert_function>},
        {"remove", edge<remove_function>},
        {"sort", edge<sort_function>},
        {nullptr, nullptr},
    };
    lua_newtable(lua);
    luaL_register(lua, nullptr, functions);
}

}  // namespace moontide::bindings

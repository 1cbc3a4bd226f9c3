#include "bindings/proxies.hpp"

#include "bindings/state.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <new>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

enum class Kind : std::uint32_t { view, frozen, on };

/// Every userdata of a policy's state is one of these: nothing else in the fence makes any.
struct Proxy {
    Kind kind;
    std::uint32_t generation;
    const void* behind;
};

// Addresses that serve as keys of the registry.
const char view_meta = 0;
const char number_meta = 0;
const char frozen_meta = 0;
const char on_meta = 0;
const char list_meta = 0;
const char frozen_cache = 0;

void push_registered(lua_State* lua, const char& key) {
    lua_pushlightuserdata(lua, const_cast<char*>(&key));
    lua_rawget(lua, LUA_REGISTRYINDEX);
}

Proxy* proxy_at(lua_State* lua, int index) {
    return lua_type(lua, index) == LUA_TUSERDATA ? static_cast<Proxy*>(lua_touserdata(lua, index)) : nullptr;
}

Proxy& new_proxy(lua_State* lua, Kind kind, const void* behind, const char& meta) {
    void* room = lua_newuserdata(lua, sizeof(Proxy));
    auto* proxy = new (room) Proxy{kind, State::of(lua).generation(), behind};
    push_registered(lua, meta);
    lua_setmetatable(lua, -2);
    return *proxy;
}

void check_current(lua_State* lua, const Proxy& proxy) {
    if (proxy.generation != State::of(lua).generation()) {
        throw Raise("an object of an earlier evaluation was kept; read it from 'on' each time");
    }
}

const Json& view_of(lua_State* lua, int index) {
    const Proxy* proxy = proxy_at(lua, index);
    if (!proxy || proxy->kind != Kind::view) throw Raise("not an object of the API");
    check_current(lua, *proxy);
    return *static_cast<const Json*>(proxy->behind);
}

/// Null: nobody asks what is read of that map.
Reading* reading_of(lua_State* lua, const Json& map) {
    Reading* reading = State::of(lua).reading;
    return reading && reading->map == &map ? reading : nullptr;
}

int view_index(lua_State* lua) {
    const Json& value = view_of(lua, 1);
    if (value.is_object() && lua_type(lua, 2) == LUA_TSTRING) {
        std::size_t size = 0;
        const char* text = lua_tolstring(lua, 2, &size);
        const std::string_view key(text, size);
        if (Reading* reading = reading_of(lua, value)) reading->keys.emplace(key);
        const auto found = value.find(key);
        if (found == value.end()) return 0;
        push_view(lua, *found);
        return 1;
    }
    if (value.is_array() && lua_type(lua, 2) == LUA_TNUMBER) {
        const double at = lua_tonumber(lua, 2);
        if (at >= 1 && at <= static_cast<double>(value.size()) && std::floor(at) == at) {
            push_view(lua, value[static_cast<std::size_t>(at) - 1]);
            return 1;
        }
    }
    return 0;
}

int refuse_write(lua_State*) {
    throw Raise("what 'on' brings is read-only; build a table and return it");
}

int refuse_frozen_write(lua_State*) {
    throw Raise(
        "tables of the file itself are frozen once it is loaded, so that evaluations cannot depend on each "
        "other; build a new table in the function");
}

int view_length(lua_State* lua) {
    lua_pushnumber(lua, static_cast<lua_Number>(length(lua, 1)));
    return 1;
}

int view_equal(lua_State* lua) {
    const Proxy* left = proxy_at(lua, 1);
    const Proxy* right = proxy_at(lua, 2);
    lua_pushboolean(lua, left && right && left->behind == right->behind);
    return 1;
}

int number_arithmetic(lua_State* lua) {
    const Json* number = viewed(lua, 1);
    if (!number) number = viewed(lua, 2);
    throw Raise(
        fmt::format("{} is beyond 2^53: Lua's numbers do not hold it, so it can be passed on but not computed "
                    "with",
                    number ? number->dump() : "the number"));
}

int number_concat(lua_State* lua) {
    std::string text;
    for (int at = 1; at <= 2; ++at) {
        const Json* number = viewed(lua, at);
        if (number) {
            text += number->dump();
        } else {
            std::size_t size = 0;
            const char* part = luaL_checklstring(lua, at, &size);
            text.append(part, size);
        }
    }
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
}

int frozen_index(lua_State* lua) {
    push_thawed(lua, 1);
    lua_pushvalue(lua, 2);
    lua_rawget(lua, -2);
    if (lua_istable(lua, -1)) push_frozen(lua, -1);
    return 1;
}

int on_index(lua_State* lua) {
    const Proxy* proxy = proxy_at(lua, 1);
    check_current(lua, *proxy);
    if (lua_type(lua, 2) != LUA_TSTRING) return 0;
    std::size_t size = 0;
    const char* name = lua_tolstring(lua, 2, &size);
    static_cast<OnReader*>(const_cast<void*>(proxy->behind))->read(lua, std::string_view(name, size));
    return 1;
}

struct Field {
    const char* name;
    lua_CFunction function;
};

void register_meta(lua_State* lua, const char& key, std::initializer_list<Field> fields) {
    lua_pushlightuserdata(lua, const_cast<char*>(&key));
    lua_newtable(lua);
    for (const Field& field : fields) {
        lua_pushcfunction(lua, field.function);
        lua_setfield(lua, -2, field.name);
    }
    lua_rawset(lua, LUA_REGISTRYINDEX);
}

bool exact_in_double(const Json& number) {
    constexpr std::int64_t most = 1LL << 53;
    if (number.is_number_float()) return true;
    if (number.is_number_unsigned()) return number.get<std::uint64_t>() <= static_cast<std::uint64_t>(most);
    const auto integer = number.get<std::int64_t>();
    return -most <= integer && integer <= most;
}

/// True where the value was pushed: it is one that Lua holds itself.
bool push_scalar(lua_State* lua, const Json& value) {
    switch (value.type()) {
        case Json::value_t::null:
        case Json::value_t::discarded:
        case Json::value_t::binary:
            lua_pushnil(lua);
            return true;
        case Json::value_t::boolean:
            lua_pushboolean(lua, value.get<bool>());
            return true;
        case Json::value_t::string: {
            const auto& text = value.get_ref<const std::string&>();
            lua_pushlstring(lua, text.data(), text.size());
            return true;
        }
        case Json::value_t::number_integer:
        case Json::value_t::number_unsigned:
        case Json::value_t::number_float:
            if (!exact_in_double(value)) {
                new_proxy(lua, Kind::view, &value, number_meta);
                return true;
            }
            lua_pushnumber(lua, value.get<double>());
            return true;
        case Json::value_t::object:
        case Json::value_t::array:
            return false;
    }
    return false;
}

}  // namespace

void install_proxies(lua_State* lua) {
    register_meta(lua, view_meta,
                  {{"__index", edge<view_index>},
                   {"__newindex", edge<refuse_write>},
                   {"__len", edge<view_length>},
                   {"__eq", edge<view_equal>}});
    register_meta(lua, number_meta,
                  {{"__concat", edge<number_concat>},
                   {"__add", edge<number_arithmetic>},
                   {"__sub", edge<number_arithmetic>},
                   {"__mul", edge<number_arithmetic>},
                   {"__div", edge<number_arithmetic>},
                   {"__mod", edge<number_arithmetic>},
                   {"__pow", edge<number_arithmetic>},
                   {"__unm", edge<number_arithmetic>},
                   {"__lt", edge<number_arithmetic>},
                   {"__le", edge<number_arithmetic>},
                   {"__eq", edge<view_equal>}});
    register_meta(
        lua, frozen_meta,
        {{"__index", edge<frozen_index>}, {"__newindex", edge<refuse_frozen_write>}, {"__len", edge<view_length>}});
    register_meta(lua, on_meta, {{"__index", edge<on_index>}, {"__newindex", edge<refuse_write>}});
    register_meta(lua, list_meta, {});
    register_meta(lua, frozen_cache, {});
}

void push_view(lua_State* lua, const Json& value) {
    luaL_checkstack(lua, 4, "too many values");
    if (!push_scalar(lua, value)) new_proxy(lua, Kind::view, &value, view_meta);
}

void push_copy(lua_State* lua, const Json& value) {
    State::of(lua).charge(4);
    luaL_checkstack(lua, 4, "values nest too deep");
    const bool needs_digits = value.is_number() && !exact_in_double(value);
    if (push_scalar(lua, needs_digits ? State::of(lua).keep(value) : value)) return;
    if (value.is_array()) {
        lua_createtable(lua, static_cast<int>(std::min<std::size_t>(value.size(), 1U << 16)), 0);
        int at = 0;
        for (const Json& element : value) {
            // A hole would end the list.
            if (element.is_null()) throw Raise("a list holds null, which Lua's lists cannot");
            push_copy(lua, element);
            lua_rawseti(lua, -2, ++at);
        }
        mark_list(lua);
        return;
    }
    lua_newtable(lua);
    for (const auto& [key, element] : value.items()) {
        if (element.is_null()) continue;
        lua_pushlstring(lua, key.data(), key.size());
        push_copy(lua, element);
        lua_rawset(lua, -3);
    }
}

void push_on(lua_State* lua, OnReader& reader) {
    new_proxy(lua, Kind::on, &reader, on_meta);
}

const Json* viewed(lua_State* lua, int index) {
    const Proxy* proxy = proxy_at(lua, index);
    if (!proxy || proxy->kind != Kind::view) return nullptr;
    check_current(lua, *proxy);
    const auto* value = static_cast<const Json*>(proxy->behind);
    if (Reading* reading = reading_of(lua, *value)) reading->whole = true;
    return value;
}

bool push_thawed(lua_State* lua, int index) {
    const Proxy* proxy = proxy_at(lua, index);
    if (!proxy || proxy->kind != Kind::frozen) return false;
    lua_getfenv(lua, index);
    return true;
}

void push_frozen(lua_State* lua, int index) {
    luaL_checkstack(lua, 8, "tables nest too deep");
    lua_pushvalue(lua, index);
    push_registered(lua, frozen_cache);
    lua_pushvalue(lua, -2);
    lua_rawget(lua, -2);
    if (lua_isnil(lua, -1)) {
        lua_pop(lua, 1);
        new_proxy(lua, Kind::frozen, nullptr, frozen_meta);
        lua_pushvalue(lua, -3);
        lua_setfenv(lua, -2);
        lua_pushvalue(lua, -3);
        lua_pushvalue(lua, -2);
        lua_rawset(lua, -4);
    }
    lua_replace(lua, -3);
    lua_pop(lua, 1);
}

bool is_on(lua_State* lua, int index) {
    const Proxy* proxy = proxy_at(lua, index);
    return proxy && proxy->kind == Kind::on;
}

void mark_list(lua_State* lua) {
    push_registered(lua, list_meta);
    lua_setmetatable(lua, -2);
}

bool is_marked_list(lua_State* lua, int index) {
    if (!lua_getmetatable(lua, index)) return false;
    push_registered(lua, list_meta);
    const bool marked = lua_rawequal(lua, -1, -2) != 0;
    lua_pop(lua, 2);
    return marked;
}

const char* type_name(lua_State* lua, int index) {
    const Proxy* proxy = proxy_at(lua, index);
    if (!proxy) return lua_typename(lua, lua_type(lua, index));
    if (proxy->kind == Kind::view && static_cast<const Json*>(proxy->behind)->is_number()) return "number";
    return "table";
}

std::size_t length(lua_State* lua, int index) {
    if (const Json* value = viewed(lua, index)) return value->is_array() ? value->size() : 0;
    if (lua_type(lua, index) == LUA_TTABLE) return lua_objlen(lua, index);
    if (push_thawed(lua, index)) {
        const std::size_t size = lua_objlen(lua, -1);
        lua_pop(lua, 1);
        return size;
    }
    throw Raise(fmt::format("a table is expected, not a {}", type_name(lua, index)));
}

void push_sorted_keys(lua_State* lua, int index) {
    struct Key {
        int type;
        double number;
        std::string_view text;
    };
    if (!push_thawed(lua, index)) {
        luaL_checktype(lua, index, LUA_TTABLE);
        lua_pushvalue(lua, index);
    }
    State& state = State::of(lua);
    std::vector<Key> keys;
    lua_pushnil(lua);
    while (lua_next(lua, -2) != 0) {
        lua_pop(lua, 1);
        state.charge(2);
        const int type = lua_type(lua, -1);
        Key key{type, 0, {}};
        if (type == LUA_TNUMBER) {
            key.number = lua_tonumber(lua, -1);
        } else if (type == LUA_TSTRING) {
            std::size_t size = 0;
            const char* text = lua_tolstring(lua, -1, &size);
            key.text = std::string_view(text, size);
        } else if (type == LUA_TBOOLEAN) {
            key.number = lua_toboolean(lua, -1);
        } else {
            throw Raise(
                fmt::format("a table with a {} for a key has no order to go through it in", type_name(lua, -1)));
        }
        keys.push_back(key);
    }
    const auto rank = [](const Key& key) { return key.type == LUA_TNUMBER ? 0 : key.type == LUA_TSTRING ? 1 : 2; };
    std::ranges::sort(keys, [&](const Key& left, const Key& right) {
        if (left.type != right.type) return rank(left) < rank(right);
        return left.type == LUA_TSTRING ? left.text < right.text : left.number < right.number;
    });
    state.charge(keys.size() * 4);
    lua_createtable(lua, static_cast<int>(keys.size()), 0);
    int at = 0;
    for (const Key& key : keys) {
        if (key.type == LUA_TNUMBER) {
            lua_pushnumber(lua, key.number);
        } else if (key.type == LUA_TSTRING) {
            lua_pushlstring(lua, key.text.data(), key.text.size());
        } else {
            lua_pushboolean(lua, key.number != 0);
        }
        lua_rawseti(lua, -2, ++at);
    }
    lua_remove(lua, -2);  // the table
}

}  // namespace moontide::bindings

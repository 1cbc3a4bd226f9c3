#include "bindings/convert.hpp"

#include "bindings/state.hpp"

#include <cmath>
#include <cstdint>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr int deepest_table = 64;
constexpr int most_converted = 100'000;
constexpr std::size_t most_text = 8U << 20;
constexpr double most_exact = 9007199254740992.0;  // 2^53

class Converter {
public:
    explicit Converter(lua_State* lua) : lua_(lua) {}

    Json value(int index, const std::string& place, int depth) {
        if (++values_ > most_converted) throw Raise(fmt::format("{}: more than {} values", place, most_converted));
        State::of(lua_).charge(4);
        if (const Json* view = viewed(lua_, index)) {
            State::of(lua_).charge(64);
            return *view;
        }
        switch (lua_type(lua_, index)) {
            case LUA_TNIL:
                return nullptr;
            case LUA_TBOOLEAN:
                return lua_toboolean(lua_, index) != 0;
            case LUA_TNUMBER:
                return number(lua_tonumber(lua_, index), place);
            case LUA_TSTRING:
                return text(index, place);
            default:
                break;
        }
        if (depth >= deepest_table) {
            throw Raise(fmt::format("{}: deeper than {} tables; does a table hold itself?", place, deepest_table));
        }
        luaL_checkstack(lua_, 8, "tables nest too deep");
        const StackGuard guard(lua_);
        if (lua_type(lua_, index) == LUA_TTABLE) {
            lua_pushvalue(lua_, index);
        } else if (is_on(lua_, index) || !push_thawed(lua_, index)) {
            throw Raise(fmt::format("{}: a {} cannot be written", place,
                                    is_on(lua_, index) ? "whole 'on'" : type_name(lua_, index)));
        }
        return table(lua_gettop(lua_), place, depth);
    }

private:
    Json number(double number, const std::string& place) const {
        if (!std::isfinite(number)) throw Raise(fmt::format("{}: {} is no number that JSON has", place, number));
        if (std::floor(number) != number) return number;
        if (std::abs(number) > most_exact) {
            throw Raise(
                fmt::format("{}: an integer beyond 2^53 is not exact in Lua; pass it on as text or as it came", place));
        }
        return static_cast<std::int64_t>(number);
    }

    Json text(int index, const std::string& place) {
        std::size_t size = 0;
        const char* begin = lua_tolstring(lua_, index, &size);
        bytes_ += size;
        if (bytes_ > most_text) throw Raise(fmt::format("{}: more than {} MiB of text", place, most_text >> 20));
        State::of(lua_).charge(size / 16);
        if (!is_utf8({begin, size})) throw Raise(fmt::format("{}: a text that is not UTF-8", place));
        return std::string(begin, size);
    }

    Json table(int table, const std::string& place, int depth) {
        std::size_t count = 0;
        std::size_t positions = 0;
        double last = 0;
        lua_pushnil(lua_);
        while (lua_next(lua_, table) != 0) {
            lua_pop(lua_, 1);
            ++count;
            if (lua_type(lua_, -1) == LUA_TNUMBER) {
                const double at = lua_tonumber(lua_, -1);
                if (at >= 1 && std::floor(at) == at) ++positions;
                last = std::max(last, at);
            } else if (lua_type(lua_, -1) != LUA_TSTRING) {
                throw Raise(fmt::format("{}: a {} as a key", place, type_name(lua_, -1)));
            }
        }
        State::of(lua_).charge(count);
        if (count == 0) return is_marked_list(lua_, table) ? Json::array() : Json::object();
        if (positions == 0) return map(table, place, depth);
        if (positions != count) throw Raise(fmt::format("{}: positions and names in one table", place));
        if (last != static_cast<double>(count)) throw Raise(fmt::format("{}: a list with holes", place));
        Json list = Json::array();
        for (std::size_t at = 1; at <= count; ++at) {
            lua_rawgeti(lua_, table, static_cast<int>(at));
            list.push_back(value(lua_gettop(lua_), fmt::format("{}[{}]", place, at), depth + 1));
            lua_pop(lua_, 1);
        }
        return list;
    }

    // In the order of the keys, so that of several mistakes always the same one is named.
    Json map(int table, const std::string& place, int depth) {
        Json object = Json::object();
        push_sorted_keys(lua_, table);
        const int keys = lua_gettop(lua_);
        const auto count = static_cast<int>(lua_objlen(lua_, keys));
        for (int at = 1; at <= count; ++at) {
            lua_rawgeti(lua_, keys, at);
            if (lua_type(lua_, -1) != LUA_TSTRING) {
                throw Raise(fmt::format("{}: positions and names in one table", place));
            }
            std::string key = text(lua_gettop(lua_), place).get<std::string>();
            lua_rawget(lua_, table);
            Json converted = value(lua_gettop(lua_), fmt::format("{}.{}", place, key), depth + 1);
            object.emplace(std::move(key), std::move(converted));
            lua_pop(lua_, 1);
        }
        return object;
    }

    lua_State* lua_;
    int values_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace

bool is_utf8(std::string_view text) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    std::size_t at = 0;
    while (at < text.size()) {
        const unsigned char first = byte(at);
        if (first < 0x80) {
            ++at;
            continue;
        }
        const std::size_t size = first >= 0xC2 && first <= 0xDF   ? 2
                                 : first >= 0xE0 && first <= 0xEF ? 3
                                 : first >= 0xF0 && first <= 0xF4 ? 4
                                                                  : 0;
        if (size == 0 || at + size > text.size()) return false;
        for (std::size_t more = 1; more < size; ++more) {
            if ((byte(at + more) & 0xC0) != 0x80) return false;
        }
        const unsigned char second = byte(at + 1);
        // Overlong forms, surrogates and what is beyond U+10FFFF (RFC 3629).
        if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
            (first == 0xF4 && second > 0x8F)) {
            return false;
        }
        at += size;
    }
    return true;
}

Json to_json(lua_State* lua, int index, const std::string& place) {
    const int absolute = index < 0 ? lua_gettop(lua) + index + 1 : index;
    return Converter(lua).value(absolute, place, 0);
}

bool to_bytes(lua_State* lua, int index, const std::string& place, std::map<std::string, std::string>& bytes) {
    const int absolute = index < 0 ? lua_gettop(lua) + index + 1 : index;
    if (lua_isnil(lua, absolute)) return false;
    const StackGuard guard(lua);
    if (const Json* view = viewed(lua, absolute)) {
        if (!view->is_object()) throw Raise(fmt::format("{}: a map of texts is expected", place));
        for (const auto& [key, value] : view->items()) {
            if (!value.is_string()) throw Raise(fmt::format("{}.{}: a text is expected", place, key));
            bytes[key] = value.get<std::string>();
        }
        return true;
    }
    if (lua_type(lua, absolute) == LUA_TTABLE) {
        lua_pushvalue(lua, absolute);
    } else if (!push_thawed(lua, absolute)) {
        throw Raise(fmt::format("{}: a map of texts is expected, not a {}", place, type_name(lua, absolute)));
    }
    const int table = lua_gettop(lua);
    std::size_t total = 0;
    push_sorted_keys(lua, table);
    const int keys = lua_gettop(lua);
    const auto count = static_cast<int>(lua_objlen(lua, keys));
    for (int at = 1; at <= count; ++at) {
        lua_rawgeti(lua, keys, at);
        if (lua_type(lua, -1) != LUA_TSTRING)
            throw Raise(fmt::format("{}: a map of texts is expected, not a list", place));
        std::size_t key_size = 0;
        const char* key_begin = lua_tolstring(lua, -1, &key_size);
        const std::string key(key_begin, key_size);
        lua_rawget(lua, table);
        if (lua_type(lua, -1) != LUA_TSTRING) {
            throw Raise(
                fmt::format("{}.{}: a text is expected, not a {}; use tostring", place, key, type_name(lua, -1)));
        }
        std::size_t size = 0;
        const char* begin = lua_tolstring(lua, -1, &size);
        total += size + key_size;
        if (total > most_text) throw Raise(fmt::format("{}: more than {} MiB", place, most_text >> 20));
        State::of(lua).charge(4 + size / 16);
        bytes[key] = std::string(begin, size);
        lua_pop(lua, 1);
    }
    return true;
}

}  // namespace moontide::bindings

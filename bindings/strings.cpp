#include "bindings/libraries.hpp"
#include "bindings/pattern.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

std::string_view text_argument(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    return {text, size};
}

void append(std::string& text, std::string_view more) {
    if (text.size() + more.size() > longest_text) throw Raise("the text is longer than 16 MiB");
    text += more;
}

/// The first character that a start position (from 1, negative ones from the end) means, from 0.
std::size_t start_of(double position, std::size_t size) {
    if (position > 0) return static_cast<std::size_t>(std::min(position - 1, static_cast<double>(size) + 1));
    if (position == 0 || -position >= static_cast<double>(size)) return 0;
    return size - static_cast<std::size_t>(-position);
}

/// A Matcher whose steps are taken from the budget.
class Charged {
public:
    Charged(State& state, std::string_view text, std::string_view pattern)
        : state_(state), matcher_(text, pattern, state.budget()) {}

    const Matcher& operator*() const { return matcher_; }

    std::optional<std::size_t> match_at(std::size_t begin) {
        std::optional<std::size_t> end;
        try {
            end = matcher_.match_at(begin);
        } catch (const OutOfSteps&) {
            state_.charge(std::numeric_limits<std::int64_t>::max());
        }
        const std::uint64_t all = matcher_.steps_taken();
        state_.charge(all - settled_);
        settled_ = all;
        return end;
    }

private:
    State& state_;
    Matcher matcher_;
    std::uint64_t settled_ = 0;
};

void push_capture(lua_State* lua, const Matcher::Capture& capture) {
    if (capture.position) {
        lua_pushnumber(lua, static_cast<lua_Number>(*capture.position));
    } else {
        lua_pushlstring(lua, capture.text.data(), capture.text.size());
    }
}

/// The captures, or where there are none the whole match; how many.
int push_captures(lua_State* lua, const Matcher& matcher, std::optional<std::string_view> whole) {
    if (matcher.captures() == 0 && whole) {
        lua_pushlstring(lua, whole->data(), whole->size());
        return 1;
    }
    luaL_checkstack(lua, static_cast<int>(matcher.captures()), "too many captures");
    for (std::size_t at = 0; at < matcher.captures(); ++at) push_capture(lua, matcher.capture(at));
    return static_cast<int>(matcher.captures());
}

int find_plain(lua_State* lua, std::string_view text, std::string_view pattern, std::size_t begin) {
    State::of(lua).charge((text.size() + pattern.size()) / 16 + 1);
    const void* found = pattern.empty()
                            ? text.data() + begin
                            : memmem(text.data() + begin, text.size() - begin, pattern.data(), pattern.size());
    if (!found) {
        lua_pushnil(lua);
        return 1;
    }
    const auto at = static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
    lua_pushnumber(lua, static_cast<lua_Number>(at + 1));
    lua_pushnumber(lua, static_cast<lua_Number>(at + pattern.size()));
    return 2;
}

enum class Wanted { place, captures };

int search(lua_State* lua, Wanted wanted) {
    const std::string_view text = text_argument(lua, 1);
    std::string_view pattern = text_argument(lua, 2);
    std::size_t at = start_of(luaL_optnumber(lua, 3, 1), text.size());
    if (at > text.size()) {
        lua_pushnil(lua);
        return 1;
    }
    if (wanted == Wanted::place && (lua_toboolean(lua, 4) || !has_specials(pattern))) {
        return find_plain(lua, text, pattern, at);
    }
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    Charged matcher(State::of(lua), text, pattern);
    do {
        const auto end = matcher.match_at(at);
        if (!end) continue;
        if (wanted == Wanted::captures) return push_captures(lua, *matcher, text.substr(at, *end - at));
        lua_pushnumber(lua, static_cast<lua_Number>(at + 1));
        lua_pushnumber(lua, static_cast<lua_Number>(*end));
        return 2 + push_captures(lua, *matcher, std::nullopt);
    } while (++at <= text.size() && !anchored);
    lua_pushnil(lua);
    return 1;
}

int find_function(lua_State* lua) {
    return search(lua, Wanted::place);
}

int pattern_match_function(lua_State* lua) {
    return search(lua, Wanted::captures);
}

/// Upvalues: text, pattern, where to go on, generation.
int gmatch_step(lua_State* lua) {
    if (lua_tonumber(lua, lua_upvalueindex(4)) != State::of(lua).generation()) {
        throw Raise("an iterator of an earlier evaluation was kept");
    }
    const std::string_view text = text_argument(lua, lua_upvalueindex(1));
    const std::string_view pattern = text_argument(lua, lua_upvalueindex(2));
    Charged matcher(State::of(lua), text, pattern);
    for (auto at = static_cast<std::size_t>(lua_tonumber(lua, lua_upvalueindex(3))); at <= text.size(); ++at) {
        const auto end = matcher.match_at(at);
        if (!end) continue;
        lua_pushnumber(lua, static_cast<lua_Number>(*end == at ? *end + 1 : *end));
        lua_replace(lua, lua_upvalueindex(3));
        return push_captures(lua, *matcher, text.substr(at, *end - at));
    }
    return 0;
}

int gmatch_function(lua_State* lua) {
    text_argument(lua, 1);
    text_argument(lua, 2);
    lua_settop(lua, 2);
    lua_pushnumber(lua, 0);
    lua_pushnumber(lua, State::of(lua).generation());
    lua_pushcclosure(lua, edge<gmatch_step>, 4);
    return 1;
}

/// What a replacement text (`%1`, `%0`, `%%`) gives for the last match.
void append_replacement(std::string& result, const Matcher& matcher, std::string_view replacement,
                        std::string_view whole) {
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        if (replacement[at] != '%') {
            append(result, replacement.substr(at, 1));
            continue;
        }
        const char digit = ++at < replacement.size() ? replacement[at] : '\0';
        if (digit < '0' || digit > '9') {
            append(result, replacement.substr(at, 1));
            continue;
        }
        const auto index = static_cast<std::size_t>(digit - '0');
        if (index == 0 || (index == 1 && matcher.captures() == 0)) {
            append(result, whole);
        } else if (index > matcher.captures()) {
            throw Raise(fmt::format("the replacement names capture %{}, which the pattern does not have", digit));
        } else {
            const Matcher::Capture capture = matcher.capture(index - 1);
            append(result, capture.position ? std::to_string(*capture.position) : std::string(capture.text));
        }
    }
}

/// Asks the table or function at 3; what it gives stands for the match, nil and false leave it.
void append_looked_up(lua_State* lua, std::string& result, const Matcher& matcher, std::string_view whole) {
    if (lua_type(lua, 3) == LUA_TFUNCTION) {
        const CallbackScope scope(State::of(lua));
        lua_pushvalue(lua, 3);
        lua_call(lua, push_captures(lua, matcher, whole), 1);
    } else {
        if (matcher.captures() == 0) {
            lua_pushlstring(lua, whole.data(), whole.size());
        } else {
            push_capture(lua, matcher.capture(0));
        }
        lua_gettable(lua, 3);
    }
    if (!lua_toboolean(lua, -1)) {
        append(result, whole);
    } else if (lua_isstring(lua, -1)) {
        append(result, text_argument(lua, -1));
    } else {
        throw Raise(fmt::format("a replacement is a text, not a {}", type_name(lua, -1)));
    }
    lua_pop(lua, 1);
}

int gsub_function(lua_State* lua) {
    const std::string_view text = text_argument(lua, 1);
    std::string_view pattern = text_argument(lua, 2);
    const bool by_text = lua_isstring(lua, 3) != 0;
    if (!by_text && lua_type(lua, 3) != LUA_TFUNCTION && std::string_view(type_name(lua, 3)) != "table") {
        throw Raise(fmt::format("'gsub' replaces by a text, table or function, not by a {}",
                                lua_isnone(lua, 3) ? "nothing" : type_name(lua, 3)));
    }
    const double most = luaL_optnumber(lua, 4, std::numeric_limits<double>::infinity());
    const bool anchored = pattern.starts_with('^');
    if (anchored) pattern.remove_prefix(1);
    State& state = State::of(lua);
    Charged matcher(state, text, pattern);
    std::string result;
    std::size_t at = 0;
    double count = 0;
    while (count < most) {
        const auto end = matcher.match_at(at);
        if (end) {
            ++count;
            const std::string_view whole = text.substr(at, *end - at);
            const std::size_t before = result.size();
            if (by_text) {
                append_replacement(result, *matcher, text_argument(lua, 3), whole);
            } else {
                append_looked_up(lua, result, *matcher, whole);
            }
            state.charge((result.size() - before) / 16 + 1);
        }
        if (end && *end > at) {
            at = *end;
        } else if (at < text.size()) {
            result += text[at++];
        } else {
            break;
        }
        if (anchored) break;
    }
    if (at < text.size()) append(result, text.substr(at));
    lua_pushlstring(lua, result.data(), result.size());
    lua_pushnumber(lua, count);
    return 2;
}

int rep_function(lua_State* lua) {
    const std::string_view text = text_argument(lua, 1);
    const double times = luaL_checknumber(lua, 2);
    std::size_t separator_size = 0;
    const char* separator = luaL_optlstring(lua, 3, "", &separator_size);
    const std::size_t one = text.size() + separator_size;
    if (!(times >= 1) || one == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    if (times * static_cast<double>(one) > static_cast<double>(longest_text)) {
        throw Raise("'rep' would make a text longer than 16 MiB");
    }
    const auto count = static_cast<std::size_t>(times);
    State::of(lua).charge(count + count * one / 16);
    std::string result;
    result.reserve(count * one);
    for (std::size_t at = 0; at < count; ++at) {
        if (at > 0) result.append(separator, separator_size);
        result += text;
    }
    lua_pushlstring(lua, result.data(), result.size());
    return 1;
}

}  // namespace

void push_string_library(lua_State* lua, int stock) {
    const luaL_Reg functions[] = {
        {"find", edge<find_function>},
        {"match", edge<pattern_match_function>},
        {"gmatch", edge<gmatch_function>},
        {"gsub", edge<gsub_function>},
        {"rep", edge<rep_function>},
        {"format", edge<format_text>},
        {nullptr, nullptr},
    };
    lua_newtable(lua);
    luaL_register(lua, nullptr, functions);
    for (const char* linear : {"byte", "char", "len", "lower", "reverse", "sub", "upper"}) {
        lua_getfield(lua, stock, linear);
        lua_setfield(lua, -2, linear);
    }
}

}  // namespace moontide::bindings

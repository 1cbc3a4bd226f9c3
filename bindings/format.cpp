#include "bindings/libraries.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// `%-08.3f` up to its letter: flags, at most two digits of width and of precision.
struct Specification {
    std::string flags_and_sizes;
    char letter = '\0';
    std::size_t end = 0;
};

Specification parse(std::string_view format, std::size_t at) {
    Specification found;
    const auto take_digits = [&] {
        for (int digits = 0; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++digits) {
            if (digits == 2) throw Raise("'format': a width or precision has at most two digits");
            found.flags_and_sizes += format[at++];
        }
    };
    while (at < format.size() && std::string_view("-+ #0").find(format[at]) != std::string_view::npos) {
        if (found.flags_and_sizes.size() >= 5) throw Raise("'format': repeated flags");
        found.flags_and_sizes += format[at++];
    }
    take_digits();
    if (at < format.size() && format[at] == '.') {
        found.flags_and_sizes += format[at++];
        take_digits();
    }
    if (at >= format.size()) throw Raise("'format' ends within a '%'");
    found.letter = format[at];
    found.end = at + 1;
    return found;
}

template <typename Value>
std::string printed(const Specification& specification, const char* length, char letter, Value value) {
    const std::string format = "%" + specification.flags_and_sizes + length + letter;
    std::array<char, 512> text{};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    const int size = std::snprintf(text.data(), text.size(), format.c_str(), value);
#pragma GCC diagnostic pop
    return std::string(text.data(), static_cast<std::size_t>(size));
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (char character : text) {
        if (character == '"' || character == '\\' || character == '\n') result += '\\';
        if (character == '\r') {
            result += "\\r";
        } else if (character == '\0') {
            result += "\\000";
        } else {
            result += character;
        }
    }
    return result + "\"";
}

long long integer_argument(lua_State* lua, int index) {
    const double number = luaL_checknumber(lua, index);
    if (!(number >= -9.2e18 && number <= 9.2e18)) throw Raise("'format': the number is no integer that fits");
    return static_cast<long long>(number);
}

}  // namespace

int format_text(lua_State* lua) {
    std::size_t format_size = 0;
    const char* format_begin = luaL_checklstring(lua, 1, &format_size);
    const std::string_view format(format_begin, format_size);
    State& state = State::of(lua);
    state.charge(format.size() / 16);
    std::string result;
    int argument = 1;
    for (std::size_t at = 0; at < format.size();) {
        if (format[at] != '%') {
            result += format[at++];
            continue;
        }
        if (at + 1 < format.size() && format[at + 1] == '%') {
            result += '%';
            at += 2;
            continue;
        }
        const Specification specification = parse(format, at + 1);
        at = specification.end;
        ++argument;
        state.charge(4);
        switch (specification.letter) {
            case 'c':
                result += static_cast<char>(integer_argument(lua, argument));
                break;
            case 'd':
            case 'i':
                result += printed(specification, "ll", 'd', integer_argument(lua, argument));
                break;
            case 'o':
            case 'u':
            case 'x':
            case 'X':
                result += printed(specification, "ll", specification.letter, integer_argument(lua, argument));
                break;
            case 'e':
            case 'E':
            case 'f':
            case 'g':
            case 'G':
                result += printed(specification, "", specification.letter, luaL_checknumber(lua, argument));
                break;
            case 'q':
            case 's': {
                luaL_checkany(lua, argument);
                // Not `..`: a table has a name here, as it has for tostring.
                lua_getfield(lua, LUA_REGISTRYINDEX, "moontide.tostring");
                lua_pushvalue(lua, argument);
                lua_call(lua, 1, 1);
                std::size_t size = 0;
                const char* text = lua_tolstring(lua, -1, &size);
                state.charge(size / 16);
                const std::string_view whole(text, size);
                if (specification.letter == 'q') {
                    result += quoted(whole);
                } else if (specification.flags_and_sizes.empty()) {
                    result += whole;
                } else if (size >= 100) {
                    result += specification.flags_and_sizes.find('.') == std::string::npos
                                  ? std::string(whole)
                                  : printed(specification, "", 's', std::string(whole).c_str());
                } else {
                    result += printed(specification, "", 's', std::string(whole).c_str());
                }
                lua_pop(lua, 1);
                break;
            }
            default:
                throw Raise(fmt::format("'format' has no '%{}'", specification.letter));
        }
        if (result.size() > longest_text) throw Raise("'format' would make a text longer than 16 MiB");
    }
    lua_pushlstring(lua, result.data(), result.size());
    return 1;
}

}  // namespace moontide::bindings

#include "bindings/bytes.hpp"
#include "bindings/convert.hpp"
#include "bindings/libraries.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"
#include "bindings/yaml.hpp"
#include "kube/selector.hpp"
#include "policy/shorten.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <re2/re2.h>

namespace moontide::bindings {
namespace {

constexpr std::size_t longest_regex = 1000;
constexpr std::size_t longest_given = 4U << 20;
constexpr std::size_t most_warnings = 20;
constexpr std::size_t longest_warning = 500;
constexpr int deepest_json = 64;

std::string_view given_text(lua_State* lua, int index) {
    std::size_t size = 0;
    const char* text = luaL_checklstring(lua, index, &size);
    if (size > longest_given) throw Raise("the text is longer than 4 MiB");
    State::of(lua).charge(size / 8 + 16);
    return {text, size};
}

int push_text(lua_State* lua, std::string_view text) {
    lua_pushlstring(lua, text.data(), text.size());
    return 1;
}

std::unique_ptr<RE2> compiled(lua_State* lua, std::string_view pattern) {
    if (pattern.size() > longest_regex) throw Raise(fmt::format("a regex of more than {} bytes", longest_regex));
    State::of(lua).charge(200 + pattern.size() * 50);
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(4 << 20);
    auto regex = std::make_unique<RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
    if (!regex->ok()) throw Raise(fmt::format("the regex '{}': {}", pattern, regex->error()));
    return regex;
}

int key_function(lua_State* lua) {
    return push_text(lua, policy::valid_key(given_text(lua, 1)));
}

int name_function(lua_State* lua) {
    return push_text(lua, policy::valid_name(given_text(lua, 1)));
}

/// Like string.match, with RE2's syntax: the captures, or the whole match, or nil.
int regex_function(lua_State* lua) {
    const std::string_view text = given_text(lua, 1);
    const auto regex = compiled(lua, given_text(lua, 2));
    const auto groups = static_cast<std::size_t>(regex->NumberOfCapturingGroups());
    if (groups > 30) throw Raise("the regex has more than 30 groups");
    State::of(lua).charge(text.size());
    std::vector<re2::StringPiece> found(groups + 1);
    if (!regex->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), RE2::UNANCHORED, found.data(),
                      static_cast<int>(found.size()))) {
        lua_pushnil(lua);
        return 1;
    }
    luaL_checkstack(lua, static_cast<int>(found.size()), "too many groups");
    if (groups == 0) return push_text(lua, {found[0].data(), found[0].size()});
    for (std::size_t at = 1; at <= groups; ++at) {
        if (found[at].data()) {
            push_text(lua, {found[at].data(), found[at].size()});
        } else {
            lua_pushnil(lua);
        }
    }
    return static_cast<int>(groups);
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// Whether one of the comma-separated regexes (or of a list of them) is the whole text.
int any_function(lua_State* lua) {
    const std::string_view text = given_text(lua, 2);
    const auto holds = [&](std::string_view pattern) {
        if (pattern.empty()) return false;
        const auto regex = compiled(lua, pattern);
        State::of(lua).charge(text.size());
        return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *regex);
    };
    bool any = false;
    if (lua_isstring(lua, 1)) {
        std::string_view rest = given_text(lua, 1);
        while (!any && !rest.empty()) {
            const auto comma = rest.find(',');
            any = holds(trimmed(rest.substr(0, comma)));
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
    } else if (!lua_isnil(lua, 1)) {
        for (std::size_t at = 1; !any && at <= length(lua, 1); ++at) {
            lua_pushnumber(lua, static_cast<lua_Number>(at));
            lua_gettable(lua, 1);
            any = holds(trimmed(given_text(lua, -1)));
            lua_pop(lua, 1);
        }
    }
    lua_pushboolean(lua, any);
    return 1;
}

int glob_function(lua_State* lua) {
    const std::string_view pattern = given_text(lua, 1);
    const std::string_view text = given_text(lua, 2);
    if (pattern.size() > longest_regex) throw Raise(fmt::format("a glob of more than {} bytes", longest_regex));
    State::of(lua).charge(text.size() * (1 + pattern.size() / 16));
    lua_pushboolean(lua, kube::glob_matches(pattern, text));
    return 1;
}

int json_encode(lua_State* lua) {
    luaL_checkany(lua, 1);
    return push_text(lua, to_json(lua, 1, "json.encode").dump());
}

int json_decode(lua_State* lua) {
    const std::string_view text = given_text(lua, 1);
    State::of(lua).charge(text.size());
    Json value;
    try {
        value = Json::parse(text, [](int depth, Json::parse_event_t, Json&) {
            if (depth > deepest_json) throw Raise(fmt::format("json.decode: deeper than {}", deepest_json));
            return true;
        });
    } catch (const Json::parse_error& error) {
        // Its own text quotes the input, which may be a Secret's.
        throw Raise(fmt::format("json.decode: the text is no JSON, at byte {}", error.byte));
    }
    push_copy(lua, value);
    return 1;
}

int yaml_encode(lua_State* lua) {
    luaL_checkany(lua, 1);
    return push_text(lua, yaml_text(to_json(lua, 1, "yaml.encode")));
}

int yaml_decode(lua_State* lua) {
    const std::string_view text = given_text(lua, 1);
    if (text.size() > (1U << 20)) throw Raise("yaml.decode: the text is longer than 1 MiB");
    State::of(lua).charge(text.size() * 4);
    const auto value = parse_yaml(text);
    if (!value) throw Raise("yaml.decode: " + value.error().message);
    push_copy(lua, *value);
    return 1;
}

int base64_encode(lua_State* lua) {
    return push_text(lua, base64(given_text(lua, 1)));
}

int base64_decode(lua_State* lua) {
    const auto bytes = base64_decoded(given_text(lua, 1));
    if (!bytes) throw Raise("base64.decode: the text is not base64");
    return push_text(lua, *bytes);
}

int sha256_function(lua_State* lua) {
    return push_text(lua, sha256(given_text(lua, 1)));
}

/// moontide.list() or moontide.list { ... }: a list also where it is empty.
int list_function(lua_State* lua) {
    if (lua_isnoneornil(lua, 1)) {
        lua_newtable(lua);
        mark_list(lua);
        return 1;
    }
    if (lua_type(lua, 1) != LUA_TTABLE) throw Raise("'list' takes a table of its elements, or nothing");
    lua_settop(lua, 1);
    mark_list(lua);
    return 1;
}

int warn_function(lua_State* lua) {
    const std::string_view text = given_text(lua, 1);
    std::vector<std::string>* warnings = State::of(lua).warnings;
    if (!warnings) throw Raise("'warn' is for the functions of slots, where there is an object to warn about");
    if (!is_utf8(text)) throw Raise("'warn' takes UTF-8");
    if (warnings->size() < most_warnings) warnings->emplace_back(text.substr(0, longest_warning));
    return 0;
}

void add_pair(lua_State* lua, const char* name, lua_CFunction encode, lua_CFunction decode) {
    lua_newtable(lua);
    lua_pushcfunction(lua, encode);
    lua_setfield(lua, -2, "encode");
    lua_pushcfunction(lua, decode);
    lua_setfield(lua, -2, "decode");
    lua_setfield(lua, -2, name);
}

}  // namespace

void push_moontide_library(lua_State* lua) {
    const luaL_Reg functions[] = {
        {"key", edge<key_function>},
        {"name", edge<name_function>},
        {"match", edge<regex_function>},
        {"any", edge<any_function>},
        {"glob", edge<glob_function>},
        {"list", edge<list_function>},
        {"warn", edge<warn_function>},
        {"sha256", edge<sha256_function>},
        {"template", edge<render_template>},
        {"template_error", edge<parse_template>},
        {nullptr, nullptr},
    };
    lua_newtable(lua);
    luaL_register(lua, nullptr, functions);
    add_pair(lua, "json", edge<json_encode>, edge<json_decode>);
    add_pair(lua, "yaml", edge<yaml_encode>, edge<yaml_decode>);
    add_pair(lua, "base64", edge<base64_encode>, edge<base64_decode>);
}

}  // namespace moontide::bindings

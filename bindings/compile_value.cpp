#include "base/nearest.hpp"
#include "bindings/compiler.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

constexpr int deepest_literal = 32;

}  // namespace

void Compiler::reject(const std::string& path, const std::string& message) const {
    throw Raise(fmt::format("{}:{}: {}", text_.file, lines_.line(path), message));
}

void Compiler::reject_type(int index, const std::string& path, const std::string& wanted) const {
    reject(path, fmt::format("'{}' must be {}, not a {}", path, wanted, type_name(lua_, index)));
}

bool Compiler::is_list(int index) const {
    return lua_istable(lua_, index) && (lua_objlen(lua_, index) > 0 || is_marked_list(lua_, index));
}

std::vector<std::string> Compiler::keys(int index, const std::string& path) {
    const StackGuard guard(lua_);
    std::vector<std::string> names;
    push_sorted_keys(lua_, index);
    const auto count = static_cast<int>(lua_objlen(lua_, -1));
    for (int at = 1; at <= count; ++at) {
        lua_rawgeti(lua_, -1, at);
        if (lua_type(lua_, -1) != LUA_TSTRING) {
            reject(path, fmt::format("'{}' has a {} as a key where names are expected", path.empty() ? "policy" : path,
                                     type_name(lua_, -1)));
        }
        std::size_t size = 0;
        const char* name = lua_tolstring(lua_, -1, &size);
        names.emplace_back(name, size);
        lua_pop(lua_, 1);
    }
    return names;
}

bool Compiler::has_field(int table, const char* name) {
    lua_pushstring(lua_, name);
    lua_rawget(lua_, table);
    const bool there = !lua_isnil(lua_, -1);
    lua_pop(lua_, 1);
    return there;
}

void Compiler::with_field(int table, const std::string& path, const char* name, const Visit& visit) {
    const StackGuard guard(lua_);
    luaL_checkstack(lua_, 8, "tables nest too deep");
    lua_pushstring(lua_, name);
    lua_rawget(lua_, table);
    if (!lua_isnil(lua_, -1)) visit(lua_gettop(lua_), joined(path, name));
}

void Compiler::each(int index, const std::string& path, const Visit& visit) {
    const std::size_t count = lua_objlen(lua_, index);
    const StackGuard guard(lua_);
    luaL_checkstack(lua_, 8, "tables nest too deep");
    push_sorted_keys(lua_, index);
    if (lua_objlen(lua_, -1) != count) reject(path, fmt::format("'{}' is a list with names or holes in it", path));
    for (std::size_t at = 1; at <= count; ++at) {
        lua_rawgeti(lua_, index, static_cast<int>(at));
        visit(lua_gettop(lua_), joined(path, at));
        lua_pop(lua_, 1);
    }
}

void Compiler::check_fields(int index, const std::string& path, Fields fields, const char* what) {
    if (!lua_istable(lua_, index)) reject_type(index, path, "a table");
    for (const std::string& name : keys(index, path)) {
        const Slot* slot = find_slot(fields, name);
        const std::string whole = joined(path, name);
        const std::string within = path.empty() ? "" : fmt::format(" in '{}'", path);
        if (!slot) {
            reject(whole, fmt::format("unknown {} '{}'{}{}", what, name, within, near_name(fields, name)));
        }
        if (!slot->not_served.empty())
            reject(whole, fmt::format("{} '{}'{}: {}", what, name, within, slot->not_served));
    }
}

std::string Compiler::literal(int index, const std::string& path) {
    if (lua_type(lua_, index) != LUA_TSTRING) reject_type(index, path, "literal text");
    std::size_t size = 0;
    const char* text = lua_tolstring(lua_, index, &size);
    const auto compiled = policy::PlaceholderText::compile({text, size}, policy::Braces::strict);
    if (!compiled || !compiled->is_literal()) {
        reject(path,
               fmt::format("'{}' must be literal text, without placeholders: it is known before any object is", path));
    }
    return std::string(text, size);
}

bool Compiler::boolean(int index, const std::string& path) {
    if (lua_type(lua_, index) != LUA_TBOOLEAN) reject_type(index, path, "true or false");
    return lua_toboolean(lua_, index) != 0;
}

Function Compiler::function(int index, const std::string& path, const Scope& scope) {
    if (lua_type(lua_, index) != LUA_TFUNCTION || lua_iscfunction(lua_, index)) {
        reject_type(index, path, "a function of this file");
    }
    const auto number = static_cast<int>(out_.functions.size());
    lua_Debug about{};
    lua_pushvalue(lua_, index);
    lua_getinfo(lua_, ">S", &about);
    out_.functions.push_back({Place{path, about.linedefined}, scope});
    lua_getfield(lua_, LUA_REGISTRYINDEX, functions_key);
    lua_pushvalue(lua_, index);
    lua_rawseti(lua_, -2, number + 1);
    lua_pop(lua_, 1);
    return Function{number};
}

void Compiler::check_placeholders(const policy::PlaceholderText& text, const std::string& path, const Scope& scope) {
    using policy::Root;
    for (const policy::Placeholder& placeholder : text.placeholders()) {
        bool there = true;
        switch (placeholder.root) {
            case Root::owner:
                there = scope.owner;
                break;
            case Root::source:
                there = scope.source;
                break;
            case Root::namespace_object:
                there = scope.namespace_object;
                break;
            case Root::target:
                there = scope.target;
                break;
            case Root::group:
                there = scope.group;
                break;
            case Root::settings:
                break;
        }
        if (!there) {
            std::string known = "settings";
            if (scope.owner) known += ", owner";
            if (scope.source) known += ", source";
            if (scope.namespace_object) known += ", namespace";
            if (scope.target) known += ", target";
            if (scope.group) known += ", group";
            reject(path,
                   fmt::format("'{{{}}}' in '{}': placeholders here begin with {}", placeholder.text(), path, known));
        }
        if (placeholder.path.empty()) continue;
        const std::string& first = placeholder.path.front();
        std::vector<std::string_view> names;
        if (placeholder.root == Root::settings) {
            for (const auto& [name, ignored] : out_.settings.items()) names.push_back(name);
        } else if (placeholder.root == Root::target) {
            names = {"cluster", "namespace", "kind", "name"};
        } else {
            continue;
        }
        if (std::ranges::find(names, std::string_view(first)) == names.end()) {
            reject(path, fmt::format("'{{{}}}' in '{}': {} '{}'{}", placeholder.text(), path,
                                     placeholder.root == Root::settings ? "there is no setting" : "a target has no",
                                     first, suggestion(first, names)));
        }
    }
}

Value Compiler::value(int index, const std::string& path, policy::Braces braces, const Scope& scope, int depth) {
    if (depth > deepest_literal) reject(path, fmt::format("'{}' is deeper than {} tables", path, deepest_literal));
    luaL_checkstack(lua_, 8, "tables nest too deep");
    Value value{place(path), scope, Json()};
    switch (lua_type(lua_, index)) {
        case LUA_TBOOLEAN:
            value.form = Json(lua_toboolean(lua_, index) != 0);
            return value;
        case LUA_TNUMBER: {
            const double number = lua_tonumber(lua_, index);
            const auto whole = static_cast<std::int64_t>(std::clamp(number, -9.007e15, 9.007e15));
            value.form = static_cast<double>(whole) == number ? Json(whole) : Json(number);
            return value;
        }
        case LUA_TSTRING: {
            std::size_t size = 0;
            const char* text = lua_tolstring(lua_, index, &size);
            auto compiled = policy::PlaceholderText::compile({text, size}, braces);
            if (!compiled) reject(path, fmt::format("'{}': {}", path, compiled.error().message));
            check_placeholders(*compiled, path, scope);
            value.form = std::move(*compiled);
            return value;
        }
        case LUA_TFUNCTION:
            value.form = function(index, path, scope);
            return value;
        case LUA_TTABLE:
            break;
        default:
            reject_type(index, path, "text, a table or a function");
    }
    if (is_list(index)) {
        Value::List list;
        each(index, path, [&](int element, const std::string& element_path) {
            list.push_back(this->value(element, element_path, braces, scope, depth + 1));
        });
        value.form = std::move(list);
        return value;
    }
    Value::Map map;
    for (const std::string& name : keys(index, path)) {
        lua_pushlstring(lua_, name.data(), name.size());
        lua_rawget(lua_, index);
        map.emplace_back(name, this->value(lua_gettop(lua_), joined(path, name), braces, scope, depth + 1));
        lua_pop(lua_, 1);
    }
    value.form = std::move(map);
    return value;
}

Value Compiler::text_or_function(int index, const std::string& path, policy::Braces braces, const Scope& scope) {
    const int type = lua_type(lua_, index);
    if (type != LUA_TSTRING && type != LUA_TFUNCTION) reject_type(index, path, "text or a function");
    return value(index, path, braces, scope);
}

Value Compiler::texts(int index, const std::string& path, const Scope& scope) {
    if (!is_list(index)) {
        const int type = lua_type(lua_, index);
        if (type != LUA_TSTRING && type != LUA_TFUNCTION)
            reject_type(index, path, "text, a list of texts or a function");
        return value(index, path, policy::Braces::strict, scope);
    }
    Value list{place(path), scope, Value::List()};
    each(index, path, [&](int element, const std::string& element_path) {
        std::get<Value::List>(list.form).push_back(
            text_or_function(element, element_path, policy::Braces::strict, scope));
    });
    return list;
}

Value Compiler::rules(int index, const std::string& path, const Scope& scope) {
    if (lua_type(lua_, index) == LUA_TFUNCTION) return value(index, path, policy::Braces::strict, scope);
    if (lua_type(lua_, index) == LUA_TSTRING) {
        Value whole = value(index, path, policy::Braces::strict, scope);
        if (!whole.text()->is_whole()) {
            reject(path, fmt::format("'{}' must be a table, a function or one placeholder that brings a map", path));
        }
        return whole;
    }
    if (!lua_istable(lua_, index) || is_list(index)) reject_type(index, path, "a table of names and values");
    Value map{place(path), scope, Value::Map()};
    for (const std::string& name : keys(index, path)) {
        lua_pushlstring(lua_, name.data(), name.size());
        lua_rawget(lua_, index);
        const int element = lua_gettop(lua_);
        const std::string element_path = joined(path, name);
        Value rule =
            lua_isboolean(lua_, element) ? value(element, element_path, policy::Braces::strict, scope)
            : lua_type(lua_, element) == LUA_TSTRING || lua_type(lua_, element) == LUA_TFUNCTION || is_list(element)
                ? texts(element, element_path, scope)
                : (reject_type(element, element_path, "text, a list of texts, true, false or a function"), Value());
        std::get<Value::Map>(map.form).emplace_back(name, std::move(rule));
        lua_pop(lua_, 1);
    }
    return map;
}

Value Compiler::text_map(int index, const std::string& path, policy::Braces braces, const Scope& scope) {
    if (lua_type(lua_, index) == LUA_TFUNCTION) return value(index, path, braces, scope);
    if (!lua_istable(lua_, index) || is_list(index))
        reject_type(index, path, "a table of names and texts, or a function");
    Value map{place(path), scope, Value::Map()};
    for (const std::string& name : keys(index, path)) {
        lua_pushlstring(lua_, name.data(), name.size());
        lua_rawget(lua_, index);
        std::get<Value::Map>(map.form).emplace_back(
            name, text_or_function(lua_gettop(lua_), joined(path, name), braces, scope));
        lua_pop(lua_, 1);
    }
    return map;
}

}  // namespace moontide::bindings

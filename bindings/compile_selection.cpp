#include "bindings/compiler.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"

#include <fmt/format.h>

namespace moontide::bindings {

kube::Kind Compiler::kind_named(const std::string& kind, const std::string& api_version, const std::string& path) {
    if (kind.empty()) reject(path, fmt::format("'{}' is empty", path));
    if (!api_version.empty()) return {api_version, kind};
    if (const auto own = kube::own_api_version(kind)) return {*own, kind};
    reject(path, fmt::format("'{}': '{}' is no kind of Kubernetes' own, so its 'apiVersion' is needed", path, kind));
}

std::vector<kube::Kind> Compiler::kinds(int table, const std::string& path) {
    std::string api_version;
    with_field(table, path, "apiVersion",
               [&](int index, const std::string& field) { api_version = literal(index, field); });
    std::vector<kube::Kind> found;
    with_field(table, path, "kind", [&](int index, const std::string& field) {
        if (is_list(index)) {
            each(index, field, [&](int element, const std::string& element_path) {
                found.push_back(kind_named(literal(element, element_path), api_version, element_path));
            });
        } else {
            found.push_back(kind_named(literal(index, field), api_version, field));
        }
    });
    return found;
}

std::vector<SelectionShape> Compiler::selections(int index, const std::string& path, Use use, const Scope& leaves,
                                                 const Scope& where) {
    if (!lua_istable(lua_, index)) reject_type(index, path, "a selection or a list of selections");
    std::vector<SelectionShape> all;
    if (is_list(index)) {
        each(index, path, [&](int element, const std::string& element_path) {
            all.push_back(selection(element, element_path, use, leaves, where));
        });
    } else {
        all.push_back(selection(index, path, use, leaves, where));
    }
    return all;
}

SelectionShape Compiler::selection(int index, const std::string& path, Use use, const Scope& leaves,
                                   const Scope& where) {
    luaL_checkstack(lua_, 8, "tables nest too deep");
    if (std::ranges::count(path, '.') > 8) reject(path, "exceptions of exceptions are too deep");
    const bool exception = path.find(".except") != std::string::npos;
    const Fields fields = use == Use::owners && !exception            ? owner_fields()
                          : use == Use::sources || use == Use::owners ? selection_fields()
                          : use == Use::namespaces                    ? namespace_fields()
                                                                      : companion_fields();
    check_fields(index, path, fields, "field");
    SelectionShape shape;
    shape.place = place(path);
    const auto read = [&](const char* name, std::optional<Value>& to, auto member) {
        with_field(index, path, name,
                   [&](int at, const std::string& field) { to = (this->*member)(at, field, leaves); });
    };
    with_field(index, path, "cluster", [&](int at, const std::string& field) { shape.cluster = literal(at, field); });
    if (use == Use::namespaces) {
        read("namespace", shape.names, &Compiler::texts);
        const auto text = [&](int at, const std::string& field) {
            return text_or_function(at, field, policy::Braces::strict, leaves);
        };
        with_field(index, path, "kind", [&](int at, const std::string& field) { shape.copy_kind = text(at, field); });
        with_field(index, path, "name", [&](int at, const std::string& field) { shape.copy_name = text(at, field); });
    } else {
        shape.kinds = kinds(index, path);
        read("namespace", shape.namespaces, &Compiler::texts);
        read("name", shape.names, &Compiler::texts);
    }
    read("labels", shape.labels, &Compiler::rules);
    read("annotations", shape.annotations, &Compiler::rules);
    with_field(index, path, "selector", [&](int at, const std::string& field) {
        if (lua_type(lua_, at) != LUA_TTABLE && lua_type(lua_, at) != LUA_TFUNCTION &&
            lua_type(lua_, at) != LUA_TSTRING) {
            reject_type(at, field, "text, a LabelSelector or a function");
        }
        shape.selector = value(at, field, policy::Braces::strict, leaves);
    });
    with_field(index, path, "where",
               [&](int at, const std::string& field) { shape.where = function(at, field, where); });
    with_field(index, path, "except",
               [&](int at, const std::string& field) { shape.except = selections(at, field, use, leaves, where); });
    check_selection_fields(shape, use);
    return shape;
}

void Compiler::check_selection_fields(const SelectionShape& shape, Use use) {
    const std::string& path = shape.place.path;
    const bool exception = path.find("except") != std::string::npos;
    const bool selects = shape.namespaces || shape.names || shape.labels || shape.annotations || shape.selector ||
                         shape.where || !shape.except.empty();
    if (use == Use::namespaces && !selects) {
        reject(path, fmt::format("'{}' selects no namespaces; all of them are namespace = \"*\"", path));
    }
    if ((use == Use::sources || use == Use::owners) && shape.kinds.empty() && !exception) {
        reject(path, fmt::format("'{}' needs a 'kind'", path));
    }
    if (exception && !selects && shape.kinds.empty()) reject(path, fmt::format("'{}' is empty", path));
}

}  // namespace moontide::bindings

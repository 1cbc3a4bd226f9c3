// Reads the table that a policy's file returned, checks it and makes a PolicyShape of it.
#pragma once

#include "bindings/load.hpp"
#include "bindings/shape.hpp"
#include "bindings/slots.hpp"
#include "bindings/source_lines.hpp"

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <lua.hpp>

namespace moontide::bindings {

/// The registry's field with the policy's functions, number + 1 each.
inline constexpr const char* functions_key = "moontide.functions";

/// One use each, within State::run(). Mistakes are thrown as Raise with file:line in front.
class Compiler {
public:
    Compiler(lua_State* lua, const PolicyText& text, const SourceLines& lines);

    /// `index`: the returned value.
    PolicyShape compile(int index);

private:
    using Fields = std::span<const Slot>;
    using Visit = std::function<void(int index, const std::string& path)>;

    // compile.cpp: slots that say who, where and how.
    void read_api(int table);
    void read_settings(int table);
    void set_scopes(int table);
    void read_owner(int table);
    void read_from(int table);
    void read_where_to(int table);
    void read_kinds(int table);
    void read_kind_list(int index, const std::string& path);
    void read_words(int table);
    void read_with(int table);
    void allow_copy_kind(const kube::Kind& kind, const std::string& path);

    // compile_content.cpp: slots that say what, and what only holds for the whole.
    void read_content(int table);
    void check_marks(const Value& marks) const;
    void read_told(int table);
    void check_whole();

    // compile_selection.cpp: selections.
    enum class Use { owners, sources, namespaces, companion };
    std::vector<SelectionShape> selections(int index, const std::string& path, Use use, const Scope& leaves,
                                           const Scope& where);
    SelectionShape selection(int index, const std::string& path, Use use, const Scope& leaves, const Scope& where);
    void check_selection_fields(const SelectionShape& shape, Use use);
    std::vector<kube::Kind> kinds(int table, const std::string& path);
    kube::Kind kind_named(const std::string& kind, const std::string& api_version, const std::string& path);

    // compile_value.cpp: values.
    Value value(int index, const std::string& path, policy::Braces braces, const Scope& scope, int depth = 0);
    Value text_or_function(int index, const std::string& path, policy::Braces braces, const Scope& scope);
    Value texts(int index, const std::string& path, const Scope& scope);
    Value rules(int index, const std::string& path, const Scope& scope);
    Value text_map(int index, const std::string& path, policy::Braces braces, const Scope& scope);
    Function function(int index, const std::string& path, const Scope& scope);
    std::string literal(int index, const std::string& path);
    bool boolean(int index, const std::string& path);
    void check_placeholders(const policy::PlaceholderText& text, const std::string& path, const Scope& scope);

    /// Errors for what is no table, keys that are no words, and names that `fields` does not know or serve.
    void check_fields(int index, const std::string& path, Fields fields, const char* what);
    bool is_list(int index) const;
    std::vector<std::string> keys(int index, const std::string& path);
    /// Calls `visit` with the field's value and path, if it is there.
    void with_field(int table, const std::string& path, const char* name, const Visit& visit);
    /// The same for each element of a list.
    void each(int index, const std::string& path, const Visit& visit);
    bool has_field(int table, const char* name);

    Place place(const std::string& path) const { return {path, lines_.line(path)}; }
    [[noreturn]] void reject(const std::string& path, const std::string& message) const;
    [[noreturn]] void reject_type(int index, const std::string& path, const std::string& wanted) const;

    lua_State* lua_;
    const PolicyText& text_;
    const SourceLines& lines_;
    PolicyShape out_;
    Scope owner_scope_;
    Scope from_leaves_;
    Scope source_scope_;
    Scope where_scope_;
    Scope copy_scope_;
};

}  // namespace moontide::bindings

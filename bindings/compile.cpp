#include "base/nearest.hpp"
#include "bindings/compiler.hpp"
#include "bindings/convert.hpp"
#include "bindings/data.hpp"
#include "bindings/proxies.hpp"
#include "bindings/state.hpp"
#include "bindings/words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// A pattern is written in the policy; what a placeholder brings is a name.
bool asks_for_names_alone(const SelectionShape& selection) {
    const bool named = selection.names && selection.names->text() != nullptr && !selection.names->is_literal();
    return named && !selection.labels && !selection.annotations && !selection.selector && !selection.where &&
           selection.except.empty();
}

/// Written only where the configuration's `kinds` names them: what they hold is rights, or concerns the whole cluster.
constexpr std::array<std::string_view, 25> kinds_to_name = {
    "APIService",
    "CSIDriver",
    "CSINode",
    "ClusterRole",
    "ClusterRoleBinding",
    "CertificateSigningRequest",
    "CustomResourceDefinition",
    "FlowSchema",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
};

const char* json_type(const Json& value) {
    if (value.is_string()) return "text";
    if (value.is_boolean()) return "true or false";
    if (value.is_number()) return "a number";
    if (value.is_array()) return "a list";
    return value.is_object() ? "a map" : "nothing";
}

}  // namespace

Compiler::Compiler(lua_State* lua, const PolicyText& text, const SourceLines& lines)
    : lua_(lua), text_(text), lines_(lines) {
    lua_newtable(lua_);
    lua_setfield(lua_, LUA_REGISTRYINDEX, functions_key);
}

PolicyShape Compiler::compile(int index) {
    if (!lua_istable(lua_, index)) {
        reject("", fmt::format("a policy returns a table of slots, not a {}", type_name(lua_, index)));
    }
    check_fields(index, "", policy_slots(), "slot");
    out_.shape.name = text_.name;
    out_.shape.file = text_.file;
    out_.lines[""] = lines_.line("");
    for (const std::string& name : keys(index, "")) out_.lines[name] = lines_.line(name);
    read_api(index);
    read_settings(index);
    set_scopes(index);
    read_owner(index);
    read_from(index);
    read_with(index);
    read_where_to(index);
    read_kinds(index);
    read_words(index);
    read_content(index);
    read_told(index);
    check_whole();
    return std::move(out_);
}

void Compiler::read_api(int table) {
    if (!has_field(table, "api")) reject("", "the slot 'api' is required: api = \"moontide/v1\"");
    with_field(table, "", "api", [&](int index, const std::string& path) {
        const std::string version = literal(index, path);
        if (version != "moontide/v1")
            reject(path, fmt::format("api '{}' is not known; this is \"moontide/v1\"", version));
    });
}

void Compiler::read_settings(int table) {
    with_field(table, "", "settings", [&](int index, const std::string& path) {
        try {
            out_.settings = to_json(lua_, index, path);
        } catch (const Raise& error) {
            reject(path, error.what());
        }
        if (!out_.settings.is_object()) reject(path, "'settings' must be a table of names and defaults");
    });
    if (text_.settings_json.empty()) return;
    const Json overrides = Json::parse(text_.settings_json, nullptr, false);
    if (!overrides.is_object()) reject("settings", "the configured settings are no map");
    for (const auto& [name, value] : overrides.items()) {
        const auto known = out_.settings.find(name);
        if (known == out_.settings.end()) {
            std::vector<std::string_view> names;
            for (const auto& [one, ignored] : out_.settings.items()) names.push_back(one);
            reject("settings", fmt::format("the configuration sets '{}', which is no setting of this policy{}", name,
                                           suggestion(name, names)));
        }
        if (std::string_view(json_type(*known)) != json_type(value)) {
            reject(joined("settings", name),
                   fmt::format("the configuration sets '{}' to {}; it must be {}, as its default is", name,
                               json_type(value), json_type(*known)));
        }
        *known = value;
    }
}

void Compiler::set_scopes(int table) {
    const bool has_owner = has_field(table, "owner");
    // Without an owner the source is its own, and without `from` the owner is its own source.
    const bool has_source = has_field(table, "from") || has_owner;
    const bool grouped = has_field(table, "group");
    owner_scope_.owner = has_owner;
    from_leaves_ = owner_scope_;
    source_scope_.source = source_scope_.owner = has_source;
    where_scope_ = source_scope_;
    where_scope_.namespace_object = true;
    copy_scope_.source = has_source && !grouped;
    copy_scope_.owner = copy_scope_.source || has_owner;
    copy_scope_.sources = copy_scope_.group = grouped;
    copy_scope_.namespace_object = copy_scope_.target = true;
}

void Compiler::read_owner(int table) {
    with_field(table, "", "owner", [&](int index, const std::string& path) {
        out_.owners = selections(index, path, Use::owners, Scope(), owner_scope_);
        if (out_.owners.empty()) reject(path, "'owner' is an empty list");
        bool first = true;
        const auto finalizer = [&](int at, const std::string& at_path) {
            std::string name;
            with_field(at, at_path, "finalizer", [&](int field, const std::string& field_path) {
                name = literal(field, field_path);
                const auto slash = name.find('/');
                if (slash == 0 || slash == std::string::npos || slash + 1 == name.size()) {
                    reject(field_path, fmt::format("'{}' is no finalizer's name: that has a domain, as in "
                                                   "\"example.com/finalizer\"",
                                                   name));
                }
            });
            if (!std::exchange(first, false) && name != out_.shape.finalizer) {
                reject(at_path, "all owners of a policy have the same 'finalizer'");
            }
            out_.shape.finalizer = name;
        };
        if (is_list(index)) {
            each(index, path, finalizer);
        } else {
            finalizer(index, path);
        }
    });
    for (const SelectionShape& selection : out_.owners) {
        for (const kube::Kind& kind : selection.kinds) {
            auto& kinds = out_.shape.owner_kinds;
            if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
        }
    }
}

void Compiler::read_from(int table) {
    with_field(table, "", "from", [&](int index, const std::string& path) {
        out_.from = selections(index, path, Use::sources, from_leaves_, source_scope_);
        if (out_.from.empty()) reject(path, "'from' is an empty list");
    });
    for (const SelectionShape& selection : out_.from) {
        for (const kube::Kind& kind : selection.kinds) {
            auto& kinds = out_.shape.source_kinds;
            if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
        }
    }
    if (out_.from.empty() && !out_.owners.empty()) {
        out_.shape.owner_is_source = true;
        out_.shape.source_kinds = out_.shape.owner_kinds;
    }
    with_field(table, "", "group", [&](int index, const std::string& path) {
        if (out_.from.empty()) reject(path, "'group' needs sources, which 'from' selects");
        out_.group = text_or_function(index, path, policy::Braces::strict, source_scope_);
        out_.shape.has_group = true;
    });
}

void Compiler::read_with(int table) {
    with_field(table, "", "with", [&](int index, const std::string& path) {
        if (!lua_istable(lua_, index) || is_list(index)) reject_type(index, path, "a table of named selections");
        for (const std::string& name : keys(index, path)) {
            const std::string field = joined(path, name);
            static constexpr std::string_view taken[] = {"owner",  "source",   "sources", "namespace",
                                                         "target", "settings", "group",   "key",
                                                         "data",   "object",   "report"};
            if (std::ranges::find(taken, name) != std::end(taken)) {
                reject(field, fmt::format("'{}' is taken: on.{} is something else", field, name));
            }
            lua_pushlstring(lua_, name.data(), name.size());
            lua_rawget(lua_, index);
            const int at = lua_gettop(lua_);
            CompanionShape companion{name, selection(at, field, Use::companion, copy_scope_, copy_scope_),
                                     std::nullopt};
            with_field(at, field, "list", [&](int list, const std::string& list_path) {
                companion.list = value(list, list_path, policy::Braces::strict, copy_scope_);
            });
            if (companion.selection.kinds.empty()) reject(field, fmt::format("'{}' needs a 'kind'", field));
            if (!companion.list && !companion.selection.names) {
                reject(field, fmt::format("'{}' needs a 'name' or a 'list' of references", field));
            }
            if (companion.list && (companion.selection.names || companion.selection.namespaces)) {
                reject(field, fmt::format("'{}' has a 'list' and a name or namespace; it is one or the other", field));
            }
            lua_pop(lua_, 1);
            for (const kube::Kind& kind : companion.selection.kinds) {
                auto& kinds = out_.shape.with_kinds;
                if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
            }
            out_.with.push_back(std::move(companion));
        }
    });
    out_.shape.has_with = !out_.with.empty();
    copy_scope_.with = out_.shape.has_with;
}

void Compiler::read_where_to(int table) {
    if (!has_field(table, "into")) reject("", "the slot 'into' is required: it says which namespaces get a copy");
    with_field(table, "", "into", [&](int index, const std::string& path) {
        if (lua_type(lua_, index) == LUA_TFUNCTION) {
            out_.into = function(index, path, source_scope_);
            return;
        }
        if (lua_istable(lua_, index) && !is_list(index) && keys(index, path).empty()) {
            reject(path, "'into' is empty and would select nothing; all namespaces are namespace = \"*\"");
        }
        auto into = selections(index, path, Use::namespaces, source_scope_, where_scope_);
        if (into.empty()) reject(path, "'into' is an empty list");
        out_.shape.needs_namespaces = !std::ranges::all_of(into, asks_for_names_alone);
        out_.into = std::move(into);
    });
}

void Compiler::allow_copy_kind(const kube::Kind& kind, const std::string& path) {
    const bool named = std::ranges::find(text_.extra_kinds, kind) != text_.extra_kinds.end();
    if (!named && std::ranges::find(kinds_to_name, kind.kind) != kinds_to_name.end()) {
        reject(path,
               fmt::format("copies of kind {} are written only where the configuration's 'kinds' names it", kind.kind));
    }
    auto& kinds = out_.shape.copy_kinds;
    if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
}

void Compiler::read_kind_list(int index, const std::string& path) {
    const auto one = [&](int at, const std::string& at_path) {
        if (lua_istable(lua_, at)) {
            static constexpr Slot fields[] = {{"apiVersion", "string"}, {"kind", "string"}};
            check_fields(at, at_path, fields, "field");
            const std::vector<kube::Kind> found = kinds(at, at_path);
            if (found.size() != 1) reject(at_path, fmt::format("'{}' needs one 'kind'", at_path));
            allow_copy_kind(found.front(), at_path);
            return;
        }
        const std::string name = literal(at, at_path);
        const auto source = std::ranges::find(out_.shape.source_kinds, name, &kube::Kind::kind);
        const bool known = source != out_.shape.source_kinds.end();
        allow_copy_kind(kind_named(name, known ? source->api_version : "", at_path), at_path);
    };
    out_.kind_is_open = is_list(index);
    if (out_.kind_is_open) {
        each(index, path, one);
    } else {
        one(index, path);
    }
}

void Compiler::read_kinds(int table) {
    with_field(table, "", "kind", [&](int index, const std::string& path) { read_kind_list(index, path); });
    const bool has_slot = out_.has_kind = !out_.shape.copy_kinds.empty();
    const bool has_name = has_field(table, "name");
    bool into_names_all = false;
    // A function that lists targets may name them.
    out_.shape.renames = has_name || !std::holds_alternative<std::vector<SelectionShape>>(out_.into);
    if (const auto* into = std::get_if<std::vector<SelectionShape>>(&out_.into)) {
        into_names_all = true;
        for (const SelectionShape& selection : *into) {
            if (selection.copy_name && has_name) {
                reject(selection.copy_name->place.path,
                       "the copy's name is in 'into' and in 'name'; it is one or the other");
            }
            into_names_all = into_names_all && selection.copy_kind;
            out_.shape.renames = out_.shape.renames || selection.copy_name.has_value();
            if (!selection.copy_kind) continue;
            const Value& kind = *selection.copy_kind;
            if (has_slot && !out_.kind_is_open) {
                reject(kind.place.path,
                       "the copy's kind is in 'into' and in 'kind'; 'kind' may be a list of those allowed");
            }
            if (has_slot) continue;
            if (!kind.is_literal()) {
                reject(kind.place.path,
                       "the copy's kind is computed, so the slot 'kind' must list those that it may be");
            }
            const std::string& name = kind.text()->text();
            const auto source = std::ranges::find(out_.shape.source_kinds, name, &kube::Kind::kind);
            const bool known = source != out_.shape.source_kinds.end();
            allow_copy_kind(kind_named(name, known ? source->api_version : "", kind.place.path), kind.place.path);
        }
    }
    if (has_slot || into_names_all) return;
    if (out_.from.empty()) reject("", "without 'from' the slot 'kind' says what the copies are");
    for (const kube::Kind& kind : out_.shape.source_kinds) allow_copy_kind(kind, "from");
}

void Compiler::read_words(int table) {
    const auto strict = policy::Braces::strict;
    with_field(table, "", "name", [&](int index, const std::string& path) {
        out_.name = text_or_function(index, path, strict, copy_scope_);
    });
    with_field(table, "", "existing", [&](int index, const std::string& path) {
        out_.existing = text_or_function(index, path, strict, copy_scope_);
        if (!out_.existing->is_literal()) return;
        out_.shape.existing = existing_named(out_.existing->text()->text());
        if (!out_.shape.existing) {
            reject(path,
                   fmt::format("'existing' is \"{}\"; it is one of refuse, marked, adopt, overwrite, merge, join{}",
                               out_.existing->text()->text(), near_existing(out_.existing->text()->text())));
        }
    });
    if (!out_.existing) out_.shape.existing = policy::Existing::refuse;
    with_field(table, "", "consent",
               [&](int index, const std::string& path) { out_.shape.consent = boolean(index, path); });
    with_field(table, "", "orphans", [&](int index, const std::string& path) {
        const std::string word = literal(index, path);
        if (word != "delete" && word != "keep")
            reject(path, fmt::format("'orphans' is \"{}\"; it is delete or keep", word));
        out_.shape.orphans = word == "keep" ? policy::Orphans::keep : policy::Orphans::remove;
    });
    with_field(table, "", "writes", [&](int index, const std::string& path) {
        const std::string word = literal(index, path);
        if (word != "whole" && word != "fields")
            reject(path, fmt::format("'writes' is \"{}\"; it is whole or fields", word));
        out_.shape.writes = word == "whole" ? policy::Writes::whole : policy::Writes::fields;
    });
    with_field(table, "", "belongs", [&](int index, const std::string& path) {
        const std::string word = literal(index, path);
        if (word != "source" && word != "owner")
            reject(path, fmt::format("'belongs' is \"{}\"; it is source or owner", word));
        if (out_.shape.source_kinds.empty()) reject(path, "'belongs' needs sources, which 'from' selects");
        // Without an owner the source is its own, so both words say the same.
        const bool owner = word == "owner" && !out_.owners.empty();
        out_.shape.belongs = owner ? policy::Belongs::owner : policy::Belongs::source;
    });
    with_field(table, "", "expires", [&](int index, const std::string& path) {
        out_.expires = text_or_function(index, path, strict, copy_scope_);
        if (out_.expires->is_literal()) {
            const auto expiry = parse_expiry(out_.expires->text()->text());
            if (!expiry) reject(path, "'expires': " + expiry.error().message);
        }
    });
}

}  // namespace moontide::bindings

#include "bindings/compiler.hpp"
#include "bindings/data.hpp"
#include "bindings/words.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace moontide::bindings {
namespace {

/// Keys of labels and annotations that prove whose a copy is (plan/claim.hpp).
constexpr std::string_view engine_prefix = "moontide.dev/";
constexpr std::string_view managed_by = "app.kubernetes.io/managed-by";

}  // namespace

void Compiler::read_content(int table) {
    with_field(table, "", "keys", [&](int index, const std::string& path) {
        if (lua_type(lua_, index) == LUA_TFUNCTION) {
            Scope scope = copy_scope_;
            scope.key = true;
            out_.keys = function(index, path, scope);
            return;
        }
        check_fields(index, path, keys_fields(), "field");
        KeysShape keys_shape;
        with_field(index, path, "keep",
                   [&](int at, const std::string& field) { keys_shape.keep = texts(at, field, copy_scope_); });
        with_field(index, path, "drop",
                   [&](int at, const std::string& field) { keys_shape.drop = texts(at, field, copy_scope_); });
        with_field(index, path, "rename", [&](int at, const std::string& field) {
            Value map = text_map(at, field, policy::Braces::strict, copy_scope_);
            if (!map.map()) reject(field, "'keys.rename' must be a table of old and new names");
            keys_shape.rename = std::move(std::get<Value::Map>(map.form));
        });
        out_.keys = std::move(keys_shape);
    });
    with_field(table, "", "data", [&](int index, const std::string& path) {
        Scope scope = copy_scope_;
        scope.data = true;
        out_.data = text_map(index, path, policy::Braces::loose, scope);
    });
    with_field(table, "", "object", [&](int index, const std::string& path) {
        Scope scope = copy_scope_;
        scope.object = true;
        out_.object = value(index, path, policy::Braces::loose, scope);
        if (!out_.object->function() && !out_.object->map())
            reject_type(index, path, "a table of fields or a function");
        if (!out_.object->map()) return;
        for (const auto& [name, field] : *out_.object->map()) {
            if (name == "metadata" || name == "apiVersion" || name == "kind") {
                reject(field.place.path,
                       fmt::format("'object' is what is beside {}; name, labels, annotations and kind are "
                                   "slots of their own",
                                   name));
            }
        }
    });
    with_field(table, "", "labels", [&](int index, const std::string& path) {
        out_.labels = text_map(index, path, policy::Braces::strict, copy_scope_);
        check_marks(*out_.labels);
    });
    with_field(table, "", "annotations", [&](int index, const std::string& path) {
        out_.annotations = text_map(index, path, policy::Braces::loose, copy_scope_);
        check_marks(*out_.annotations);
    });
    with_field(table, "", "carry", [&](int index, const std::string& path) {
        if (lua_type(lua_, index) == LUA_TFUNCTION) {
            out_.carry = function(index, path, copy_scope_);
            return;
        }
        check_fields(index, path, carry_fields(), "field");
        CarryShape carry;
        with_field(index, path, "labels",
                   [&](int at, const std::string& field) { carry.labels = texts(at, field, copy_scope_); });
        with_field(index, path, "annotations",
                   [&](int at, const std::string& field) { carry.annotations = texts(at, field, copy_scope_); });
        out_.carry = std::move(carry);
    });
}

void Compiler::read_told(int table) {
    with_field(table, "", "status", [&](int index, const std::string& path) {
        if (out_.owners.empty()) reject(path, "'status' needs an 'owner', whose status it is");
        Scope scope = owner_scope_;
        scope.report = true;
        out_.status = function(index, path, scope);
        out_.shape.has_status = true;
    });
    with_field(table, "", "store", [&](int index, const std::string& path) {
        out_.shape.has_store = true;
        if (lua_type(lua_, index) == LUA_TFUNCTION) {
            out_.store = function(index, path, source_scope_);
            return;
        }
        check_fields(index, path, store_fields(), "field");
        StoreShape store;
        with_field(index, path, "secret", [&](int at, const std::string& secret) {
            check_fields(at, secret, secret_fields(), "field");
            const auto text = [&](int field, const std::string& field_path) {
                return text_or_function(field, field_path, policy::Braces::strict, source_scope_);
            };
            with_field(at, secret, "namespace", [&](int field, const std::string& field_path) {
                store.namespace_name = text(field, field_path);
            });
            with_field(at, secret, "name",
                       [&](int field, const std::string& field_path) { store.name = text(field, field_path); });
        });
        if (!store.name || !store.namespace_name) {
            reject(path,
                   "'store' names the Secret with the way to the database: "
                   "store = { secret = { namespace = ..., name = ... } }");
        }
        out_.store = std::move(store);
    });
}

void Compiler::check_marks(const Value& marks) const {
    if (!marks.map()) return;
    for (const auto& [key, value] : *marks.map()) {
        if (!key.starts_with(engine_prefix) && key != managed_by) continue;
        reject(value.place.path, fmt::format("'{}' belongs to Moontide, which writes it on every copy to know its own; "
                                             "choose a key of your own, such as 'example.com/{}'",
                                             key, key.substr(key.find('/') + 1)));
    }
}

void Compiler::check_whole() {
    if (std::ranges::none_of(out_.shape.copy_kinds, has_data)) {
        for (const char* slot : {"keys", "data"}) {
            if (!out_.lines.contains(slot)) continue;
            reject(slot,
                   fmt::format("'{}' is for ConfigMaps and Secrets; the fields of other kinds are 'object'", slot));
        }
    }
    const auto* into = std::get_if<std::vector<SelectionShape>>(&out_.into);
    const bool into_names =
        into && std::ranges::all_of(*into, [](const auto& one) { return one.copy_name.has_value(); });
    const bool computed = std::holds_alternative<Function>(out_.into);
    if (!out_.name && !into_names && !computed) {
        if (out_.shape.source_kinds.empty())
            reject("", "without 'from' the slot 'name' says what the copies are called");
        if (out_.group) reject("group", "with 'group' the slot 'name' says what the one copy is called");
    }
    if (out_.shape.existing == policy::Existing::marked && !has_telling_mark(out_)) {
        reject("existing",
               "'existing' is \"marked\", which needs a label or annotation in the policy's 'labels' or "
               "'annotations' that comes from the source, such as \"{source.namespace}/{source.name}\"");
    }
    const bool may_be_marked = !out_.shape.existing || out_.shape.existing == policy::Existing::marked;
    out_.shape.takes_marked = may_be_marked && has_telling_mark(out_);
}

}  // namespace moontide::bindings

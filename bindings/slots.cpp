#include "bindings/slots.hpp"

#include "base/nearest.hpp"

#include <algorithm>

namespace moontide::bindings {
namespace {

constexpr Slot policy_table[] = {
    {"api", R"("moontide/v1")"},
    {"settings", "table<string, any>"},
    {"owner", "moontide.Owner|moontide.Owner[]"},
    {"from", "moontide.Selection|moontide.Selection[]"},
    {"with", "table<string, moontide.Companion>"},
    {"group", "moontide.Text"},
    {"into", "moontide.Namespaces|moontide.Namespaces[]|fun(on: moontide.On): moontide.Target[]"},
    {"kind", "moontide.Kind|moontide.Kind[]"},
    {"name", "moontide.Text"},
    {"existing", "moontide.Existing|fun(on: moontide.On): moontide.Existing"},
    {"consent", "boolean"},
    {"orphans", R"("delete"|"keep")"},
    {"writes", R"("whole"|"fields")"},
    {"expires", "moontide.Text"},
    {"belongs", R"("source"|"owner")"},
    {"keys", "moontide.Keys|fun(on: moontide.On): boolean|string"},
    {"data", "table<string, moontide.Text>|fun(on: moontide.On): table<string, string>"},
    {"object", "table|fun(on: moontide.On): table?"},
    {"labels", "table<string, moontide.Text>|fun(on: moontide.On): table<string, string>"},
    {"annotations", "table<string, moontide.Text>|fun(on: moontide.On): table<string, string>"},
    {"carry", "moontide.Carry|fun(on: moontide.On): moontide.Carry"},
    {"status", "fun(on: moontide.On): table?"},
    {"store", "moontide.Store|fun(on: moontide.On): moontide.Store?"},
};

constexpr std::string_view texts = "moontide.Texts";
constexpr std::string_view rules = "moontide.Rules";
constexpr std::string_view selector = "string|table|fun(on: moontide.On): string|table";
constexpr std::string_view where = "fun(on: moontide.On): boolean";

constexpr Slot selection_table[] = {
    {"kind", "string|string[]"},
    {"apiVersion", "string"},
    {"cluster", "string"},
    {"namespace", texts},
    {"name", texts},
    {"labels", rules},
    {"annotations", rules},
    {"selector", selector},
    {"where", where},
    {"except", "moontide.Selection|moontide.Selection[]"},
    {"git", "table", "git sources are not served by this version"},
    {"path", "moontide.Text", "git sources are not served by this version"},
    {"every", "moontide.Text", "git sources are not served by this version"},
};

constexpr Slot owner_table[] = {
    {"kind", "string|string[]"},
    {"apiVersion", "string"},
    {"finalizer", "string"},
    {"namespace", texts},
    {"name", texts},
    {"labels", rules},
    {"annotations", rules},
    {"selector", selector},
    {"where", where},
    {"except", "moontide.Selection|moontide.Selection[]"},
};

constexpr Slot namespace_table[] = {
    {"kind", "moontide.Text"}, {"name", "moontide.Text"}, {"cluster", "string"},
    {"namespace", texts},      {"labels", rules},         {"annotations", rules},
    {"selector", selector},    {"where", where},          {"except", "moontide.Namespaces|moontide.Namespaces[]"},
};

constexpr Slot companion_table[] = {
    {"kind", "string|string[]"}, {"apiVersion", "string"},
    {"cluster", "string"},       {"namespace", "moontide.Text"},
    {"name", "moontide.Text"},   {"list", "string|moontide.Reference[]|fun(on: moontide.On): moontide.Reference[]"},
};

constexpr Slot keys_table[] = {
    {"keep", texts},
    {"drop", texts},
    {"rename", "table<string, moontide.Text>"},
};

constexpr Slot carry_table[] = {
    {"labels", texts},
    {"annotations", texts},
};

constexpr Slot store_table[] = {
    {"secret", "moontide.SecretReference"},
};

constexpr Slot secret_table[] = {
    {"namespace", "moontide.Text"},
    {"name", "moontide.Text"},
};

constexpr std::string_view helper_table[] = {
    "any",    "base64.decode", "base64.encode",  "glob", "json.decode", "json.encode", "key", "list", "match", "name",
    "sha256", "template",      "template_error", "warn", "yaml.decode", "yaml.encode",
};

}  // namespace

std::span<const Slot> policy_slots() {
    return policy_table;
}
std::span<const Slot> selection_fields() {
    return selection_table;
}
std::span<const Slot> owner_fields() {
    return owner_table;
}
std::span<const Slot> namespace_fields() {
    return namespace_table;
}
std::span<const Slot> companion_fields() {
    return companion_table;
}
std::span<const Slot> keys_fields() {
    return keys_table;
}
std::span<const Slot> carry_fields() {
    return carry_table;
}
std::span<const Slot> store_fields() {
    return store_table;
}
std::span<const Slot> secret_fields() {
    return secret_table;
}
std::span<const std::string_view> helper_names() {
    return helper_table;
}

const Slot* find_slot(std::span<const Slot> slots, std::string_view name) {
    const auto found = std::ranges::find(slots, name, &Slot::name);
    return found == slots.end() ? nullptr : &*found;
}

std::string near_name(std::span<const Slot> slots, std::string_view name) {
    std::vector<std::string_view> names;
    for (const Slot& slot : slots) names.push_back(slot.name);
    return suggestion(name, names);
}

}  // namespace moontide::bindings

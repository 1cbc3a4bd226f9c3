// The slots, fields and helpers of the policy API, as one table: the loader, its suggestions and v1.d.lua's test use
// it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::bindings {

/// A name that a table of the policy may have.
struct Slot {
    std::string_view name;
    std::string_view type;  ///< as v1.d.lua has it
    /// Why this version does not serve it; empty where it does.
    std::string_view not_served = {};
};

std::span<const Slot> policy_slots();
std::span<const Slot> selection_fields();  ///< of `from`, `with` and `except` within them
std::span<const Slot> owner_fields();      ///< of `owner`: a selection's and `finalizer`
std::span<const Slot> namespace_fields();  ///< of `into`
std::span<const Slot> companion_fields();  ///< of `with`: a selection's and `list`
std::span<const Slot> keys_fields();
std::span<const Slot> carry_fields();
std::span<const Slot> store_fields();
std::span<const Slot> secret_fields();  ///< of `store.secret`
/// The functions of `moontide`, those of its parts with their dot: "json.encode".
std::span<const std::string_view> helper_names();

const Slot* find_slot(std::span<const Slot> slots, std::string_view name);
/// ", did you mean 'keys'?", or nothing.
std::string near_name(std::span<const Slot> slots, std::string_view name);

}  // namespace moontide::bindings

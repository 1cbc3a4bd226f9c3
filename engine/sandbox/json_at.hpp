// Reading JSON trees that may lack what is asked for. Without state: any thread.
#pragma once
#include "sandbox/status.hpp"

#include <string>
#include <string_view>

namespace moontide::sandbox {

/// The member of that key; a null where there is none, or `object` is no object.
const Json& at(const Json& object, std::string_view key);
/// The same with nowhere told from null: nothing where there is no such member.
const Json* member(const Json* object, std::string_view key);
/// The member's text; empty where it is none.
std::string text_at(const Json& object, std::string_view key);
/// Whether the member is `true`.
bool true_at(const Json& object, std::string_view key);

/// What a JSON pointer leads to; a null where it leads nowhere.
const Json& at_place(const Json& tree, const char* pointer);
/// The text there; empty where it is none.
std::string text_at_place(const Json& tree, const char* pointer);

/// Sets a member that is not there.
void set_missing(Json& object, const char* key, const Json& value);

}  // namespace moontide::sandbox

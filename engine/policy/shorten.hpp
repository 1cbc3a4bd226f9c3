// Texts made to fit where Kubernetes limits them: label values, names, data keys. Stable and, where they are cut,
// different for different texts.
// https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
// https://kubernetes.io/docs/concepts/overview/working-with-objects/names/
#pragma once

#include <string>
#include <string_view>

namespace moontide::policy {

bool is_label_value(std::string_view text);

/// The text itself where it is a valid label value; else its first 54 bytes with other characters as `_`, then `-` and
/// 8 hex digits of the whole text's SHA-256.
std::string label_value(std::string_view text);

/// The text itself up to 253 bytes; else its first 244, `-` and 8 hex digits. Characters are left as they are.
std::string short_name(std::string_view text);

/// A valid name of an object (RFC 1123 subdomain): small letters, other characters as `-`, at most 253 bytes. Of a text
/// without a letter or digit, 8 hex digits of its hash.
std::string valid_name(std::string_view text);

/// A valid key of a ConfigMap or Secret: other characters as `_`, at most 253 bytes.
std::string valid_key(std::string_view text);

}  // namespace moontide::policy

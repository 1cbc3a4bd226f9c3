// Bodies of requests: JSON or YAML into a tree, within bounds.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"
#include "sandbox/yaml.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

inline constexpr auto APPLY_PATCH = "application/apply-patch+yaml";
inline constexpr std::size_t LARGEST_BODY = 3U << 20;

struct Body {
    Json tree;
    std::vector<std::string> duplicates;  ///< paths of fields that stand there twice; the last one counts
    std::string json{};                   ///< the text, where it was JSON: it knows the order of the fields
};

/// The paths of all fields of a JSON text, in its order.
std::vector<std::string> field_paths(const std::string& json);

/// Any JSON text of bounded depth. The error is a text in Go's words.
std::expected<Body, std::string> parse_json(const std::string& text);

/// An object of the kind that the path names, by the request's content type.
Outcome<Body> decode_object(const KindRow& kind, std::string_view content_type, const std::string& text);

/// The body of a server-side apply, in YAML or JSON. The document's line says nothing.
Outcome<YamlDocument> read_apply_patch(const std::string& text);
/// The begin of a body, as the real server quotes it.
std::string in_short(const std::string& text);

/// What a client says of a content type: without parameters, in lower case.
std::string media_type(std::string_view content_type);

}  // namespace moontide::sandbox

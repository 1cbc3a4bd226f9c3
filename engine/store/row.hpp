// A row of the table: which ConfigMap, for which owner, and what the ConfigMap holds.
#pragma once

#include "base/result.hpp"

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace moontide::store {

/// For whom rows are kept: configmirror_namespace and configmirror_name.
struct Owner {
    std::string namespace_name;
    std::string name;

    auto operator<=>(const Owner&) const = default;
};

/// Of the source.
struct Key {
    std::string namespace_name;
    std::string name;

    auto operator<=>(const Key&) const = default;
};

struct Row {
    Key key;
    std::string data = "{}";  ///< a JSON object
    std::string labels;       ///< a JSON object; empty is NULL
    std::string annotations;  ///< the same

    /// Of a ConfigMap's JSON text: data and binaryData together, the latter in base64 as the API has it.
    static Result<Row> of(std::string_view configmap);

    std::size_t size() const { return data.size() + labels.size() + annotations.size() + 256; }
};

/// The JSON text with what JSONB refuses made storable: a NUL character becomes the six characters \u0000, half of a
/// surrogate pair the six characters of its escape.
std::string storable(std::string json);

}  // namespace moontide::store

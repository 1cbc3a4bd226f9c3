// Bodies in Kubernetes' protobuf, which kubectl sends for typed kinds, read into the JSON that they stand for.
// https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
#pragma once

#include "sandbox/status.hpp"

#include <string>
#include <string_view>

namespace moontide::sandbox {

/// An object with kind and apiVersion as its envelope names them; the error is a text in Go's words. Numbers and
/// booleans that are zero are left out: on the wire they are the same whether they were set or not.
std::expected<Json, std::string> from_protobuf(std::string_view bytes);

}  // namespace moontide::sandbox

// What was captured from a real kube-apiserver by tests/cluster/capture-sandbox, as it lies in the binary.
#pragma once

#include "sandbox/status.hpp"

#include <string>
#include <string_view>

namespace moontide::sandbox::captured {

/// Discovery, Table columns, version, and the hashes of the OpenAPI documents. Read once, then shared by all threads.
const Json& surface();

/// The fields of protobuf messages by their type: number, name, type, and how ("", "repeated" or "inline").
const Json& protobuf();

/// The OpenAPI v3 document of "api/v1" or "apis/<group>/<version>"; null where none was captured.
const Json* openapi(std::string_view path);
/// The same as it was captured; empty where none was.
const std::string& openapi_text(std::string_view path);

}  // namespace moontide::sandbox::captured

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

/// The OpenAPI v3 document, without its prose, of "api/v1" or "apis/<group>/<version>"; null where none was captured.
const Json* openapi(std::string_view path);
/// The same as it was captured, with its prose; empty where none was.
std::string openapi_text(std::string_view path);

/// What the server wrote for a custom kind "TemplateKind" of "template.moontide.test/v1template".
const std::string& custom_text(bool namespaced);

}  // namespace moontide::sandbox::captured

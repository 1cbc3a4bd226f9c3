// Cases of requests and answers, run against anything that answers: the sandbox's request path, or a real server.
//
// A case is a title and steps. A step:
//   ask        method and path; ${ns} is a namespace of the case's own, other ${words} were kept by earlier steps
//   body       sent as JSON; or text, sent as it is
//   as         merge, json, strategic, apply, yaml, or a content type
//   show       table, metadata, metadata list
//   code       the answer's status
//   reason, message, causes ([reason, field] each, in any order, each at least once)
//   has        JSON pointers and their values
//   differs    pointers and what they are not
//   lacks      pointers that lead nowhere
//   names      of the list's items, in order
//   managers   the whole of managedFields: "manager operation subresource" and the fields as a JSON text
//   warnings   the texts of the Warning headers
//   keep       words and the JSON pointers that give them
//   eventually asked again until it is so
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::sandbox::tests {

struct Ask {
    std::string method;
    std::string path;
    std::string content_type;
    std::string accept;
    std::string body;
};

struct Got {
    int code = 0;
    nlohmann::json body;
    std::vector<std::string> warnings;
};

using Server = std::function<Got(const Ask&)>;

/// A new sandbox, without a network between.
Server sandbox_server();
/// The server that MOONTIDE_TEST_KUBECONFIG names.
Server cluster_server();

/// Runs every case of tests/unit/sandbox/cases as a section of the running test.
void run_cases(const std::function<Server()>& make_server);

}  // namespace moontide::sandbox::tests

// What a credential plugin is asked and what it answers.
// https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/exec_process.hpp"
#include "kube/kubeconfig.hpp"

#include <optional>
#include <string>

namespace moontide::kube {

struct ExecCredential {
    std::string token;
    std::string certificate_pem;
    std::string key_pem;
    std::optional<WallTime> expires;
};

/// The command that `access.exec` names, with KUBERNETES_EXEC_INFO. Any thread.
Command exec_command(const Access& access);

/// Reads the plugin's output. Errors name the plugin and never what it printed to its output. Any thread.
Result<ExecCredential> read_exec_credential(const ExecPlugin& plugin, const Output& output);

}  // namespace moontide::kube

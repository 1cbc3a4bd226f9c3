// Where a cluster is and how to prove who we are to it.
// https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
#pragma once

#include "base/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace moontide::kube {

/// Inline bytes or a file that is read again when it may have changed; at most one of the two is set.
struct Material {
    std::string inline_pem;
    std::string file;
    bool empty() const { return inline_pem.empty() && file.empty(); }
};

/// A credential plugin:
/// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
struct ExecPlugin {
    std::string command;  ///< absolute, found in PATH, or relative to the kubeconfig's directory
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::string api_version;
    std::string install_hint;
    bool provide_cluster_info = false;
};

/// One cluster as one user. Everything that a context of a kubeconfig, or a pod's service account, says.
struct Access {
    std::string server;  ///< "https://host:port/prefix"
    std::string tls_server_name;
    bool insecure_skip_tls_verify = false;
    Material certificate_authority;  ///< the system's roots where empty
    Material client_certificate;
    Material client_key;
    std::string token;
    std::string token_file;
    std::string username;
    std::string password;
    std::optional<ExecPlugin> exec;
    std::string proxy_url;
    std::string impersonate_user;
    std::vector<std::string> impersonate_groups;
    std::string default_namespace = "default";
    std::string context;  ///< the context's name, for messages; "in-cluster" in a pod
};

struct AccessOptions {
    std::string kubeconfig;                                                         ///< --kubeconfig: this file alone
    std::string context;                                                            ///< --context
    std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";  ///< a pod's, with its token
};

/// In this order: --kubeconfig, the files of KUBECONFIG merged (the first to say something wins), the pod's service
/// account where KUBERNETES_SERVICE_HOST is set, ~/.kube/config. Relative paths count from the file that names them.
Result<Access> find_access(const AccessOptions& options);

/// From one kubeconfig's text; `directory` is what relative paths count from, `file` stands in messages.
Result<Access> parse_kubeconfig(const std::string& text, const std::string& file, const std::string& directory,
                                const std::string& context = {});

}  // namespace moontide::kube

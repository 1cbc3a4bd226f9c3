// From the files of a kubeconfig to one context's Access.
#pragma once

#include "base/result.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/kubeconfig_yaml.hpp"

#include <string>
#include <vector>

namespace moontide::kube {

/// A file that was read, with what its relative paths count from.
struct KubeconfigFile {
    std::string name;
    std::string directory;
    yaml::ValuePtr root;
};

/// Checks no more than that it is a kubeconfig. Any thread.
Result<KubeconfigFile> parse_file(const std::string& text, const std::string& name, const std::string& directory);

/// The files merged as kubectl does: the first to define a cluster, user, context or current-context wins, whole.
/// `context` empty: the current one. Any thread.
Result<Access> access_of(const std::vector<KubeconfigFile>& files, const std::string& context);

}  // namespace moontide::kube

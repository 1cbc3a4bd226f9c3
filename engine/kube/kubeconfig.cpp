#include "kube/kubeconfig.hpp"

#include "base/log.hpp"
#include "kube/kubeconfig_context.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

namespace moontide::kube {

namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets the environment
    return value != nullptr ? value : "";
}

Result<std::string> read_file(const fs::path& path) {
    std::error_code error;
    if (fs::is_directory(path, error)) return fail(path.string() + ": is a directory, not a kubeconfig");
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) return fail(path.string() + ": cannot be read");
    return std::move(text).str();
}

std::string directory_of(const fs::path& path) {
    std::error_code error;
    const auto absolute = fs::absolute(path, error);
    return (error ? path : absolute).parent_path().string();
}

Result<KubeconfigFile> load(const fs::path& path) {
    return parse_file(TRY(read_file(path)), path.string(), directory_of(path));
}

Result<Access> from_files(const std::vector<fs::path>& paths, const std::string& context) {
    std::vector<KubeconfigFile> files;
    files.reserve(paths.size());
    for (const auto& path : paths) files.push_back(TRY(load(path)));
    return access_of(files, context);
}

/// The files of KUBECONFIG that are there; the others may come with a later `kubectl config`.
Result<std::vector<fs::path>> listed(const std::string& list) {
    std::vector<fs::path> found;
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ':');) {
        std::error_code error;
        if (name.empty()) continue;
        if (fs::exists(name, error)) {
            found.emplace_back(name);
        } else {
            log::warn("a file that KUBECONFIG names is not there", {{"file", name}});
        }
    }
    if (found.empty()) return fail("KUBECONFIG is '" + list + "', and none of its files is there");
    return found;
}

Result<Access> in_cluster(const fs::path& account, const std::string& host) {
    const auto port = variable("KUBERNETES_SERVICE_PORT");
    Access access;
    access.context = "in-cluster";
    access.server = "https://" + (host.find(':') != std::string::npos ? "[" + host + "]" : host) + ":" +
                    (port.empty() ? "443" : port);
    access.token_file = (account / "token").string();
    access.certificate_authority.file = (account / "ca.crt").string();
    for (const auto& file : {access.token_file, access.certificate_authority.file}) {
        std::error_code error;
        if (!fs::exists(file, error)) {
            return fail(file + ": is not there, although KUBERNETES_SERVICE_HOST says that this is a pod; is " +
                        "automountServiceAccountToken off? Else name a file with --kubeconfig");
        }
    }
    if (const auto name = read_file(account / "namespace"); name && !name->empty()) access.default_namespace = *name;
    return access;
}

}  // namespace

Result<Access> find_access(const AccessOptions& options) {
    if (!options.kubeconfig.empty()) return from_files({options.kubeconfig}, options.context);
    if (const auto list = variable("KUBECONFIG"); !list.empty()) {
        return from_files(TRY(listed(list)), options.context);
    }
    if (const auto host = variable("KUBERNETES_SERVICE_HOST"); !host.empty()) {
        if (!options.context.empty()) {
            return fail("--context " + options.context +
                        " needs a kubeconfig: name one with --kubeconfig or KUBECONFIG");
        }
        return in_cluster(options.service_account, host);
    }
    const fs::path usual = fs::path(variable("HOME")) / ".kube" / "config";
    std::error_code error;
    if (fs::exists(usual, error)) return from_files({usual}, options.context);
    return fail("no cluster to talk to: give --kubeconfig FILE, set KUBECONFIG, make " + usual.string() +
                ", or run in a pod");
}

Result<Access> parse_kubeconfig(const std::string& text, const std::string& file, const std::string& directory,
                                const std::string& context) {
    std::vector<KubeconfigFile> files;
    files.push_back(TRY(parse_file(text, file, directory)));
    return access_of(files, context);
}

}  // namespace moontide::kube

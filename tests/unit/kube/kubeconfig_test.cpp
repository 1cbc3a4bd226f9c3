#include "kube/kubeconfig.hpp"

#include "temporary.hpp"

#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::kube;

namespace {

const std::string two_clusters = R"(apiVersion: v1
kind: Config
current-context: blue
clusters:
- name: blue
  cluster: {server: "https://blue.example:6443/prefix/", certificate-authority: pki/ca.crt, tls-server-name: api.blue}
- name: red
  cluster: {server: https://red.example, insecure-skip-tls-verify: true, proxy-url: "http://proxy:3128"}
users:
- name: ada
  user: {client-certificate: ada.crt, client-key: /keys/ada.key}
- name: token
  user: {token: s3cret, as: bob, as-groups: [one, two]}
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [get-token, --cluster, "1"]
      env: [{name: A, value: B}]
      interactiveMode: IfAvailable
      provideClusterInfo: true
      installHint: install login
contexts:
- name: blue
  context: {cluster: blue, user: ada, namespace: team}
- name: red
  context: {cluster: red, user: token}
- name: plugged
  context: {cluster: red, user: plugin}
- name: astray
  context: {cluster: rad, user: token}
)";

std::string error_of(const std::string& text, const std::string& context = {}) {
    const auto access = parse_kubeconfig(text, "config", "/home/ada/.kube", context);
    REQUIRE_FALSE(access);
    return access.error().message;
}

/// A one-context kubeconfig whose cluster and user are these.
std::string with(const std::string& cluster, const std::string& user) {
    return "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\nclusters: [{name: c, cluster: " +
           cluster + "}]\nusers: [{name: u, user: " + user + "}]\n";
}

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Sets variables of the environment, and sets them back at its end.
class Environment {
public:
    explicit Environment(const Variables& variables) {
        for (const auto& [name, value] : variables) {
            const char* old = std::getenv(name.c_str());
            before_[name] = old != nullptr ? std::optional<std::string>(old) : std::nullopt;
            if (value.empty()) {
                ::unsetenv(name.c_str());
            } else {
                ::setenv(name.c_str(), value.c_str(), 1);
            }
        }
    }
    Environment(const Environment&) = delete;
    Environment& operator=(const Environment&) = delete;
    ~Environment() {
        for (const auto& [name, value] : before_) {
            if (value) {
                ::setenv(name.c_str(), value->c_str(), 1);
            } else {
                ::unsetenv(name.c_str());
            }
        }
    }

private:
    std::map<std::string, std::optional<std::string>> before_;
};

}  // namespace

TEST_CASE("the current context gives its cluster and user, paths counted from the file") {
    const auto access = parse_kubeconfig(two_clusters, "config", "/home/ada/.kube").value();
    CHECK(access.context == "blue");
    CHECK(access.server == "https://blue.example:6443/prefix/");
    CHECK(access.tls_server_name == "api.blue");
    CHECK(access.certificate_authority.file == "/home/ada/.kube/pki/ca.crt");
    CHECK(access.client_certificate.file == "/home/ada/.kube/ada.crt");
    CHECK(access.client_key.file == "/keys/ada.key");
    CHECK(access.default_namespace == "team");
    CHECK_FALSE(access.insecure_skip_tls_verify);
}

TEST_CASE("another context may be chosen") {
    const auto access = parse_kubeconfig(two_clusters, "config", "/", "red").value();
    CHECK(access.insecure_skip_tls_verify);
    CHECK(access.proxy_url == "http://proxy:3128");
    CHECK(access.token == "s3cret");
    CHECK(access.impersonate_user == "bob");
    CHECK(access.impersonate_groups == std::vector<std::string>{"one", "two"});
    CHECK(access.default_namespace == "default");
}

TEST_CASE("a credential plugin is read whole") {
    const auto access = parse_kubeconfig(two_clusters, "config", "/home/ada/.kube", "plugged").value();
    REQUIRE(access.exec);
    CHECK(access.exec->command == "/home/ada/.kube/bin/login");
    CHECK(access.exec->arguments == std::vector<std::string>{"get-token", "--cluster", "1"});
    CHECK(access.exec->environment == std::map<std::string, std::string>{{"A", "B"}});
    CHECK(access.exec->api_version == "client.authentication.k8s.io/v1");
    CHECK(access.exec->install_hint == "install login");
    CHECK(access.exec->provide_cluster_info);
}

TEST_CASE("inline data is decoded and wins over files") {
    const auto text = with("{server: https://h, certificate-authority: a, certificate-authority-data: Y2E=}",
                           "{client-certificate-data: Y3J0MQ==, client-key-data: a2V5, client-key: b}");
    const auto access = parse_kubeconfig(text, "config", "/").value();
    CHECK(access.certificate_authority.inline_pem == "ca");
    CHECK(access.certificate_authority.file.empty());
    CHECK(access.client_certificate.inline_pem == "crt1");
    CHECK(access.client_key.inline_pem == "key");
}

TEST_CASE("what is wrong with a kubeconfig is said with its place and the way out") {
    const std::string fine = "{server: https://h}";
    CHECK(error_of(two_clusters, "blau") ==
          "config: no context is named 'blau'; there are: blue, red, astray, plugged");
    CHECK(error_of(two_clusters, "astray") ==
          "config: context 'astray': no cluster is named 'rad'; there are: red, blue");
    CHECK(error_of("") ==
          "config: no current-context is set: choose one with --context or `kubectl config use-context`");
    CHECK(error_of("kind: Pod") == "config:1: is no kubeconfig: its kind is 'Pod', not 'Config'");
    CHECK(error_of("- a") == "config: is no kubeconfig: it must be a map");
    CHECK(error_of("current-context: a\ncontexts: {}") == "config:2: 'contexts' must be a list");
    CHECK(error_of(with("{server: http://h}", "{}")) ==
          "config:3: server 'http://h' must begin with https://, since Moontide speaks HTTP/2 over TLS");
    CHECK(error_of(with("{server: 'https://h:port'}", "{}")) ==
          "config:3: 'https://h:port': the port is no number from 1 to 65535");
    CHECK(error_of(with("{}", "{}")) == "config: cluster 'c' has no 'server'");
    CHECK(error_of(with("{server: https://h, certificate-authority-data: '*'}", "{}")) ==
          "config:3: 'certificate-authority-data' is not base64");
    CHECK(error_of(with(fine, "{token: [a]}")) == "config:4: 'token' must be a text");
    CHECK(error_of(with(fine, "{client-key: a}")) ==
          "config: user 'u' has only one of client-certificate and client-key");
    CHECK(error_of(with(fine, "{auth-provider: {name: gcp}}")).find("use 'exec'") != std::string::npos);
    CHECK(error_of(with(fine, "{exec: {command: a, apiVersion: client.authentication.k8s.io/v1alpha1}}"))
              .find("v1beta1") != std::string::npos);
    CHECK(error_of("a: b: c").starts_with("config:1: "));
    CHECK(error_of("a: [1,").starts_with("config:"));
}

TEST_CASE("YAML that means harm is refused and does none") {
    CHECK(error_of("a: &a [*a]") == "config:1: an alias within its own anchor");
    CHECK(error_of("a: &a {b: *a}") == "config:1: an alias within its own anchor");
    CHECK(error_of(std::string(100, '[') + std::string(100, ']')).find("nested too deep") != std::string::npos);
    CHECK(error_of(std::string(100'000, '[')).starts_with("config:1"));

    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 20; ++i) {
        const auto below = "*a" + std::to_string(i - 1);
        bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below;
        for (int j = 1; j < 10; ++j) bomb += "," + below;
        bomb += "]\n";
    }
    CHECK(error_of(bomb).find("more than 200000 values") != std::string::npos);
    const auto shared = with("&c {server: https://h}", "{token: t}") + "again: *c\n";
    CHECK(parse_kubeconfig(shared, "config", "/"));
}

TEST_CASE("the files of KUBECONFIG are merged, the first to say something wins whole") {
    const Directory directory;
    const auto first = directory.write("a/config", R"(
contexts: [{name: x, context: {cluster: c, user: u}}]
users: [{name: u, user: {tokenFile: token}}]
)");
    const auto second = directory.write("b/config", R"(
current-context: x
contexts: [{name: x, context: {cluster: other, user: u, namespace: n}}]
clusters: [{name: c, cluster: {server: "https://second", certificate-authority: ca.crt}}]
users: [{name: u, user: {username: me, password: word}}]
)");
    const Environment environment(Variables{{"KUBECONFIG", directory.path() + "/missing:" + first + "::" + second}});
    const auto access = find_access({}).value();
    CHECK(access.server == "https://second");
    CHECK(access.certificate_authority.file == directory.path() + "/b/ca.crt");
    CHECK(access.token_file == directory.path() + "/a/token");
    CHECK(access.username.empty());
    CHECK(access.default_namespace == "default");

    AccessOptions alone;
    alone.kubeconfig = first;
    CHECK(find_access(alone).error().message.find("no current-context") != std::string::npos);
}

TEST_CASE("a file that was named must be there") {
    const Environment environment(Variables{{"KUBECONFIG", "/nowhere/a:/nowhere/b"}});
    CHECK(find_access({}).error().message.find("none of its files is there") != std::string::npos);
    AccessOptions named;
    named.kubeconfig = "/nowhere/config";
    CHECK(find_access(named).error().message == "/nowhere/config: cannot be read");
    named.kubeconfig = "/tmp";
    CHECK(find_access(named).error().message == "/tmp: is a directory, not a kubeconfig");
}

TEST_CASE("a pod uses its service account, and without anything the ways are named") {
    const Directory directory;
    directory.write("token", "t");
    directory.write("namespace", "team");
    AccessOptions options;
    options.service_account = directory.path();
    {
        const Environment environment(Variables{{"KUBECONFIG", ""},
                                                {"HOME", directory.path()},
                                                {"KUBERNETES_SERVICE_HOST", "fd00::1"},
                                                {"KUBERNETES_SERVICE_PORT", "6443"}});
        CHECK(find_access(options).error().message.find("ca.crt: is not there") != std::string::npos);
        directory.write("ca.crt", "c");
        const auto access = find_access(options).value();
        CHECK(access.server == "https://[fd00::1]:6443");
        CHECK(access.token_file == directory.path() + "/token");
        CHECK(access.default_namespace == "team");
    }
    const Environment environment(
        Variables{{"KUBECONFIG", ""}, {"HOME", directory.path()}, {"KUBERNETES_SERVICE_HOST", ""}});
    CHECK(find_access(options).error().message.find("give --kubeconfig FILE") != std::string::npos);
    directory.write(".kube/config", with("{server: https://home}", "{}"));
    CHECK(find_access(options).value().server == "https://home");
}

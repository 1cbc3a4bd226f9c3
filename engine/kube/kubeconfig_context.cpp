#include "kube/kubeconfig_context.hpp"

#include "base/nearest.hpp"
#include "kube/connection_url.hpp"
#include "kube/credentials_base64.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace moontide::kube {

namespace {

using yaml::Value;

/// A named entry: where it was found and what it holds.
struct Entry {
    const KubeconfigFile* file = nullptr;
    const Value* node = nullptr;  // the map below "cluster", "user" or "context"

    std::string place(const Value* at) const { return file->name + ":" + std::to_string(at->line); }
};

/// "there are: prod, stage", the nearest first.
std::string choices(const std::set<std::string>& names, const std::string& wanted) {
    if (names.empty()) return "there is none";
    std::vector<std::string> sorted(names.begin(), names.end());
    std::ranges::stable_sort(sorted, {}, [&](const std::string& name) { return edits(name, wanted); });
    std::string text = "there are: ";
    for (std::size_t i = 0; i < sorted.size() && i < 8; ++i) text += (i > 0 ? ", " : "") + sorted[i];
    if (sorted.size() > 8) text += " and " + std::to_string(sorted.size() - 8) + " more";
    return text;
}

std::string files_text(const std::vector<KubeconfigFile>& files) {
    std::string text;
    for (const auto& file : files) text += (text.empty() ? "" : ":") + file.name;
    return text;
}

/// `section` is "clusters" and `member` "cluster", say.
struct Named {
    const char* section;
    const char* member;
};

/// `place` stands before the error that it is not there.
Result<Entry> entry(const std::vector<KubeconfigFile>& files, Named kind, const std::string& name,
                    const std::string& place) {
    std::set<std::string> names;
    for (const auto& file : files) {
        const Value* list = file.root->find(kind.section);
        if (list == nullptr) continue;
        const Entry at{&file, list};
        if (list->shape != Value::Shape::list) {
            return fail(at.place(list) + ": '" + kind.section + "' must be a list");
        }
        for (const auto& item : list->list) {
            const Value* item_name = item->find("name");
            if (item_name == nullptr || item_name->shape != Value::Shape::text) continue;
            names.insert(item_name->text);
            if (item_name->text != name) continue;
            const Value* node = item->find(kind.member);
            static const Value nothing{Value::Shape::map, 0, {}, {}, {}};
            if (node != nullptr && node->shape != Value::Shape::map) {
                return fail(at.place(node) + ": '" + kind.member + "' of '" + name + "' must be a map");
            }
            return Entry{&file, node != nullptr ? node : &nothing};
        }
    }
    return fail(place + ": no " + kind.member + " is named '" + name + "'; " + choices(names, name));
}

Result<std::string> text(const Entry& from, const char* key) {
    const Value* node = from.node->find(key);
    if (node == nullptr) return std::string();
    if (node->shape != Value::Shape::text) return fail(from.place(node) + ": '" + key + "' must be a text");
    return node->text;
}

Result<bool> boolean(const Entry& from, const char* key) {
    const auto value = TRY(text(from, key));
    if (value.empty() || value == "false") return false;
    if (value == "true") return true;
    return fail(from.place(from.node->find(key)) + ": '" + key + "' must be true or false, not '" + value + "'");
}

Result<std::vector<std::string>> texts(const Entry& from, const char* key) {
    std::vector<std::string> values;
    const Value* node = from.node->find(key);
    if (node == nullptr) return values;
    const auto wrong = [&](const Value* at) {
        return fail(from.place(at) + ": '" + key + "' must be a list of texts");
    };
    if (node->shape != Value::Shape::list) return wrong(node);
    for (const auto& item : node->list) {
        if (item->shape != Value::Shape::text) return wrong(item.get());
        values.push_back(item->text);
    }
    return values;
}

std::string absolute(const Entry& from, const std::string& path) {
    if (path.empty() || path.starts_with('/')) return path;
    return (std::filesystem::path(from.file->directory) / path).lexically_normal().string();
}

Result<std::string> base64_entry(const Entry& from, const std::string& key, const std::string& base64) {
    auto bytes = from_base64(base64);
    if (!bytes) return fail(from.place(from.node->find(key)) + ": '" + key + "' is not base64");
    return std::move(*bytes);
}

/// `key`-data, which wins, or the file that `key` names.
Result<Material> material(const Entry& from, const std::string& key) {
    Material material;
    const std::string data_key = key + "-data";
    if (const auto data = TRY(text(from, data_key.c_str())); !data.empty()) {
        material.inline_pem = TRY(base64_entry(from, data_key, data));
    } else {
        material.file = absolute(from, TRY(text(from, key.c_str())));
    }
    return material;
}

Result<void> read_cluster(const Entry& cluster, const std::string& name, Access& access) {
    access.server = TRY(text(cluster, "server"));
    if (access.server.empty()) return fail(cluster.file->name + ": cluster '" + name + "' has no 'server'");
    const auto place = cluster.place(cluster.node->find("server"));
    const auto url = parse_url(access.server);
    if (!url) return within(place, url.error());
    if (url->scheme != "https") {
        return fail(place + ": server '" + access.server +
                    "' must begin with https://, since Moontide speaks HTTP/2 over TLS");
    }
    access.tls_server_name = TRY(text(cluster, "tls-server-name"));
    access.insecure_skip_tls_verify = TRY(boolean(cluster, "insecure-skip-tls-verify"));
    access.certificate_authority = TRY(material(cluster, "certificate-authority"));
    access.proxy_url = TRY(text(cluster, "proxy-url"));
    if (access.insecure_skip_tls_verify && !access.certificate_authority.empty()) {
        return fail(cluster.place(cluster.node->find("insecure-skip-tls-verify")) + ": cluster '" + name +
                    "' names a certificate authority and says insecure-skip-tls-verify: take one of them away");
    }
    return {};
}

Result<ExecPlugin> read_exec(const Entry& user, const Value* node) {
    const Entry from{user.file, node};
    if (node->shape != Value::Shape::map) return fail(user.place(node) + ": 'exec' must be a map");
    ExecPlugin plugin;
    plugin.command = TRY(text(from, "command"));
    if (plugin.command.empty()) return fail(user.place(node) + ": 'exec' has no 'command'");
    if (plugin.command.find('/') != std::string::npos) plugin.command = absolute(from, plugin.command);
    plugin.arguments = TRY(texts(from, "args"));
    plugin.install_hint = TRY(text(from, "installHint"));
    plugin.provide_cluster_info = TRY(boolean(from, "provideClusterInfo"));
    plugin.api_version = TRY(text(from, "apiVersion"));
    if (plugin.api_version != "client.authentication.k8s.io/v1" &&
        plugin.api_version != "client.authentication.k8s.io/v1beta1") {
        return fail(user.place(node) + ": 'exec' has apiVersion '" + plugin.api_version +
                    "'; Kubernetes knows client.authentication.k8s.io/v1 and v1beta1");
    }
    if (TRY(text(from, "interactiveMode")) == "Always") {
        return fail(user.place(node) + ": the plugin '" + plugin.command +
                    "' has interactiveMode Always, and there is nobody to answer it");
    }
    if (const Value* list = node->find("env")) {
        if (list->shape != Value::Shape::list) return fail(user.place(list) + ": 'env' must be a list");
        for (const auto& item : list->list) {
            const Entry variable{user.file, item.get()};
            plugin.environment[TRY(text(variable, "name"))] = TRY(text(variable, "value"));
        }
    }
    return plugin;
}

Result<void> read_user(const Entry& user, const std::string& name, Access& access) {
    access.client_certificate = TRY(material(user, "client-certificate"));
    access.client_key = TRY(material(user, "client-key"));
    access.token = TRY(text(user, "token"));
    access.token_file = absolute(user, TRY(text(user, "tokenFile")));
    access.username = TRY(text(user, "username"));
    access.password = TRY(text(user, "password"));
    access.impersonate_user = TRY(text(user, "as"));
    access.impersonate_groups = TRY(texts(user, "as-groups"));
    if (const Value* exec = user.node->find("exec")) access.exec = TRY(read_exec(user, exec));
    if (const Value* provider = user.node->find("auth-provider")) {
        return fail(user.place(provider) + ": user '" + name +
                    "' has an auth-provider, which Kubernetes 1.26 removed: use 'exec' with the provider's plugin");
    }
    if (access.client_certificate.empty() != access.client_key.empty()) {
        return fail(user.file->name + ": user '" + name + "' has only one of client-certificate and client-key");
    }
    if (!access.username.empty() && !(access.token.empty() && access.token_file.empty())) {
        return fail(user.file->name + ": user '" + name + "' has a token and a username: take one of them away");
    }
    return {};
}

}  // namespace

Result<KubeconfigFile> parse_file(const std::string& text, const std::string& name, const std::string& directory) {
    KubeconfigFile file{name, directory, TRY(yaml::parse(text, name))};
    if (!file.root || file.root->shape == Value::Shape::null) {
        file.root = std::make_shared<Value>(Value{Value::Shape::map, 1, {}, {}, {}});
    }
    if (file.root->shape != Value::Shape::map) return fail(name + ": is no kubeconfig: it must be a map");
    if (const Value* kind = file.root->find("kind"); kind != nullptr && kind->text != "Config") {
        return fail(name + ":" + std::to_string(kind->line) + ": is no kubeconfig: its kind is '" + kind->text +
                    "', not 'Config'");
    }
    return file;
}

Result<Access> access_of(const std::vector<KubeconfigFile>& files, const std::string& context) {
    const std::string place = files_text(files);
    std::string chosen = context;
    for (const auto& file : files) {
        if (chosen.empty()) chosen = TRY(text(Entry{&file, file.root.get()}, "current-context"));
    }
    if (chosen.empty()) {
        return fail(place + ": no current-context is set: choose one with --context or `kubectl config use-context`");
    }

    const auto found = TRY(entry(files, {"contexts", "context"}, chosen, place));
    Access access;
    access.context = chosen;
    if (auto name = TRY(text(found, "namespace")); !name.empty()) access.default_namespace = std::move(name);

    const auto cluster_name = TRY(text(found, "cluster"));
    const auto of_context = place + ": context '" + chosen + "'";
    TRY_VOID(read_cluster(TRY(entry(files, {"clusters", "cluster"}, cluster_name, of_context)), cluster_name, access));

    const auto user_name = TRY(text(found, "user"));
    if (user_name.empty()) return access;
    TRY_VOID(read_user(TRY(entry(files, {"users", "user"}, user_name, of_context)), user_name, access));
    return access;
}

}  // namespace moontide::kube

#include "kube/exec_credential.hpp"

#include "kube/credentials_base64.hpp"
#include "kube/text_at.hpp"

#include <fstream>
#include <sstream>

#include <nlohmann/json.hpp>

namespace moontide::kube {

namespace {

using nlohmann::json;

std::string pem(const Material& material) {
    if (material.file.empty()) return material.inline_pem;
    std::ifstream file(material.file, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return std::move(text).str();
}

json cluster_info(const Access& access) {
    json cluster = {{"server", access.server}};
    if (!access.tls_server_name.empty()) cluster["tls-server-name"] = access.tls_server_name;
    if (access.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
    if (const auto authority = pem(access.certificate_authority); !authority.empty()) {
        cluster["certificate-authority-data"] = to_base64(authority);
    }
    if (!access.proxy_url.empty()) cluster["proxy-url"] = access.proxy_url;
    return cluster;
}

std::string last_line(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
    const auto begin = text.rfind('\n');
    return begin == std::string::npos ? text : text.substr(begin + 1);
}

}  // namespace

Command exec_command(const Access& access) {
    const ExecPlugin& plugin = *access.exec;
    json spec = {{"interactive", false}};
    if (plugin.provide_cluster_info) spec["cluster"] = cluster_info(access);
    const json info = {{"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
    Command command;
    command.program = plugin.command;
    command.arguments = plugin.arguments;
    command.environment = plugin.environment;
    command.environment["KUBERNETES_EXEC_INFO"] = info.dump(-1, ' ', false, json::error_handler_t::replace);
    return command;
}

Result<ExecCredential> read_exec_credential(const ExecPlugin& plugin, const Output& output) {
    const std::string place = "credential plugin '" + plugin.command + "'";
    if (output.exit_code != 0) {
        const auto said = last_line(output.err);
        return fail(place + " ended with code " + std::to_string(output.exit_code) + (said.empty() ? "" : ": " + said),
                    Retry::later);
    }
    const auto answer = json::parse(output.out, nullptr, false);
    if (!answer.is_object() || text_at(answer, "kind") != "ExecCredential") {
        return fail(place + " printed no ExecCredential", Retry::later);
    }
    if (text_at(answer, "apiVersion") != plugin.api_version) {
        return fail(place + " answers in version '" + text_at(answer, "apiVersion") + "', the kubeconfig says '" +
                    plugin.api_version + "'");
    }
    const auto status = answer.find("status");
    if (status == answer.end() || !status->is_object()) return fail(place + " gave no status", Retry::later);

    ExecCredential credential{text_at(*status, "token"), text_at(*status, "clientCertificateData"),
                              text_at(*status, "clientKeyData"), std::nullopt};
    if (credential.certificate_pem.empty() != credential.key_pem.empty()) {
        return fail(place + " gave only one of clientCertificateData and clientKeyData", Retry::later);
    }
    if (credential.token.empty() && credential.certificate_pem.empty()) {
        return fail(place + " gave neither a token nor a client certificate", Retry::later);
    }
    if (const auto expires = text_at(*status, "expirationTimestamp"); !expires.empty()) {
        credential.expires = parse_rfc3339(expires);
        if (!credential.expires) return fail(place + " gave an expirationTimestamp that is no time", Retry::later);
    }
    return credential;
}

}  // namespace moontide::kube

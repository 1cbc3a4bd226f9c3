#include "sandbox/captured.hpp"

#include <array>
#include <map>
#include <stdexcept>

#include <zlib.h>

// The build says where the files are; the assembler puts their bytes between two labels.
#define EMBED(label, file)                                                                                 \
    __asm__(".section .rodata\n" #label "_begin:\n.incbin \"" MOONTIDE_SANDBOX_DATA "/" file "\"\n" #label \
            "_end:\n.byte 0\n.previous\n");                                                                \
    extern "C" {                                                                                           \
    extern const char label##_begin[];                                                                     \
    extern const char label##_end[];                                                                       \
    }

EMBED(moontide_sandbox_surface, "surface.json.gz")
EMBED(moontide_sandbox_protobuf, "protobuf.json.gz")
EMBED(moontide_sandbox_core, "openapi-api-v1.json.gz")
EMBED(moontide_sandbox_coordination, "openapi-apis-coordination.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_authorization, "openapi-apis-authorization.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_authentication, "openapi-apis-authentication.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_apps, "openapi-apis-apps-v1.json.gz")
EMBED(moontide_sandbox_rbac, "openapi-apis-rbac.authorization.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_extensions, "openapi-apis-apiextensions.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_events, "openapi-apis-events.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_discovery, "openapi-apis-discovery.k8s.io-v1.json.gz")
EMBED(moontide_sandbox_custom_namespaced, "custom-namespaced.json.gz")
EMBED(moontide_sandbox_custom_cluster, "custom-cluster.json.gz")

namespace moontide::sandbox::captured {

namespace {

std::string inflated(const char* begin, const char* end) {
    z_stream stream{};
    // 16 more than the window's bits: the gzip format.
    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) throw std::runtime_error("zlib does not start");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(begin));
    stream.avail_in = static_cast<uInt>(end - begin);
    std::string text;
    std::array<char, 1 << 16> buffer{};
    int code = Z_OK;
    while (code == Z_OK) {
        stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
        stream.avail_out = buffer.size();
        code = ::inflate(&stream, Z_NO_FLUSH);
        text.append(buffer.data(), buffer.size() - stream.avail_out);
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END) throw std::runtime_error("a captured document is damaged");
    return text;
}

struct Document {
    const char* begin;
    const char* end;
    Json tree;
};

/// What is said of fields costs three times their room, and only clients read it.
void drop_prose(Json& tree) {
    if (!tree.is_structured()) return;
    if (tree.is_object()) {
        if (const auto said = tree.find("description"); said != tree.end() && said->is_string()) tree.erase(said);
    }
    for (auto& inner : tree) drop_prose(inner);
}

const std::map<std::string, Document, std::less<>>& documents() {
    static const std::map<std::string, Document, std::less<>> all = [] {
        std::map<std::string, Document, std::less<>> map;
        const auto add = [&](const char* path, const char* begin, const char* end) {
            auto tree = Json::parse(inflated(begin, end));
            drop_prose(tree);
            map.emplace(path, Document{begin, end, std::move(tree)});
        };
        add("api/v1", moontide_sandbox_core_begin, moontide_sandbox_core_end);
        add("apis/apps/v1", moontide_sandbox_apps_begin, moontide_sandbox_apps_end);
        add("apis/coordination.k8s.io/v1", moontide_sandbox_coordination_begin, moontide_sandbox_coordination_end);
        add("apis/authorization.k8s.io/v1", moontide_sandbox_authorization_begin, moontide_sandbox_authorization_end);
        add("apis/authentication.k8s.io/v1", moontide_sandbox_authentication_begin,
            moontide_sandbox_authentication_end);
        add("apis/rbac.authorization.k8s.io/v1", moontide_sandbox_rbac_begin, moontide_sandbox_rbac_end);
        add("apis/apiextensions.k8s.io/v1", moontide_sandbox_extensions_begin, moontide_sandbox_extensions_end);
        add("apis/events.k8s.io/v1", moontide_sandbox_events_begin, moontide_sandbox_events_end);
        add("apis/discovery.k8s.io/v1", moontide_sandbox_discovery_begin, moontide_sandbox_discovery_end);
        return map;
    }();
    return all;
}

}  // namespace

const Json& surface() {
    static const Json tree = Json::parse(inflated(moontide_sandbox_surface_begin, moontide_sandbox_surface_end));
    return tree;
}

const Json& protobuf() {
    static const Json tree = Json::parse(inflated(moontide_sandbox_protobuf_begin, moontide_sandbox_protobuf_end));
    return tree;
}

const Json* openapi(std::string_view path) {
    const auto found = documents().find(path);
    return found == documents().end() ? nullptr : &found->second.tree;
}

std::string openapi_text(std::string_view path) {
    const auto found = documents().find(path);
    return found == documents().end() ? std::string() : inflated(found->second.begin, found->second.end);
}

const std::string& custom_text(bool namespaced) {
    static const std::string in_namespaces =
        inflated(moontide_sandbox_custom_namespaced_begin, moontide_sandbox_custom_namespaced_end);
    static const std::string in_cluster =
        inflated(moontide_sandbox_custom_cluster_begin, moontide_sandbox_custom_cluster_end);
    return namespaced ? in_namespaces : in_cluster;
}

}  // namespace moontide::sandbox::captured

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
    std::string text;
    Json tree;
};

Document document(const char* begin, const char* end) {
    auto text = inflated(begin, end);
    auto tree = Json::parse(text);
    return {std::move(text), std::move(tree)};
}

const std::map<std::string, Document, std::less<>>& documents() {
    static const std::map<std::string, Document, std::less<>> all = [] {
        std::map<std::string, Document, std::less<>> map;
        map.emplace("api/v1", document(moontide_sandbox_core_begin, moontide_sandbox_core_end));
        map.emplace("apis/coordination.k8s.io/v1",
                    document(moontide_sandbox_coordination_begin, moontide_sandbox_coordination_end));
        map.emplace("apis/authorization.k8s.io/v1",
                    document(moontide_sandbox_authorization_begin, moontide_sandbox_authorization_end));
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

const std::string& openapi_text(std::string_view path) {
    static const std::string none;
    const auto found = documents().find(path);
    return found == documents().end() ? none : found->second.text;
}

}  // namespace moontide::sandbox::captured

#include "kube/http2_session.hpp"

#include <algorithm>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace moontide::kube::http2 {

const std::string* find(const Headers& headers, std::string_view name) {
    const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
    return found != headers.end() ? &found->second : nullptr;
}

void HeaderBlock::add(std::string_view name, std::string_view value) {
    // nghttp2 copies both; its structure has no const because it may also be told not to.
    fields_.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                       reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                       NGHTTP2_NV_FLAG_NONE});
}

void HeaderBlock::add(const Headers& headers) {
    for (const auto& [name, value] : headers) add(name, value);
}

bool collect(nghttp2_session* session, std::string& out) {
    while (out.size() < std::size_t{64} * 1024) {
        const std::uint8_t* data = nullptr;
        const auto size = nghttp2_session_mem_send(session, &data);
        if (size < 0) return false;
        if (size == 0) return true;
        out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    }
    return true;
}

std::string error_name(std::uint32_t code) {
    return nghttp2_http2_strerror(code);
}

void tune(int descriptor, Milliseconds unacknowledged) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    const auto timeout = static_cast<unsigned>(unacknowledged.count());
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

}  // namespace moontide::kube::http2

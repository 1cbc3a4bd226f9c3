// What both sides of an HTTP/2 connection share around nghttp2.
#pragma once

#include "kube/http2.hpp"
#include "kube/tls_openssl.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

namespace moontide::kube::http2 {

using SessionPtr = std::unique_ptr<nghttp2_session, tls::FreeBy<nghttp2_session_del>>;
using CallbacksPtr = std::unique_ptr<nghttp2_session_callbacks, tls::FreeBy<nghttp2_session_callbacks_del>>;
using OptionPtr = std::unique_ptr<nghttp2_option, tls::FreeBy<nghttp2_option_del>>;

/// Headers of one message may take this much; longer ones end the stream.
inline constexpr std::size_t header_limit = std::size_t{128} * 1024;

/// Points into `headers` and the texts given to add(), which must outlive it.
class HeaderBlock {
public:
    void add(std::string_view name, std::string_view value);
    void add(const Headers& headers);
    const nghttp2_nv* data() const { return fields_.data(); }
    std::size_t size() const { return fields_.size(); }

private:
    std::vector<nghttp2_nv> fields_;
};

/// Appends what the session has to send until about 64 KiB are there. False where the session is broken.
bool collect(nghttp2_session* session, std::string& out);

/// "REFUSED_STREAM" and the like.
std::string error_name(std::uint32_t code);

/// Sets TCP_NODELAY, keepalive, and how long sent bytes may stay unacknowledged before the kernel gives up.
void tune(int descriptor, Milliseconds unacknowledged);

}  // namespace moontide::kube::http2

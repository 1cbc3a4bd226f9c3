#include "kube/byte_stream.hpp"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace moontide::kube {

TcpStream::~TcpStream() {
    ::close(descriptor_);
}

Moved TcpStream::read(std::span<char> room) {
    const auto got = ::recv(descriptor_, room.data(), room.size(), 0);
    if (got > 0) return {Flow::done, static_cast<std::size_t>(got)};
    error_ = got == 0 ? 0 : errno;
    if (got == 0) return {Flow::ended};
    return {error_ == EAGAIN || error_ == EINTR ? Flow::wants_input : Flow::failed};
}

Moved TcpStream::write(std::string_view bytes) {
    // write(2) would raise SIGPIPE for the whole process when the peer has gone.
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return {Flow::done, static_cast<std::size_t>(sent)};
    error_ = errno;
    return {error_ == EAGAIN || error_ == EINTR ? Flow::wants_output : Flow::failed};
}

std::string TcpStream::failure() const {
    return error_ == 0 ? "the peer closed the connection" : std::strerror(error_);
}

}  // namespace moontide::kube

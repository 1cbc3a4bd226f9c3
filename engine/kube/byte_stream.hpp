// Bytes in both directions, without waiting: what TLS and proxies are spoken over, one layer on the other.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace moontide::kube {

/// What became of a call. After `wants_input` and `wants_output` the same call, with the same bytes, is to be made
/// again when the descriptor can be read or written; which of the two has nothing to do with what the call was for.
enum class Flow { done, wants_input, wants_output, ended, failed };

struct Moved {
    Flow flow = Flow::failed;
    std::size_t bytes = 0;  ///< with Flow::done, then at least one
};

/// One thread at a time: the one of the Loop that watches its descriptor.
class ByteStream {
public:
    ByteStream() = default;
    virtual ~ByteStream() = default;
    ByteStream(const ByteStream&) = delete;
    ByteStream& operator=(const ByteStream&) = delete;

    virtual Moved read(std::span<char> room) = 0;
    virtual Moved write(std::string_view bytes) = 0;
    /// Bytes are ready in here that no event of the descriptor is going to tell of.
    virtual bool holds_bytes() const = 0;
    /// Tells the peer that the end is meant, as far as that can be said now.
    virtual void say_end() = 0;
    /// Of the socket at the bottom.
    virtual int descriptor() const = 0;
    /// Why the last call failed or ended.
    virtual std::string failure() const = 0;
};

/// A connected, non-blocking socket, which it owns.
class TcpStream final : public ByteStream {
public:
    explicit TcpStream(int descriptor) : descriptor_(descriptor) {}
    ~TcpStream() override;
    TcpStream(const TcpStream&) = delete;
    TcpStream& operator=(const TcpStream&) = delete;

    Moved read(std::span<char> room) override;
    Moved write(std::string_view bytes) override;
    bool holds_bytes() const override { return false; }
    void say_end() override {}
    int descriptor() const override { return descriptor_; }
    std::string failure() const override;

private:
    int descriptor_;
    int error_ = 0;  // of errno; 0 where the peer has closed
};

}  // namespace moontide::kube

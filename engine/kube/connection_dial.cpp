#include "kube/connection_dial.hpp"

#include "kube/connection_url.hpp"
#include "kube/proxy_tunnel.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moontide::kube {

namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// A lookup under way. It cannot be called off, so it may outlive the Dial that asked, and lives until libc is done.
struct Lookup {
    std::string host;
    std::string port;
    addrinfo hints{};
    gaicb request{};

    std::mutex mutex;
    Loop* loop = nullptr;                   // guarded by mutex; null once nobody asks any more
    std::function<void(AddressList)> done;  // guarded by mutex

    std::shared_ptr<Lookup> itself;  // until libc is done with `request`
};

void lookup_finished(sigval value) {
    auto* lookup = static_cast<Lookup*>(value.sival_ptr);
    const auto keep = std::move(lookup->itself);
    const auto answer = std::make_shared<AddressList>(keep->request.ar_result, ::freeaddrinfo);
    const std::scoped_lock lock(keep->mutex);
    if (keep->loop == nullptr) return;
    keep->loop->post([keep, answer] {
        std::function<void(AddressList)> done;
        {
            const std::scoped_lock again(keep->mutex);
            done = std::exchange(keep->done, nullptr);
        }
        if (done) done(std::move(*answer));
    });
}

}  // namespace

class Dial::Implementation : public std::enable_shared_from_this<Dial::Implementation> {
public:
    Implementation(Loop& loop, std::string host, std::uint16_t port, std::optional<Proxy> proxy, Done done)
        : loop_(loop), host_(std::move(host)), port_(port), proxy_(std::move(proxy)), done_(std::move(done)) {}

    void resolve() {
        const auto lookup = std::make_shared<Lookup>();
        lookup->host = proxy_ ? proxy_->host : host_;
        lookup->port = std::to_string(proxy_ ? proxy_->port : port_);
        lookup->hints.ai_socktype = SOCK_STREAM;
        lookup->hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        addrinfo* found = nullptr;
        if (::getaddrinfo(lookup->host.c_str(), lookup->port.c_str(), &lookup->hints, &found) == 0) {
            return resolved(AddressList(found, ::freeaddrinfo));
        }

        lookup->hints.ai_flags = AI_NUMERICSERV;
        lookup->request.ar_name = lookup->host.c_str();
        lookup->request.ar_service = lookup->port.c_str();
        lookup->request.ar_request = &lookup->hints;
        lookup->loop = &loop_;
        lookup->done = [this](AddressList list) { resolved(std::move(list)); };
        lookup->itself = lookup;
        lookup_ = lookup;

        sigevent event{};
        event.sigev_notify = SIGEV_THREAD;
        event.sigev_value.sival_ptr = lookup.get();
        event.sigev_notify_function = lookup_finished;
        gaicb* requests[] = {&lookup->request};
        if (::getaddrinfo_a(GAI_NOWAIT, requests, 1, &event) != 0) {
            lookup->itself.reset();
            finish(fail("cannot resolve " + lookup->host + ": no thread for it", Retry::later));
        }
    }

    std::string awaited() const {
        if (tunnel_) return proxy_->name() + ": " + tunnel_->awaited() + "; does it speak what its URL says?";
        if (addresses_.empty()) return "the name servers' answer for " + (proxy_ ? proxy_->host : host_);
        return "a connection to " + place();
    }

    /// After this `done` is not called any more.
    void abandon() {
        done_ = nullptr;
        tunnel_.reset();
        release();
    }

private:
    std::string place() const { return proxy_ ? proxy_->name() : Url{{}, {}, {}, host_, port_, {}}.authority(); }

    void resolved(AddressList list) {
        for (const addrinfo* one = list.get(); one != nullptr; one = one->ai_next) addresses_.push_back(one);
        list_ = std::move(list);
        if (addresses_.empty()) {
            return finish(fail("cannot resolve " + (proxy_ ? proxy_->host + " of " + proxy_->name() : host_) +
                                   ": no such name, or no answer from the name servers",
                               Retry::later));
        }
        interleave();
        try_next();
    }

    /// IPv6 and IPv4 in turn, so that a family without a route costs one wait and not many.
    void interleave() {
        std::vector<const addrinfo*> first;
        std::vector<const addrinfo*> others;
        for (const auto* one : addresses_) {
            (one->ai_family == addresses_.front()->ai_family ? first : others).push_back(one);
        }
        addresses_.clear();
        for (std::size_t i = 0; i < std::max(first.size(), others.size()); ++i) {
            if (i < first.size()) addresses_.push_back(first[i]);
            if (i < others.size()) addresses_.push_back(others[i]);
        }
    }

    void try_next() {
        loop_.cancel(timer_);
        while (next_ < addresses_.size()) {
            const addrinfo& address = *addresses_[next_++];
            const int descriptor = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            if (descriptor < 0) {
                last_error_ = std::strerror(errno);
                continue;
            }
            if (::connect(descriptor, address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS) {
                last_error_ = std::strerror(errno);
                ::close(descriptor);
                continue;
            }
            attempts_.push_back(descriptor);
            loop_.watch(descriptor, EPOLLOUT, [weak = weak_from_this(), descriptor](std::uint32_t) {
                if (const auto self = weak.lock()) self->answered(descriptor);
            });
            if (next_ < addresses_.size()) {
                timer_ = loop_.after(Milliseconds(250), [weak = weak_from_this()] {
                    if (const auto self = weak.lock()) self->try_next();
                });
            }
            return;
        }
        if (attempts_.empty()) finish(fail("cannot connect to " + place() + ": " + last_error_, Retry::later));
    }

    void answered(int descriptor) {
        int error = 0;
        socklen_t size = sizeof error;
        ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
        loop_.forget(descriptor);
        std::erase(attempts_, descriptor);
        if (error != 0) {
            last_error_ = std::strerror(error);
            ::close(descriptor);
            return try_next();
        }
        release();
        auto stream = std::make_unique<TcpStream>(descriptor);
        if (!proxy_) return finish(std::move(stream));
        tunnel_ =
            std::make_unique<Tunnel>(loop_, std::move(stream), *proxy_, host_, port_,
                                     [this](Result<std::unique_ptr<ByteStream>> result) { finish(std::move(result)); });
    }

    void release() {
        loop_.cancel(timer_);
        if (const auto lookup = lookup_.lock()) {
            const std::scoped_lock lock(lookup->mutex);
            lookup->loop = nullptr;
            lookup->done = nullptr;
        }
        for (const int descriptor : attempts_) {
            loop_.forget(descriptor);
            ::close(descriptor);
        }
        attempts_.clear();
    }

    void finish(Result<std::unique_ptr<ByteStream>> result) {
        const auto keep = shared_from_this();
        release();
        if (const auto done = std::exchange(done_, nullptr)) done(std::move(result));
    }

    Loop& loop_;
    std::string host_;
    std::uint16_t port_;
    std::optional<Proxy> proxy_;
    Done done_;
    std::weak_ptr<Lookup> lookup_;
    AddressList list_{nullptr, ::freeaddrinfo};
    std::vector<const addrinfo*> addresses_;
    std::size_t next_ = 0;
    std::vector<int> attempts_;  // sockets that connect
    Loop::TimerId timer_ = 0;
    std::unique_ptr<Tunnel> tunnel_;
    std::string last_error_ = "no address";
};

Dial::Dial(Loop& loop, std::string host, std::uint16_t port, std::optional<Proxy> proxy, Done done)
    : self_(std::make_shared<Implementation>(loop, std::move(host), port, std::move(proxy), std::move(done))) {
    loop.post([weak = std::weak_ptr(self_)] {
        if (const auto self = weak.lock()) self->resolve();
    });
}

Dial::~Dial() {
    self_->abandon();
}

std::string Dial::awaited() const {
    return self_->awaited();
}

}  // namespace moontide::kube

#include "store/addresses.hpp"

#include "store/descriptor.hpp"
#include "store/waiting.hpp"

#include <array>
#include <csignal>
#include <memory>

#include <netdb.h>
#include <sys/socket.h>

namespace moontide::store {

namespace {

/// Lives until the system is done with it, also when nobody waits any more.
struct Inquiry {
    std::string host;
    addrinfo hints{};
    gaicb request{};
    Bell answered;
    std::shared_ptr<Inquiry> itself;  // given up by the thread that tells of the answer

    ~Inquiry() {
        if (request.ar_result != nullptr) ::freeaddrinfo(request.ar_result);
    }
};

void inquiry_answered(sigval value) {
    const auto keep = std::move(static_cast<Inquiry*>(value.sival_ptr)->itself);
    keep->answered.ring();
}

std::vector<std::string> texts(const addrinfo* list) {
    std::vector<std::string> found;
    for (; list != nullptr; list = list->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(list->ai_addr, list->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0) {
            found.emplace_back(text.data());
        }
    }
    return found;
}

}  // namespace

Result<std::vector<std::string>> addresses_of(const std::string& host, Instant deadline, int stop) {
    const auto inquiry = std::make_shared<Inquiry>();
    inquiry->host = host;
    inquiry->hints.ai_socktype = SOCK_STREAM;
    inquiry->hints.ai_flags = AI_NUMERICHOST;
    if (::getaddrinfo(host.c_str(), nullptr, &inquiry->hints, &inquiry->request.ar_result) == 0)
        return std::vector{host};

    inquiry->hints.ai_flags = 0;
    inquiry->request.ar_name = inquiry->host.c_str();
    inquiry->request.ar_request = &inquiry->hints;
    inquiry->itself = inquiry;

    sigevent event{};
    event.sigev_notify = SIGEV_THREAD;
    event.sigev_value.sival_ptr = inquiry.get();
    event.sigev_notify_function = inquiry_answered;
    std::array<gaicb*, 1> requests = {&inquiry->request};
    if (::getaddrinfo_a(GAI_NOWAIT, requests.data(), 1, &event) != 0) {
        inquiry->itself.reset();
        return fail("the name of the host cannot be looked up: no thread for it", Retry::later);
    }
    switch (wait_for(inquiry->answered.number(), Awaited::readable, deadline, stop)) {
        case Waited::ready:
            break;
        case Waited::stopped:
            return fail("stopped", Retry::later);
        case Waited::late:
            return fail("the name servers do not answer", Retry::later);
    }
    auto found = texts(inquiry->request.ar_result);
    if (found.empty())
        return fail("<host> has no address: no such name, or no answer from the name servers", Retry::later);
    return found;
}

}  // namespace moontide::store

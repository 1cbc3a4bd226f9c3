// A small HTTP/1.1 server for pages that people, probes and Prometheus ask for.
#pragma once

#include "base/result.hpp"
#include "serve/address.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::serve {

/// What a page sees of a request.
struct Question {
    std::string method;
    std::string path;
    std::string host;    ///< the Host header
    std::string origin;  ///< the Origin header: a browser asks on behalf of another page
    bool from_loopback = false;
    std::function<std::optional<std::string>(const std::string& name)> parameter;  ///< of the query
};

struct Page {
    int status = 200;
    std::string body;
    std::string content_type = "text/plain; charset=utf-8";
};

struct Route {
    std::string method;  ///< "GET" answers HEAD as well
    std::string path;
    std::function<Page(const Question&)> page;  ///< from the server's threads, several at once
};

/// Answers each connection once and closes it, so that idle clients hold none of its few threads. Bodies over 64 KiB
/// and clients that say nothing for 2 s are turned away.
class Server {
public:
    /// Returns when the address is bound and served. The error names the address and the way out.
    static Result<std::unique_ptr<Server>> listen(const Address& address, std::vector<Route> routes);
    /// Stops and joins; requests under way are answered.
    virtual ~Server() = default;

    virtual std::uint16_t port() const = 0;
};

}  // namespace moontide::serve

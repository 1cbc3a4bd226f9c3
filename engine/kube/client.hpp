// Requests to one API server: connections, credentials, deadlines, watches.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "kube/credentials.hpp"
#include "kube/http2.hpp"
#include "kube/kubeconfig.hpp"
#include "kube/resource.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace moontide::kube {

/// Requests of one lane share a connection and never wait behind those of another.
enum class Lane { read, write, lease };

struct Call {
    std::string method = "GET";
    std::string path;          ///< below the server's prefix, with the query
    std::string content_type;  ///< of the body, where there is one
    std::string accept = "application/json";
    std::string body;
    Lane lane = Lane::read;
    Milliseconds timeout{30'000};  ///< of the whole; for streams, until the response's headers
};

/// An HTTP answer of any status.
struct Answer {
    int status = 0;
    http2::Headers headers;
    std::string body;
    Milliseconds took{0};

    bool ok() const { return status >= 200 && status < 300; }
};

/// What the Kubernetes Status object in a refused answer says.
/// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
struct Status {
    int code = 0;
    std::string reason;  ///< "AlreadyExists", "Conflict", "Forbidden", "Invalid", "Expired", ...
    std::string message;
    std::string cause;                        ///< the first cause's reason, "NamespaceTerminating" for one
    std::optional<Milliseconds> retry_after;  ///< Retry-After or details.retryAfterSeconds
};
Status read_status(const Answer& answer);

using Done = std::function<void(Result<Answer>)>;

/// A response that comes in pieces: a watch. Called on the loop's thread, never from within stream().
struct StreamHandler {
    std::function<void(int status, http2::Headers headers)> on_headers;
    std::function<void(std::string_view chunk)> on_data;
    std::function<void(std::optional<Error>)> on_end;
};

/// A stream under way; dropped, it is cancelled and its handler is not called any more.
class Stream {
public:
    virtual ~Stream() = default;
    /// Gives bytes of on_data back to the window, so that the server may send more.
    virtual void consumed(std::size_t bytes) = 0;
};

struct ClientOptions {
    std::string user_agent;
    std::size_t watches_per_connection = 80;
    /// Told of each answer: for rest_client_requests_total. Status 0 is a request without an answer.
    std::function<void(std::string_view method, std::string_view host, int status, Milliseconds took)> on_answer;
    Milliseconds dial_timeout{10'000};
    /// The rest after a dial that failed, doubled by each further one up to 15 s; calls fail at once meanwhile.
    Milliseconds redial_after{200};
    Milliseconds ping_every{15'000};
    Milliseconds ping_timeout{10'000};
    CredentialsOptions credentials;
};

/// All calls on the loop's thread. A 401 re-reads the credentials and is tried once more. A request whose connection
/// died is *not* tried again: whether it took effect is for the caller to find out. Destroyed, it calls nothing any
/// more; the Loop must outlive it, and its streams may.
class Client {
public:
    static Result<std::unique_ptr<Client>> create(Loop& loop, Access access, ClientOptions options);
    virtual ~Client() = default;

    /// `done` is called exactly once, never from within send(). Errors are of the transport (no answer came).
    virtual void send(Call call, Done done) = 0;
    virtual std::unique_ptr<Stream> stream(Call call, StreamHandler handler) = 0;

    /// GET /api/v1 or /apis/<group>/<version>, and the resource of that kind in it. Nothing in the optional is "not
    /// installed" (404, or not listed there); an error is "unknown".
    virtual void resolve(const Kind& kind, std::function<void(Result<std::optional<Resource>>)> done) = 0;

    virtual const std::string& host() const = 0;
    /// The server's time less ours, by the Date header of the last answer.
    virtual std::chrono::seconds server_time_offset() const = 0;
};

}  // namespace moontide::kube

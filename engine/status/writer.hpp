// Writes the statuses of owners: through the subresource, the last one of each, at most one a second.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#status-subresource
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"
#include "kube/object.hpp"
#include "kube/resource.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

namespace moontide::status {

/// What an owner's status is to be, whole. Never holds a Secret's value.
struct Statement {
    kube::Resource resource;
    std::string namespace_name;
    std::string name;
    std::string uid;
    nlohmann::json status;
    std::uint32_t number = 0;  ///< the caller's own
};

/// What became of one; `statement.status` is what was sent.
struct Stated {
    enum class What {
        written,      ///< or found to be equal
        gone,         ///< the owner is not there, or is another one
        unavailable,  ///< its kind has no status subresource; the status is left out
        refused,      ///< it is tried again, ever more rarely, until another one takes its place
    };
    What what = What::written;
    Statement statement;
    nlohmann::json live;                         ///< written: what the server made of it; null where there is none
    kube::ResourceVersion resource_version = 0;  ///< written: the owner's
    std::string message;                         ///< refused: the server's
};

struct StatusWriterOptions {
    Milliseconds every{1'000};  ///< an owner's writes, at most
    Milliseconds backoff_first{1'000};
    Milliseconds backoff_last{30'000};
    /// A kind without the subresource is asked again after this, since its definition may have got one.
    Milliseconds ask_again_after{600'000};
    std::uint64_t seed = 1;
    /// Asked before each write: no is for good, somebody else writes from now on.
    std::function<bool()> may_write = {};
};

/// A JSON Patch that tests the uid and puts the status in place of the one that is there: whole and exact, and no new
/// version where it is equal. An answer that never came is no harm: the same is sent again.
class StatusWriter {
public:
    using Told = std::function<void(const Stated&)>;

    /// `told` is called on the loop's thread.
    StatusWriter(Loop& io, kube::Client& client, StatusWriterOptions options, Told told,
                 const Clock& clock = system_clock());
    /// Io thread. Nothing more is sent, and nobody told.
    ~StatusWriter();
    StatusWriter(const StatusWriter&) = delete;
    StatusWriter& operator=(const StatusWriter&) = delete;

    /// Any thread; never blocks. Takes the place of what still waits for this owner.
    void write(Statement statement);
    /// Any thread: statements that are not written yet, those that are refused left out.
    std::size_t waiting() const;
    /// Io thread: what waits is sent at once and once; `drained` runs when the last answer has come.
    void close(std::function<void()> drained);

private:
    class Implementation;
    std::shared_ptr<Implementation> self_;
};

/// The patch's body.
std::string status_patch(const Statement& statement);

}  // namespace moontide::status

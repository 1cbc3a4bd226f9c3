// Kubernetes Events: what a user must know of an object, deduplicated and within a rate.
// https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/ (written as core/v1)
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"
#include "kube/resource.hpp"

#include <memory>
#include <string>

namespace moontide::status {

/// What is told about an object. Never holds a Secret's value.
struct Notice {
    enum class Type { normal, warning };
    kube::Ref about;
    std::string uid;
    Type type = Type::normal;
    std::string reason;   ///< CamelCase: Copied, Overwritten, TargetRefused, TargetFailed, CleanedUp, PolicyError
    std::string message;  ///< at most 1,024 bytes; longer ones are cut
    /// What makes two notices the same one beside `about`, type and reason: the target, for one.
    std::string subject;
};

/// Where notices go.
class Events {
public:
    virtual ~Events() = default;
    /// Any thread; never blocks.
    virtual void tell(Notice notice) = 0;
};

/// Tells nobody: for --dry-run.
std::unique_ptr<Events> no_events();

/// Writes core/v1 Events through the client: the same notice again raises its count at most once in ten minutes (a
/// PATCH), each object has a burst of 25 and one more every 5 minutes. A 403 is said once in the log and asked again
/// after ten minutes; nothing ever waits for an Event.
std::unique_ptr<Events> event_recorder(Loop& io, kube::Client& client, std::string component, const Clock& clock);

}  // namespace moontide::status

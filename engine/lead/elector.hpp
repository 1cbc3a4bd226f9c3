// Who leads: contends for one Lease, and says when we may work and when no longer.
#pragma once

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "kube/client.hpp"
#include "lead/lease.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

namespace moontide::lead {

/// client-go's defaults: a leader that does not hear for `renew` stops, and after `lease` another one begins.
struct Timing {
    Milliseconds lease{15'000};
    Milliseconds renew{10'000};
    Milliseconds retry{2'000};
};

/// Empty where they fit together: lease > renew > 1.2 x retry, and a second at least.
std::string complaint_about(const Timing& timing);

struct ElectorOptions {
    std::string namespace_name;
    std::string name = "moontide";
    std::string identity;  ///< of this process alone: host_identity()
    Timing timing;
    std::uint64_t seed = 0;  ///< of the jitter
};

/// "hostname_uuid", as client-go names a process.
std::string host_identity();

/// All of it on the loop's thread, except may_write(). The client is for the Lease alone, so that nothing else is in
/// its way; it and the loop outlive this.
class Elector {
public:
    struct Hooks {
        /// We lead. `lease_uid` is empty where Leases are denied, and then there is no election and no end of this.
        std::function<void(const std::string& lease_uid)> began;
        /// We lead no longer: nothing may be written any more.
        std::function<void()> ended;
        /// Somebody else was seen to lead.
        std::function<void(const std::string& holder)> followed;
    };

    Elector(Loop& io, kube::Client& client, ElectorOptions options, Hooks hooks, const Clock& clock = system_clock());
    ~Elector();
    Elector(const Elector&) = delete;
    Elector& operator=(const Elector&) = delete;

    void start();
    /// No more contending; a Lease that is ours is given up. `done` runs when that was answered, or failed.
    void release(std::function<void()> done);

    bool leads() const;
    /// Any thread: false also where the deadline to renew has passed and no timer has run yet (the process slept).
    bool may_write() const;

private:
    struct Implementation;
    std::shared_ptr<Implementation> self_;
};

}  // namespace moontide::lead

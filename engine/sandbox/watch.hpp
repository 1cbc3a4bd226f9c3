// One watch: which events of the store it tells, in which form, and when it ends.
#pragma once

#include "base/clock.hpp"
#include "sandbox/reads.hpp"

#include <string>
#include <vector>

namespace moontide::sandbox {

/// Pulled, never pushed: a client that reads slowly costs a position, not a queue. When the ring has left the
/// position behind, the watch ends with 410 as an ERROR event. Used by the store's thread.
class Watch {
public:
    struct Timing {
        Milliseconds bookmark_every;
        Milliseconds timeout;
    };

    Watch(const Store& store, const Clock& clock, ListOptions options, View view, Timing timing);

    /// Appends what is to be told, until about `most` bytes; true while there may be more to come now or later.
    bool pull(std::string& out, std::size_t most);
    /// When pull() has something to do next even if nothing is written.
    Instant due() const;
    /// True when pull() stopped at `most`.
    bool behind() const { return next_initial_ < initial_.size() || position_ < store_.version(); }

private:
    void tell(std::string& out, const char* type, const Record& record);
    void tell_event(std::string& out, const Event& event);
    void tell_bookmark(std::string& out, bool initial_events_end);

    const Store& store_;
    const Clock& clock_;
    ListOptions options_;
    View view_;
    Milliseconds bookmark_every_;
    Instant end_;
    Instant next_bookmark_;
    Version position_ = 0;
    std::vector<RecordPtr> initial_;
    std::size_t next_initial_ = 0;
    bool first_ = true;
    bool announce_end_of_initial_ = false;
    bool over_ = false;
};

}  // namespace moontide::sandbox

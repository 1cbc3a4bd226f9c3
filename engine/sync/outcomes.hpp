// What answers say, back into what is known: sightings, troubles, and what to look at next.
#pragma once

#include "apply/order.hpp"
#include "sync/board.hpp"
#include "sync/report.hpp"

namespace moontide::sync {

/// Io thread only.
class Outcomes {
public:
    Outcomes(Board& board, Report& report) : board_(board), report_(report) {}

    /// Whether an order is still wanted; marks it as sent.
    bool may_send(const apply::Order& order);
    void take(apply::Outcome outcome);
    /// The server does not answer to this order, again and again.
    void unanswered(const apply::Order& order, const std::string& why);

private:
    struct Told {
        const char* result = "done";
        bool again = false;  ///< the target is to be looked at once more
        bool failed = false;
    };

    void look_again(const plan::Ticket& ticket, const plan::TargetKey& target);
    /// The object is no copy of ours any more, by our own doing.
    void left(plan::Have& have, const plan::TargetKey& target, const plan::Uid& uid, kube::ResourceVersion version);
    /// Nothing troubles the unit at that target any more.
    void mended(plan::Have& have, const apply::Order& order);
    /// What the server made of our fields counts as what we wrote.
    void accept(plan::Have& have, const apply::Order& order, const plan::Record& record);
    Told written(plan::Have& have, const apply::Order& order, const apply::Written& fate);
    Told unchanged(plan::Have& have, const apply::Order& order, const apply::Unchanged& fate);
    Told gone(plan::Have& have, const apply::Order& order);
    Told found(plan::Have& have, const apply::Order& order, const apply::Found& fate);
    Told denied(plan::Have& have, const apply::Order& order, const kube::Status& status);

    Board& board_;
    Report& report_;
};

}  // namespace moontide::sync

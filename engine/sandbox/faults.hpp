// What goes wrong between a client and the API server: a plan as data, so that it can be kept, replayed and shrunk.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "sandbox/history.hpp"
#include "sandbox/status.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// What befalls a request. "Before" is before its effect, "after" is after it.
enum class Fault {
    pass,             ///< nothing; the rule's firing is told once the answer has gone out
    delay_before,     ///< `delay` passes first
    delay_after,      ///< the answer comes `delay` later
    drop_before,      ///< the connection is cut, the request had no effect
    drop_after,       ///< the connection is cut, the request had its effect
    reset_before,     ///< RST_STREAM in place of effect and answer
    reset_after,      ///< RST_STREAM in place of the answer
    freeze_before,    ///< held until FaultPort::release(): no effect, no answer, the connection stays open
    freeze_after,     ///< takes effect; the answer is held until FaultPort::release()
    mute,             ///< no effect, and the whole connection says nothing any more
    duplicate,        ///< applied twice; the answer is the second one's
    truncate,         ///< takes effect; the answer's body ends after `bytes`, and the stream is reset
    answer_before,    ///< `status` in place of effect and answer
    answer_after,     ///< takes effect; `status` in place of the answer
    refuse,           ///< the connections are cut and new ones refused for `duration`; where the match names clients,
                      ///< only theirs are cut, whenever they ask
    stale,            ///< lists are as of `behind` versions ago and watches stand still, for `duration`
    expire_continue,  ///< 410 for a list that goes on from a continue token
    // Watches, once `event` lines were let through:
    end_watch,      ///< the server ends the stream as it should
    cut_watch,      ///< RST_STREAM
    freeze_watch,   ///< not a byte more, the stream stays open
    error_event,    ///< an ERROR event of `status`, then the end
    lose_bookmark,  ///< the bookmark that ends the initial events is left out
};

std::string_view word(Fault fault);

/// Which requests; a text may hold * and ?, an empty list is any.
struct FaultMatch {
    std::vector<std::string> verbs;      ///< get, list, watch, create, update, patch, delete, deletecollection
    std::vector<std::string> resources;  ///< "configmaps", "owners/status"
    std::vector<std::string> namespaces;
    std::vector<std::string> names;    ///< of a create: the name in its body
    std::vector<std::string> clients;  ///< the user agent

    bool matches(const Asked& asked) const;
};

struct FaultRule {
    FaultMatch match;
    Fault fault = Fault::pass;
    // When; all that are set must hold. Matches are counted for each rule by itself.
    std::uint64_t nth = 0;    ///< only that match, from 1
    std::uint64_t every = 0;  ///< each match whose number is a multiple
    double probability = 1;   ///< drawn from the plan's seed, the rule's number and the match's
    std::uint64_t times = 0;  ///< at most so often; 0: no limit
    Milliseconds until{0};    ///< not later than this after the plan began; 0: no limit
    // How.
    Milliseconds delay{20};
    Milliseconds duration{300};
    int status = 503;
    std::string retry_after;  ///< the header's text; none where empty
    std::uint64_t event = 0;
    std::uint64_t bytes = 10;
    std::uint64_t behind = 10;
};

struct FaultPlan {
    std::uint64_t seed = 1;
    std::vector<FaultRule> rules;
};

/// Unknown fields and words are errors that name the rule.
Result<FaultPlan> parse_fault_plan(std::string_view json);
/// Reads back as the same plan; what is at its default is left out.
Json to_json(const FaultPlan& plan);

/// Whether the rule fires on its match number `count` (from 1), having fired `fired` times.
bool fires(const FaultPlan& plan, std::size_t rule, std::uint64_t count, std::uint64_t fired, Milliseconds since_begin);

}  // namespace moontide::sandbox

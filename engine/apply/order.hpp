// A step on its way, and what became of it.
#pragma once

#include "base/clock.hpp"
#include "kube/client.hpp"
#include "plan/content_hash.hpp"
#include "plan/step.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace moontide::apply {

/// How far the requests of a step have come; most have one.
enum class Stage {
    begun,
    others_taken,  ///< what others wrote is ours to take away
    learning,      ///< a dry run shows which lists are atomic
    rehearsing,    ///< a dry run shows whether the step would change anything
    unlisted,      ///< a part's elements are out of their lists
    written,       ///< the step itself was sent
    ended,         ///< and what comes after it
};

struct Order {
    plan::Step step;
    std::shared_ptr<const plan::Wish> wish;  ///< null for Release and Delete of what nobody wants
    plan::UnitId unit = 0;
    std::uint64_t generation = 0;  ///< of the unit when the step was planned
    std::uint64_t ticket = 0;      ///< the target's ticket; an order whose ticket is no longer the target's is dropped
    std::string_view why;
    bool urgent = false;  ///< of a new namespace: before all other lanes
    std::string part;     ///< of a Release of a part: its id
    std::string lost;     ///< of a Replace that overwrites: what was there, for people
    Stage stage = Stage::begun;
    unsigned unanswered = 0;  ///< times that it was sent and no answer came
    std::optional<Instant> unanswered_since = {};
    bool told_unanswered = false;
};

/// The server did it; this is the object as it now is.
struct Written {
    plan::Live live;
};

/// A dry run showed that the step would change nothing: what is there is as the server makes it of the wish.
struct Unchanged {
    plan::Live live;
};

/// The object is no longer there.
struct Gone {};

/// Something else stood there than the step had judged (409 or 404): this is what is there now.
struct Found {
    std::optional<plan::Live> live;  ///< nothing: nothing
    plan::Likeness likeness;         ///< to the wish, where there is one and no claim
};

/// The server refused it.
struct Denied {
    kube::Status status;
};

/// The unit or the target has moved on.
struct Dropped {};

using Fate = std::variant<Written, Unchanged, Gone, Found, Denied, Dropped>;

struct Outcome {
    Order order;
    Fate fate;
    Milliseconds took{0};
};

}  // namespace moontide::apply

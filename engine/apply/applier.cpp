#include "apply/applier.hpp"

#include "apply/course.hpp"
#include "apply/lanes.hpp"
#include "apply/limiter.hpp"
#include "apply/verbs.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace moontide::apply {

namespace {
/// A Retry-After beyond this is taken for this.
constexpr Milliseconds longest_hold{300'000};
/// The cause of a 409 that an apply without force gets.
constexpr std::string_view field_conflict = "FieldManagerConflict";
/// So many times, and over so many timeouts, an order gets no answer before that is told: an outage of seconds is none
/// of a user's business.
constexpr unsigned unanswered_before_notice = 3;
constexpr int timeouts_before_notice = 2;
}  // namespace

struct Applier::Implementation : std::enable_shared_from_this<Applier::Implementation> {
    Implementation(Loop& loop, kube::Client& api, ApplierOptions given, ApplierHooks called)
        : io(loop),
          client(api),
          options(given),
          hooks(std::move(called)),
          limiter(given.most_in_flight),
          backoff(given.backoff_first, given.backoff_last, given.seed) {}

    Loop& io;
    kube::Client& client;
    const ApplierOptions options;
    const ApplierHooks hooks;

    // Of the io thread alone.
    Lanes lanes;
    Limiter limiter;
    AtomicLists atomic_lists;
    Backoff backoff;
    unsigned failures = 0;  ///< in a row, of the server as a whole; what fails together counts once
    bool opened = false;
    bool closing = false;
    std::optional<Instant> held_until;  ///< the server said not now, or does not answer
    std::function<void()> drained;

    // For readers on other threads.
    std::atomic<std::size_t> submitted{0};
    std::atomic<std::size_t> under_way{0};
    std::atomic<unsigned> shown_limit{8};

    void pump();
    void send(Order order);
    void finish(Order order, Fate fate, Milliseconds took);
    void tell(Outcome outcome);
    void answered(Order order, const Address& address, Result<kube::Answer> answer);
    void look(Order order, const Address& address, std::optional<kube::Status> refused, Milliseconds took);
    void looked(Order order, std::optional<kube::Status> refused, Result<kube::Answer> answer, Milliseconds took);
    void begin(Order order, std::string_view live_json);
    void proceed(Order order, const Address& address, Result<Next> next, Milliseconds took);
    void no_answer(Order order, const std::string& why);
    void again_later(Order order, std::optional<Milliseconds> asked);
    bool held() const { return held_until.has_value(); }
    void left_flight();
};

void Applier::Implementation::pump() {
    if (!opened || closing || held()) return;
    while (under_way.load() < limiter.limit()) {
        auto order = lanes.take();
        if (!order) return;
        if (!hooks.may_send(*order)) {
            tell({std::move(*order), Dropped{}, Milliseconds(0)});
            continue;
        }
        send(std::move(*order));
    }
}

void Applier::Implementation::send(Order order) {
    ++under_way;
    const auto address = hooks.address(plan::target(order.step));
    if (address.name.empty() || (address.resource.namespaced && address.namespace_name.empty())) {
        // A DELETE without a name would be one of the whole collection.
        finish(std::move(order), Denied{{0, "Invalid", "the target has no name", {}, {}}}, Milliseconds(0));
        return;
    }
    if (needs_look(order.step)) {
        look(std::move(order), address, std::nullopt, Milliseconds(0));
    } else {
        begin(std::move(order), {});
    }
}

void Applier::Implementation::begin(Order order, std::string_view live_json) {
    const auto address = hooks.address(plan::target(order.step));
    auto next = first(order, address, hooks.signature(), live_json, atomic_lists);
    proceed(std::move(order), address, std::move(next), Milliseconds(0));
}

void Applier::Implementation::proceed(Order order, const Address& address, Result<Next> next, Milliseconds took) {
    if (!next) {
        finish(std::move(order), Denied{{0, "Invalid", next.error().message, {}, {}}}, took);
        return;
    }
    if (auto* fate = std::get_if<Fate>(&*next)) {
        finish(std::move(order), std::move(*fate), took);
        return;
    }
    auto call = std::get<kube::Call>(std::move(*next));
    call.timeout = options.timeout;
    client.send(std::move(call),
                [self = shared_from_this(), order = std::move(order), address](Result<kube::Answer> answer) mutable {
                    self->answered(std::move(order), address, std::move(answer));
                });
}

void Applier::Implementation::left_flight() {
    --under_way;
    if (closing && under_way.load() == 0 && drained) {
        auto run = std::exchange(drained, nullptr);
        run();
    }
}

void Applier::Implementation::tell(Outcome outcome) {
    hooks.outcome(std::move(outcome));
    if (--submitted == 0 && hooks.rested) hooks.rested();
}

void Applier::Implementation::finish(Order order, Fate fate, Milliseconds took) {
    tell({std::move(order), std::move(fate), took});
    left_flight();
    shown_limit = limiter.limit();
    pump();
}

/// The server as a whole says not now, or nothing: all orders wait, and this one first of its lane.
void Applier::Implementation::again_later(Order order, std::optional<Milliseconds> asked) {
    limiter.overloaded(std::chrono::steady_clock::now());
    lanes.put_back(std::move(order));
    left_flight();
    if (asked && *asked <= Milliseconds(0)) asked.reset();  // at once would be a storm
    if (closing || (held() && !asked)) return;  // what was under way together fails together, and counts once
    const auto delay = std::min(asked.value_or(backoff.delay(++failures)), longest_hold);
    const auto until = std::chrono::steady_clock::now() + delay;
    if (held_until && *held_until >= until) return;
    held_until = until;
    io.after(delay, [self = shared_from_this(), until] {
        if (self->held_until != until) return;  // a later answer asked for more
        self->held_until.reset();
        self->pump();
    });
}

void Applier::Implementation::no_answer(Order order, const std::string& why) {
    const auto now = std::chrono::steady_clock::now();
    if (!order.unanswered_since) order.unanswered_since = now;
    ++order.unanswered;
    const bool long_enough = now - *order.unanswered_since >= options.timeout * timeouts_before_notice;
    if (!order.told_unanswered && order.unanswered >= unanswered_before_notice && long_enough) {
        order.told_unanswered = true;
        if (hooks.unanswered) hooks.unanswered(order, why);
    }
    again_later(std::move(order), {});
}

void Applier::Implementation::answered(Order order, const Address& address, Result<kube::Answer> answer) {
    if (!answer) {
        // Sent or not, done or not: nobody knows. Sent again, it meets what it did itself and sees that it is right.
        no_answer(std::move(order), answer.error().message);
        return;
    }
    const auto took = answer->took;
    if (answer->status == 401) {
        // Who we are is not known there: no order's own trouble, and nothing was done.
        no_answer(std::move(order), kube::read_status(*answer).message);
        return;
    }
    if (answer->status == 429 || answer->status == 503) {
        again_later(std::move(order), kube::read_status(*answer).retry_after);
        return;
    }
    failures = 0;
    limiter.answered(took, std::chrono::steady_clock::now());

    if (answer->ok()) {
        auto next = after(order, address, hooks.signature(), *answer, atomic_lists);
        proceed(std::move(order), address, std::move(next), took);
        return;
    }
    const auto status = kube::read_status(*answer);
    // A conflict of fields says itself who has what, where the object was known; a look would tell nothing more.
    const bool stale = answer->status == 409 && (status.cause != field_conflict || creates(order.step));
    if (stale || (answer->status == 404 && !creates(order.step)) ||
        (answer->status == 422 && is_patch_under_way(order))) {
        look(std::move(order), address, status, took);
        return;
    }
    finish(std::move(order), Denied{status}, took);
}

/// Reads what stands at the target: for the body of the step, or (`refused`) since the server did not take the step.
void Applier::Implementation::look(Order order, const Address& address, std::optional<kube::Status> refused,
                                   Milliseconds took) {
    kube::Call call;
    call.path = kube::path(address.resource, address.namespace_name, address.name);
    call.lane = kube::Lane::write;
    call.timeout = options.timeout;
    client.send(std::move(call), [self = shared_from_this(), order = std::move(order), refused = std::move(refused),
                                  took](Result<kube::Answer> answer) mutable {
        self->looked(std::move(order), std::move(refused), std::move(answer), took);
    });
}

void Applier::Implementation::looked(Order order, std::optional<kube::Status> refused, Result<kube::Answer> answer,
                                     Milliseconds took) {
    if (!answer) {
        no_answer(std::move(order), answer.error().message);
        return;
    }
    if (answer->status == 401) {
        no_answer(std::move(order), kube::read_status(*answer).message);
        return;
    }
    if (answer->status == 429 || answer->status == 503) {
        again_later(std::move(order), kube::read_status(*answer).retry_after);
        return;
    }
    failures = 0;
    if (!answer->ok() && answer->status != 404) {
        finish(std::move(order), Denied{kube::read_status(*answer)}, took);
        return;
    }
    if (answer->status == 404 && creates(order.step) && !refused) {
        begin(std::move(order), {});
        return;
    }
    if (answer->ok() && is_as_judged(order.step, answer->body)) {
        if (refused) {
            // Nothing has moved, so it is the step itself that the server does not take.
            finish(std::move(order), Denied{std::move(*refused)}, took);
        } else {
            begin(std::move(order), answer->body);
        }
        return;
    }
    auto found = what_is_there(order, *answer);
    if (!found) {
        finish(std::move(order), Denied{{0, "Unreadable", found.error().message, {}, {}}}, took);
        return;
    }
    finish(std::move(order), std::move(*found), took);
}

Applier::Applier(Loop& io, kube::Client& client, ApplierOptions options, ApplierHooks hooks)
    : self_(std::make_shared<Implementation>(io, client, options, std::move(hooks))) {}

Applier::~Applier() {
    self_->closing = true;
}

void Applier::submit(std::vector<Order> orders) {
    if (orders.empty()) return;
    self_->submitted += orders.size();
    self_->io.post([self = self_, orders = std::move(orders)]() mutable {
        for (auto& order : orders) self->lanes.add(std::move(order));
        self->pump();
    });
}

void Applier::open() {
    self_->io.post([self = self_] {
        self->opened = true;
        self->pump();
    });
}

void Applier::close(std::function<void()> drained) {
    self_->closing = true;
    if (self_->under_way.load() == 0) {
        drained();
        return;
    }
    self_->drained = std::move(drained);
}

std::size_t Applier::waiting() const {
    return self_->submitted.load();
}
std::size_t Applier::in_flight() const {
    return self_->under_way.load();
}
unsigned Applier::limit() const {
    return self_->shown_limit.load();
}

}  // namespace moontide::apply

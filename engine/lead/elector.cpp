#include "lead/elector.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace moontide::lead {

namespace {

/// client-go's JitterFactor: those that wait do not ask together.
constexpr double jitter = 1.2;

const kube::Resource leases{{"coordination.k8s.io/v1", "Lease"}, "leases", true, false};

Instant::rep ticks(Instant instant) {
    return instant.time_since_epoch().count();
}

}  // namespace

std::string complaint_about(const Timing& timing) {
    if (timing.lease.count() < 1'000) return "the lease must last a second or more";
    if (timing.lease <= timing.renew) return "the lease must last longer than the deadline to renew it";
    if (timing.retry.count() <= 0) return "the time between two tries must be more than nothing";
    if (static_cast<double>(timing.renew.count()) <= jitter * static_cast<double>(timing.retry.count())) {
        return "the deadline to renew must be more than 1.2 times the time between two tries";
    }
    return {};
}

std::string host_identity() {
    std::array<char, 256> host{};
    if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
    std::random_device random;
    std::array<std::uint32_t, 4> parts{};
    for (auto& part : parts) part = random();
    return fmt::format("{}_{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", host.data(), parts[0], parts[1] >> 16U,
                       parts[1] & 0xfffU, (parts[2] >> 16U & 0x3fffU) | 0x8000U, parts[2] & 0xffffU, parts[3]);
}

struct Elector::Implementation : std::enable_shared_from_this<Elector::Implementation> {
    Implementation(Loop& loop, kube::Client& api, ElectorOptions given, Hooks called, const Clock& chosen)
        : io(loop),
          client(api),
          options(std::move(given)),
          hooks(std::move(called)),
          clock(chosen),
          random(options.seed) {}

    Loop& io;
    kube::Client& client;
    const ElectorOptions options;
    const Hooks hooks;
    const Clock& clock;
    std::mt19937_64 random;

    std::optional<Lease> seen;  // as it was last read or written
    Instant seen_at{};          // when it was last seen to have changed
    std::string told_holder;
    std::string told_trouble;
    bool contested = false;  // we led, or saw another lead
    bool leading = false;
    bool unopposed = false;  // Leases are denied
    bool over = false;       // nothing more is contended for
    bool busy = false;       // a request is under way
    Loop::TimerId next = 0;
    Loop::TimerId deadline = 0;
    std::function<void()> released;
    std::atomic<Instant::rep> writable_until{std::numeric_limits<Instant::rep>::min()};

    void ask();
    void judge(Instant sent);
    void write(Lease wanted, Instant sent);
    void written(Instant sent, Lease now);
    void again();
    void failed(const std::string& why);
    void denied(const std::string& why);
    void lose(const std::string& why);
    void watch_deadline();
    void give_up();
    void send(const char* method, std::string body, std::function<void(Result<kube::Answer>)> done);
};

void Elector::Implementation::send(const char* method, std::string body,
                                   std::function<void(Result<kube::Answer>)> done) {
    kube::Call call;
    call.method = method;
    const bool creates = call.method == "POST";
    call.path = kube::path(leases, options.namespace_name, creates ? std::string_view() : options.name);
    call.body = std::move(body);
    if (!call.body.empty()) call.content_type = "application/json";
    call.lane = kube::Lane::lease;
    // Half, so that one lost request leaves time for another one.
    call.timeout = std::max(Milliseconds(500), options.timing.renew / 2);
    busy = true;
    client.send(std::move(call), [self = shared_from_this(), done = std::move(done)](Result<kube::Answer> answer) {
        self->busy = false;
        if (self->released) {
            // What was under way when it was released has made the version that we knew an old one.
            if (answer && answer->ok()) {
                if (auto now = Lease::parse(answer->body)) self->seen = std::move(*now);
            }
            return self->give_up();
        }
        if (self->over) return;
        done(std::move(answer));
    });
}

void Elector::Implementation::ask() {
    if (busy || over) return;
    const auto sent = clock.now();
    // Who leads knows what it wrote last; only where that is not there any more it reads.
    if (leading && seen) return write(held_by(*seen, options.identity, options.timing.lease, clock.wall()), sent);
    send("GET", {}, [this, sent](Result<kube::Answer> answer) {
        if (!answer) return failed(answer.error().message);
        if (answer->status == 403) return denied(kube::read_status(*answer).message);
        if (answer->status == 404) {
            if (leading) return lose("the Lease was deleted");
            seen.reset();
            return write(held_by({}, options.identity, options.timing.lease, clock.wall()), sent);
        }
        if (!answer->ok()) return failed(kube::read_status(*answer).message);
        auto lease = Lease::parse(answer->body);
        if (!lease) return failed(lease.error().message);
        if (!seen || !seen->same_record(*lease)) seen_at = clock.now();
        seen = std::move(*lease);
        judge(sent);
    });
}

void Elector::Implementation::judge(Instant sent) {
    const bool ours = seen->holder == options.identity;
    if (leading && !ours) return lose("the Lease is held by '" + seen->holder + "'");
    if (!ours && !seen->holder.empty()) {
        contested = true;
        if (std::exchange(told_holder, seen->holder) != seen->holder && hooks.followed) hooks.followed(seen->holder);
        // Its time counts from when we saw it renewed, on our clock.
        if (clock.now() < seen_at + std::chrono::seconds(seen->duration_seconds)) return again();
    }
    write(held_by(*seen, options.identity, options.timing.lease, clock.wall()), sent);
}

void Elector::Implementation::write(Lease wanted, Instant sent) {
    const bool creates = wanted.uid.empty();
    auto body = body_of(seen.value_or(Lease()), wanted, options.namespace_name, options.name);
    send(creates ? "POST" : "PUT", std::move(body), [this, sent](Result<kube::Answer> answer) {
        if (!answer) {
            // It may have been taken; what is there tells.
            seen.reset();
            return failed(answer.error().message);
        }
        if (answer->ok()) {
            auto lease = Lease::parse(answer->body);
            if (!lease) return failed(lease.error().message);
            return written(sent, std::move(*lease));
        }
        if (answer->status == 403) return denied(kube::read_status(*answer).message);
        if (answer->status == 409 || answer->status == 404) {
            // Somebody was quicker, or it is gone. Who leads looks at once whether it still does.
            const bool look_now = leading;
            seen_at = clock.now();
            seen.reset();
            if (look_now) return ask();
            return again();
        }
        failed(kube::read_status(*answer).message);
    });
}

void Elector::Implementation::written(Instant sent, Lease now) {
    contested = true;
    told_trouble.clear();
    seen = std::move(now);
    seen_at = clock.now();
    // An answer that comes too late says only that the Lease is ours to renew.
    if (seen_at - sent >= options.timing.renew) return again();
    // Others count from the renewal's arrival, which is later than its sending.
    writable_until = ticks(sent + options.timing.renew);
    watch_deadline();
    if (!std::exchange(leading, true)) {
        told_holder = options.identity;
        hooks.began(seen->uid);
    }
    again();
}

void Elector::Implementation::watch_deadline() {
    io.cancel(deadline);
    const Instant until{Instant::duration(writable_until.load())};
    const auto left = std::chrono::ceil<Milliseconds>(until - clock.now());
    deadline = io.after(std::max(left, Milliseconds(0)), [self = shared_from_this(), until] {
        if (self->over || !self->leading || ticks(until) != self->writable_until.load()) return;
        if (self->clock.now() < until) return self->watch_deadline();
        self->lose("it could not be renewed in time");
        self->again();
    });
}

void Elector::Implementation::lose(const std::string& why) {
    writable_until = std::numeric_limits<Instant::rep>::min();
    leading = false;
    seen.reset();
    log::warn("we lead no longer", {{"lease", options.namespace_name + "/" + options.name}, {"reason", why}});
    hooks.ended();
    if (!busy) again();
}

void Elector::Implementation::failed(const std::string& why) {
    if (std::exchange(told_trouble, why) != why) {
        log::warn("the Lease cannot be read or written; tried again",
                  {{"lease", options.namespace_name + "/" + options.name}, {"message", why}});
    }
    again();
}

void Elector::Implementation::denied(const std::string& why) {
    // Where somebody else may lead it is no reason to begin.
    if (contested) return failed(why);
    log::warn("Leases are denied, so there is no election: see to it that no other replica runs",
              {{"lease", options.namespace_name + "/" + options.name}, {"message", why}});
    unopposed = true;
    over = true;
    leading = true;
    writable_until = std::numeric_limits<Instant::rep>::max();
    hooks.began({});
}

void Elector::Implementation::again() {
    if (over) return;
    auto delay = options.timing.retry;
    if (!leading) {
        std::uniform_real_distribution<double> part(0, jitter);
        delay += std::chrono::duration_cast<Milliseconds>(delay * part(random));
    }
    io.cancel(next);
    next = io.after(delay, [self = shared_from_this()] { self->ask(); });
}

void Elector::Implementation::give_up() {
    const auto done = std::exchange(released, nullptr);
    const bool ours = !unopposed && seen && seen->holder == options.identity;
    leading = false;
    if (!ours) return done();
    kube::Call call;
    call.method = "PUT";
    call.path = kube::path(leases, options.namespace_name, options.name);
    call.body = body_of(*seen, given_up(*seen, clock.wall()), options.namespace_name, options.name);
    call.content_type = "application/json";
    call.lane = kube::Lane::lease;
    call.timeout = Milliseconds(1'000);
    client.send(std::move(call), [done](const Result<kube::Answer>&) { done(); });
}

Elector::Elector(Loop& io, kube::Client& client, ElectorOptions options, Hooks hooks, const Clock& clock)
    : self_(std::make_shared<Implementation>(io, client, std::move(options), std::move(hooks), clock)) {}

Elector::~Elector() {
    self_->over = true;
    self_->released = nullptr;
    self_->io.cancel(self_->next);
    self_->io.cancel(self_->deadline);
}

void Elector::start() {
    self_->ask();
}

void Elector::release(std::function<void()> done) {
    self_->over = true;
    self_->io.cancel(self_->next);
    self_->io.cancel(self_->deadline);
    self_->released = std::move(done);
    self_->writable_until = std::numeric_limits<Instant::rep>::min();
    if (!self_->busy) self_->give_up();
}

bool Elector::leads() const {
    return self_->leading;
}

bool Elector::may_write() const {
    return ticks(self_->clock.now()) < self_->writable_until.load();
}

}  // namespace moontide::lead

#include "sync/statuses.hpp"

#include "status/conditions.hpp"

#include <algorithm>
#include <utility>

namespace moontide::sync {

namespace {
/// A pass that is over sooner is told by its end alone,
constexpr Milliseconds long_pass{2'000};
/// and how far a longer one is, so often.
constexpr Milliseconds under_way_again{5'000};

/// Of its text: what was read back has other types of numbers than what was made.
std::size_t hash_of(const nlohmann::json& status) {
    return std::hash<std::string>()(status.dump());
}

}  // namespace

Statuses::Statuses(Board& board, Loop& io, status::StatusWriterOptions options)
    : board_(board),
      writer_(io, *board.client, std::move(options), [this](const status::Stated& stated) { told(stated); }) {}

nlohmann::json Statuses::standing(const Known* known, const kube::Object& object) {
    if (known != nullptr && known->uid == object.uid()) {
        if (known->submitted) return *known->submitted;
        // The watch has yet to show what was written last.
        if (known->version > object.resource_version()) return known->made;
    }
    const auto json = nlohmann::json::parse(object.json(), nullptr, false);
    return json.is_object() ? json.value("status", nlohmann::json()) : nlohmann::json();
}

nlohmann::json Statuses::standing(plan::UnitId owner, const kube::Object& object) const {
    return known_.with([&](const auto& known) {
        const auto found = known.find(owner);
        return standing(found == known.end() ? nullptr : &found->second, object);
    });
}

void Statuses::tell(plan::UnitId owner, const kube::Resource& resource, const kube::Object& object,
                    nlohmann::json status) {
    const bool is_news = known_.with([&](auto& all) {
        auto& known = all[owner];
        if (known.uid != object.uid()) {
            Known fresh;
            fresh.uid = object.uid();
            fresh.told = known.told;
            fresh.next = known.next;
            known = std::move(fresh);
        }
        const auto stands = standing(&known, object);
        if (status::says_the_same(status, stands)) return false;
        // Sent once, and the server made of it what stands.
        const bool is_settled = !known.submitted && known.sent && status::says_the_same(status, *known.sent) &&
                                status::says_the_same(stands, known.made);
        if (is_settled) return false;
        known.submitted = status;
        return true;
    });
    if (!is_news) return;
    writer_.write({resource, std::string(object.namespace_name()), std::string(object.name()),
                   std::string(object.uid()), std::move(status), owner});
}

Milliseconds Statuses::due_in(plan::UnitId owner, bool settled) {
    const auto now = std::chrono::steady_clock::now();
    return known_.with([&](auto& all) {
        auto& known = all[owner];
        auto due = now;
        if (settled) {
            known.next.reset();
            if (known.told) due = *known.told + board_.options.told_again;
        } else {
            if (!known.next) known.next = now + long_pass;
            due = *known.next;
        }
        if (due > now) return std::chrono::ceil<Milliseconds>(due - now);
        if (settled) {
            known.told = now;
        } else {
            known.next = now + under_way_again;
        }
        return Milliseconds(0);
    });
}

void Statuses::forget(plan::UnitId owner) {
    known_.with([&](auto& all) { all.erase(owner); });
    doubt(owner);
}

Milliseconds Statuses::long_in(plan::UnitId owner) {
    const auto now = std::chrono::steady_clock::now();
    return known_.with([&](auto& all) {
        auto& known = all[owner];
        if (!known.next) known.next = now + long_pass;
        return *known.next > now ? std::chrono::ceil<Milliseconds>(*known.next - now) : Milliseconds(0);
    });
}

void Statuses::pass_ended(plan::UnitId owner) {
    known_.with([&](auto& all) { all[owner].next.reset(); });
}

void Statuses::doubt(plan::UnitId owner) {
    told_.with([&](auto& all) { all.erase(owner); });
}

bool Statuses::is_in_doubt(plan::UnitId owner) const {
    return told_.with([&](const auto& all) {
        const auto of_owner = all.find(owner);
        return of_owner == all.end() || !of_owner->second.is_known;
    });
}

void Statuses::look_begins(plan::UnitId owner) {
    told_.with([&](auto& all) { all[owner] = {}; });
}

void Statuses::told_of(plan::UnitId owner, const kube::Object& object, Shares shares, bool dated) {
    const auto status = hash_of(standing(owner, object));
    told_.with([&](auto& all) {
        const auto of_owner = all.find(owner);
        if (of_owner == all.end()) return;
        auto& told = of_owner->second;
        told.is_known = true;
        told.shares = std::move(shares);
        told.dated = dated;
        told.status = status;
    });
}

bool Statuses::stands(plan::UnitId owner, const kube::Object& object) const {
    const auto status = hash_of(standing(owner, object));
    return told_.with([&](const auto& all) {
        const auto of_owner = all.find(owner);
        return of_owner != all.end() && of_owner->second.is_known && of_owner->second.status == status;
    });
}

bool Statuses::is_told(plan::UnitId owner, const Share& share) const {
    return told_.with([&](const auto& all) {
        const auto of_owner = all.find(owner);
        if (of_owner == all.end() || !of_owner->second.is_known) return false;
        const auto& shares = of_owner->second.shares;
        const auto found = std::ranges::lower_bound(shares, share.unit, {}, &Share::unit);
        if (found == shares.end() || found->unit != share.unit) return share.what == 0;
        return share.what == found->what && (!of_owner->second.dated || share.when == found->when);
    });
}

void Statuses::question(plan::UnitId owner, plan::UnitId unit) {
    told_.with([&](auto& all) {
        if (const auto of_owner = all.find(owner); of_owner != all.end()) of_owner->second.in_question.insert(unit);
    });
}

std::optional<std::set<plan::UnitId>> Statuses::questions(plan::UnitId owner) {
    return told_.with([&](auto& all) -> std::optional<std::set<plan::UnitId>> {
        const auto of_owner = all.find(owner);
        if (of_owner == all.end() || !of_owner->second.is_known) return std::nullopt;
        return std::exchange(of_owner->second.in_question, {});
    });
}

void Statuses::told(const status::Stated& stated) {
    const auto& statement = stated.statement;
    known_.with([&](auto& all) {
        const auto found = all.find(statement.number);
        if (found == all.end() || found->second.uid != statement.uid) return;
        auto& known = found->second;
        // Another one has taken its place meanwhile.
        const bool is_last = known.submitted && *known.submitted == statement.status;
        switch (stated.what) {
            case status::Stated::What::written:
                if (is_last) known.submitted.reset();
                known.version = stated.resource_version;
                known.made = stated.live;
                known.sent.reset();
                if (!status::says_the_same(stated.live, statement.status)) known.sent = statement.status;
                break;
            case status::Stated::What::gone:
                all.erase(found);
                break;
            case status::Stated::What::unavailable:
            case status::Stated::What::refused:
                break;
        }
    });
    if (stated.what == status::Stated::What::refused) {
        const auto unit = board_.units.get(statement.number);
        if (unit) board_.metrics.error(unit->bond.policy, "StatusRefused");
    }
    board_.stirred();
}

}  // namespace moontide::sync

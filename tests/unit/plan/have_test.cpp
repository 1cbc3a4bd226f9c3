#include "plan/have.hpp"

#include <map>
#include <random>
#include <vector>

#include <catch2/catch.hpp>

using namespace moontide;
using namespace moontide::plan;

namespace {

constexpr TargetKey a{1, 10, 0};
constexpr TargetKey b{1, 11, 0};
constexpr TargetKey c{2, 10, 0};
constexpr TargetKey other_kind{1, 10, 1};
const Uid first{{1}};
const Uid second{{2}};

Record record(const Uid& uid, kube::ResourceVersion version, UnitId unit = 1) {
    Record out;
    out.uid = uid;
    out.resource_version = version;
    out.unit = unit;
    out.made = out.labelled = out.plain = true;
    return out;
}

Sighting written(const Uid& uid, kube::ResourceVersion version, UnitId unit = 1) {
    return {.standing = record(uid, version, unit), .version = version, .uid = uid, .own_write = true};
}

Sighting gone(const Uid& uid) {
    return {.standing = Absent{}, .version = 0, .uid = uid, .own_write = true};
}

Sighting foreign(kube::ResourceVersion version) {
    Foreign there;
    there.uid = first;
    there.resource_version = version;
    return {.standing = there, .version = version, .uid = first, .own_write = false};
}

bool absent(const Have& have, const TargetKey& target) {
    return std::holds_alternative<Absent>(have.standing(target));
}

kube::ResourceVersion version_at(const Have& have, const TargetKey& target) {
    const auto standing = have.standing(target);
    const auto* known = std::get_if<Record>(&standing);
    return known == nullptr ? 0 : known->resource_version;
}

}  // namespace

TEST_CASE("records are found by target, by unit and by namespace") {
    Have have;
    have.put(c, record(first, 1));
    have.put(a, record(first, 2));
    have.put(b, record(first, 3));
    have.put(other_kind, record(first, 4, 2));
    CHECK(have.size() == 4);
    CHECK(have.targets_of(1) == std::vector<TargetKey>{a, b, c});
    CHECK(have.targets_of(1, 1) == std::vector<TargetKey>{a, b});
    CHECK(have.targets_of(1, 2) == std::vector<TargetKey>{c});
    CHECK(have.targets_of(2) == std::vector<TargetKey>{other_kind});
    CHECK(have.targets_of(3).empty());
    CHECK(have.count_of(1) == 3);

    const auto before = have.put(b, record(second, 5, 2));
    REQUIRE(before);
    CHECK(before->unit == 1);
    CHECK(have.targets_of(1) == std::vector<TargetKey>{a, c});
    CHECK(have.targets_of(2) == std::vector<TargetKey>{other_kind, b});
    REQUIRE(have.put(b, record(second, 6, 2)));
    CHECK(have.record(b)->resource_version == 6);
    CHECK(have.count_of(2) == 2);

    CHECK(have.remove(a));
    CHECK_FALSE(have.remove(a));
    CHECK(have.remove(c));
    CHECK(have.targets_of(1).empty());
}

TEST_CASE("any history of records is indexed as it is kept") {
    Have have;
    std::map<TargetKey, UnitId> model;
    std::mt19937 random(3);
    const auto any = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
    for (int i = 0; i < 5'000; ++i) {
        const TargetKey target{any(4), any(5), static_cast<KindId>(any(2))};
        if (any(3) == 0) {
            CHECK(have.remove(target).has_value() == (model.erase(target) == 1));
        } else {
            const UnitId unit = any(3) + 1;
            have.put(target, record(first, 1, unit));
            model[target] = unit;
        }
    }
    CHECK(have.size() == model.size());
    for (UnitId unit = 1; unit <= 3; ++unit) {
        std::vector<TargetKey> expected;
        for (const auto& [target, of] : model) {
            if (of == unit) expected.push_back(target);
        }
        CHECK(have.targets_of(unit) == expected);
    }
}

TEST_CASE("what left its watch is lost until something later tells of it") {
    Have have;
    const auto lost = [&] { return std::holds_alternative<Lost>(have.standing(a)); };
    const auto lose = [&] {
        have.put(a, record(first, 5));
        have.lose(a);
        REQUIRE(lost());
    };
    lose();
    CHECK(have.lost_by(1, 0) == std::vector{a});
    CHECK(have.lost_by(1, 2).empty());
    CHECK(have.units_in_hand().contains(1));
    CHECK(have.targets_of(1).empty());

    SECTION("the watch shows it again") {
        have.put(a, record(first, 6));
        CHECK(version_at(have, a) == 6);
    }
    SECTION("an answer that is older says nothing") {
        have.see(a, foreign(5));
        have.forget_foreign(a);
        CHECK(lost());
        return;
    }
    SECTION("an answer shows it as it is") {
        have.see(a, foreign(6));
        have.forget_foreign(a);
        CHECK(absent(have, a));
    }
    SECTION("it is not there") {
        have.give_up(a);
        CHECK(absent(have, a));
    }
    SECTION("what was not known cannot be lost") {
        have.give_up(a);
        have.lose(a);
        CHECK(absent(have, a));
    }
    CHECK(have.lost_by(1, 0).empty());
}

TEST_CASE("an own write is seen until the watch shows it, and then needs no look") {
    Have have;
    have.see(a, written(first, 5));
    CHECK(version_at(have, a) == 5);
    CHECK(have.own_writes_unseen() == 1);
    // What was under way before it.
    have.put(a, record(first, 4));
    CHECK(have.caught_up(a, first, 4, false));
    CHECK(version_at(have, a) == 5);
    have.put(a, record(first, 5));
    CHECK(have.caught_up(a, first, 5, false));
    CHECK(have.sighting(a) == nullptr);
    CHECK(version_at(have, a) == 5);
    CHECK(have.own_writes_unseen() == 0);
}

TEST_CASE("a later change by somebody else ends a sighting and asks for a look") {
    Have have;
    have.see(a, written(first, 5));
    have.put(a, record(first, 6));
    CHECK_FALSE(have.caught_up(a, first, 6, false));
    CHECK(have.sighting(a) == nullptr);

    have.see(b, written(first, 7));
    CHECK_FALSE(have.caught_up(b, first, 8, true));
    CHECK(absent(have, b));
}

TEST_CASE("an answer that comes after the watch has shown the write leaves nothing behind") {
    Have have;
    have.put(a, record(first, 5));
    CHECK_FALSE(have.caught_up(a, first, 5, false));
    have.see(a, written(first, 5));
    CHECK(have.sighting(a) == nullptr);
}

TEST_CASE("an answer that comes after the watch has shown the object and its end leaves nothing behind") {
    Have have;
    have.put(a, record(first, 5));
    have.caught_up(a, first, 5, false);
    have.remove(a);
    have.caught_up(a, first, 6, true);
    have.see(a, written(first, 5));
    CHECK(absent(have, a));
    CHECK(have.own_writes_unseen() == 0);
    // Another kind's watch says nothing of it.
    have.see(other_kind, written(first, 5));
    CHECK(version_at(have, other_kind) == 5);
}

TEST_CASE("an own deletion is seen until the watch shows it") {
    Have have;
    have.put(a, record(first, 5));
    have.see(a, gone(first));
    CHECK(absent(have, a));
    CHECK(have.caught_up(a, first, 5, false));
    CHECK(absent(have, a));
    have.remove(a);
    CHECK(have.caught_up(a, first, 6, true));
    CHECK(have.sighting(a) == nullptr);
}

TEST_CASE("an own deletion whose place another object has taken is not laid over that one") {
    Have have;
    have.put(a, record(second, 8));
    have.see(a, gone(first));
    CHECK(version_at(have, a) == 8);
    CHECK(have.own_writes_unseen() == 0);

    // Here the record is the older one, as the own write that was seen since shows.
    have.put(b, record(first, 5));
    have.see(b, written(second, 9));
    have.see(b, gone(second));
    CHECK(absent(have, b));
}

TEST_CASE("another object in the place of a deleted one ends the sighting and asks for a look") {
    Have have;
    have.see(a, gone(first));
    have.put(a, record(second, 9));
    CHECK_FALSE(have.caught_up(a, second, 9, false));
    CHECK(version_at(have, a) == 9);
}

TEST_CASE("what the watch has passed is dropped, what it does not show stays until it is decided") {
    Have have;
    have.see(a, written(first, 5));
    have.see(b, foreign(5));
    auto unlabelled = written(first, 5);
    unlabelled.own_write = false;
    std::get<Record>(unlabelled.standing).labelled = false;
    have.see(c, unlabelled);
    have.see(other_kind, written(first, 5));
    have.progressed(0, Watched::copies, 4);
    CHECK(have.sighting(a) != nullptr);
    have.progressed(0, Watched::copies, 100);
    CHECK(have.sighting(a) == nullptr);
    CHECK(have.sighting(b) != nullptr);
    CHECK(have.sighting(c) != nullptr);
    CHECK(have.sighting(other_kind) != nullptr);

    // Old objects too: a watch that is far ahead shows neither.
    have.see(b, foreign(3));
    CHECK(std::holds_alternative<Foreign>(have.standing(b)));
    have.see(c, unlabelled);
    CHECK(version_at(have, c) == 5);
    have.forget_foreign(b);
    CHECK(absent(have, b));
}

TEST_CASE("a record that a refused write taught about stays until an event of its target") {
    Have have;
    have.put(a, record(first, 5));
    have.progressed(0, Watched::copies, 100);
    auto fixed = record(first, 5);
    fixed.immutable = true;
    have.see(a, {.standing = fixed, .version = 0, .uid = first, .own_write = false});
    have.progressed(0, Watched::copies, 200);
    CHECK(std::get<Record>(have.standing(a)).immutable);
    have.put(a, record(first, 201));
    have.caught_up(a, first, 201, false);
    CHECK_FALSE(std::get<Record>(have.standing(a)).immutable);
}

TEST_CASE("a relist settles deletions that no event told") {
    Have have;
    have.put(a, record(first, 5));
    have.see(a, gone(first));
    have.put(b, record(first, 5));
    have.see(b, gone(first));
    have.see(other_kind, gone(first));
    // The list has b still: it was read before the deletion.
    have.remove(a);
    have.relisted(0, Watched::copies, 6);
    CHECK(have.sighting(a) == nullptr);
    CHECK(absent(have, b));
    CHECK(have.sighting(b) != nullptr);
    CHECK(have.own_writes_unseen() == 2);
}

TEST_CASE("a relist names what was written before it and is not there: no event told its deletion") {
    Have have;
    const auto written = record(first, 7);
    have.see(a, {.standing = written, .version = 7, .uid = first, .own_write = true});
    have.see(b, {.standing = written, .version = 7, .uid = first, .own_write = true});
    have.put(b, written);
    have.see(other_kind, {.standing = written, .version = 7, .uid = first, .own_write = true});
    CHECK(have.relisted(0, Watched::copies, 6).empty());
    const auto vanished = have.relisted(0, Watched::copies, 8);
    REQUIRE(vanished.size() == 1);
    CHECK(vanished.front() == std::pair(a, written.unit));
    CHECK(std::holds_alternative<Lost>(have.standing(a)));
}

TEST_CASE("a target has one ticket, the last one issued") {
    Have have;
    const auto number = have.issue(a, 1, true).number;
    REQUIRE(have.ticket(a) != nullptr);
    CHECK(have.ticket(a)->creates);
    have.ticket(a)->sent = true;
    const auto next = have.issue(a, 2, false).number;
    CHECK(next > number);
    CHECK(have.ticket(a)->unit == 2);
    CHECK_FALSE(have.ticket(a)->sent);
    CHECK(have.ticket(b) == nullptr);
    have.close(a);
    CHECK(have.ticket(a) == nullptr);
    CHECK(have.issue(a, 1, true).number > next);
}

TEST_CASE("candidates wait in the order they came, each once, until they withdraw") {
    Have have;
    have.contest(a, 3);
    have.contest(a, 2);
    have.contest(a, 3);
    have.contest(b, 3);
    CHECK(have.candidates(a) == std::vector<UnitId>{3, 2});
    CHECK(have.contested_by(3).size() == 2);
    have.withdraw(a, 3);
    have.withdraw(a, 7);
    CHECK(have.candidates(a) == std::vector<UnitId>{2});
    have.withdraw(a, 2);
    CHECK(have.candidates(a).empty());
    CHECK(have.contested_by(3) == std::vector<TargetKey>{b});
}

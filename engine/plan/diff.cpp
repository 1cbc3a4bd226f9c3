#include "plan/diff.hpp"

#include "base/match.hpp"

namespace moontide::plan {

namespace {

using policy::Existing;
using policy::Writes;

Decision unwanted(const TargetKey& target, const Record& record, Leftover leftover) {
    if (record.terminating) return Wait{"the copy is being deleted"};
    if (record.by_marks && leftover == Leftover::report) {
        return Refuse{"MarkedElsewhere", "carries the policy's marks, but nothing asks for it here; left alone"};
    }
    if (record.made) return Do{Delete{target, record.uid, record.resource_version}, "no longer wanted"};
    Release step{.target = target, .uid = record.uid, .resource_version = record.resource_version};
    if (record.joined) {
        step.managed = record.managed;
        step.lists = record.lists;
    }
    return Do{step, "no longer wanted"};
}

Making making_of(const Record& record) {
    return record.made ? Making::made : Making::taken;
}

Apply apply(const TargetKey& target, const Wish& want, const Record& record, Making making) {
    Apply step{.target = target, .uid = record.uid, .resource_version = record.resource_version, .making = making};
    // Of an object that we made the fields that we name are ours, whoever wrote them last; but not where it is there
    // for others to have their part in it too.
    const bool made = making == Making::made && !policy::joins(want.existing);
    step.force = making != Making::joined && (made || want.existing == Existing::overwrite);
    step.takes_over = making != Making::joined && !record.fields;
    const bool looks_otherwise = record.fields && record.edited && record.labelled && record.hash != want.hash;
    if (looks_otherwise && !want.verbatim) step.doubted = record.hash;
    return step;
}

enum class Marks { may_differ_alone, differ_with_content };

Decision replace(const TargetKey& target, const Wish& want, const Record& record, std::string_view why,
                 Marks marks = Marks::differ_with_content) {
    const bool is_tried = marks == Marks::may_differ_alone && !record.refuses;
    if (record.immutable && record.hash != want.hash && !is_tried) {
        // The server takes no change of an immutable object's data, only of its marks; what we made we may make anew.
        if (!record.made) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, record.uid, record.resource_version}, "immutable, made anew"};
    }
    if (want.writes == Writes::fields) return Do{apply(target, want, record, making_of(record)), why};
    Replace step{.target = target, .uid = record.uid, .resource_version = record.resource_version};
    step.making = making_of(record);
    step.plain = record.plain && !record.by_marks;
    // A patch adds to maps that must be there; where our labels were taken off they may not be.
    step.same_keys = record.keys == want.keys && record.labelled && !record.by_marks;
    step.takes_over = record.by_marks;
    return Do{step, why};
}

/// What must not exist yet.
Step make(const TargetKey& target, const Wish& want, bool look_first) {
    if (want.writes == Writes::whole) return Create{target, look_first};
    return Apply{.target = target, .look_first = look_first};
}

Decision joined(const TargetKey& target, const Wish& want, const Record& record) {
    if (record.terminating) return Wait{"the object is being deleted"};
    if (record.hash == want.hash && record.labelled) return Keep{};
    return Do{apply(target, want, record, Making::joined),
              record.hash == want.hash ? "its labels were changed" : "differs"};
}

Decision wanted(const TargetKey& target, const Wish& want, const Record& record, Holder holder) {
    if (record.joined) return joined(target, want, record);
    if (holder == Holder::wants) return Refuse{"HeldByOther", "is held for another source or policy"};
    // What no watch shows comes to its end unseen, so it is looked for.
    if (record.terminating && record.unwatched) {
        return Do{make(target, want, true), "its forerunner was being deleted"};
    }
    if (record.terminating) return Wait{"the copy is being deleted"};
    // Who wants nothing taken by its marks judges it like anybody's object, of which more than the marks must be known.
    if (record.by_marks && want.existing != Existing::marked) return Do{make(target, want, true), "is there"};
    if (record.by_marks) return replace(target, want, record, "taken over");
    // To another owner a copy may be the same, so that no moment need pass without it; only the server can say.
    if (holder == Holder::lets_go) return replace(target, want, record, "handed over", Marks::may_differ_alone);
    if (record.hash == want.hash && record.labelled) return Keep{};
    // The hash of a whole content says nothing of one of fields.
    const auto marks =
        record.fields == (want.writes == Writes::fields) ? Marks::differ_with_content : Marks::may_differ_alone;
    return replace(target, want, record, record.hash == want.hash ? "its labels were changed" : "differs", marks);
}

Decision take(const TargetKey& target, const Wish& want, const Foreign& there, Making making, std::string_view why) {
    // Where the content is right already only marks are written, and those no object refuses.
    if (there.immutable && !there.same_fields) {
        if (making == Making::taken) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, there.uid, there.resource_version}, "immutable, made anew"};
    }
    if (want.writes == Writes::fields) {
        return Do{Apply{.target = target,
                        .uid = there.uid,
                        .resource_version = there.resource_version,
                        .force = making == Making::made || want.existing == Existing::overwrite,
                        .making = making,
                        .takes_over = true},
                  why};
    }
    return Do{Replace{.target = target,
                      .uid = there.uid,
                      .resource_version = there.resource_version,
                      .making = making,
                      .takes_over = making == Making::made,
                      .overwrites = want.existing == Existing::overwrite && !there.same_fields},
              why};
}

Decision wanted(const TargetKey& target, const Wish& want, const Foreign& there) {
    // A refusal, since that is looked at again: no watch shows the end of what is not ours.
    if (there.terminating) return Refuse{"AlreadyExists", "exists, is not Moontide's, and is being deleted"};
    switch (want.existing) {
        case Existing::marked:
            if (there.marked) return take(target, want, there, Making::made, "taken over");
            break;
        case Existing::adopt:
            if (there.same_fields) return take(target, want, there, Making::taken, "adopted");
            return Refuse{"ContentDiffers", "exists, is not Moontide's, and its content differs"};
        case Existing::overwrite:
            return take(target, want, there, Making::taken, "overwritten");
        case Existing::merge:
        case Existing::join:
            if (there.claimed) break;
            return Do{Apply{.target = target,
                            .uid = there.uid,
                            .resource_version = there.resource_version,
                            .making = Making::joined},
                      "joined"};
        case Existing::refuse:
            break;
    }
    return Refuse{"AlreadyExists", "exists and is not Moontide's"};
}

Decision wanted(const TargetKey& target, const Wish& want, const Absent& absent) {
    if (want.existing != Existing::join) return Do{make(target, want, false), "missing"};
    if (absent.seen) return Refuse{"Awaited", "is to be joined, and nothing of that name is there"};
    return Do{Apply{.target = target, .making = Making::joined, .look_first = true}, "looked for"};
}

}  // namespace

Decision diff(const TargetKey& target, const Wish* want, const Standing& have, Holder holder, Leftover leftover) {
    if (want == nullptr) {
        if (const auto* record = std::get_if<Record>(&have)) {
            return holder == Holder::self ? unwanted(target, *record, leftover) : Decision(Keep{});
        }
        if (std::holds_alternative<Lost>(have)) return Do{Look{target}, "deleted, or without its label"};
        return Keep{};
    }
    return std::visit(Match{[&](const Absent& absent) { return wanted(target, *want, absent); },
                            // A Create finds out.
                            [&](const Lost&) { return wanted(target, *want, Absent{}); },
                            [&](const Record& record) { return wanted(target, *want, record, holder); },
                            [&](const Foreign& there) { return wanted(target, *want, there); }},
                      have);
}

}  // namespace moontide::plan

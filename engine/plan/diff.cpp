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
    if (!record.made) return Do{Release{target, record.uid, record.resource_version}, "no longer wanted"};
    return Do{Delete{target, record.uid, record.resource_version}, "no longer wanted"};
}

Making making_of(const Record& record) {
    return record.made ? Making::made : Making::taken;
}

/// What we only joined is others' too, whatever `writes` says of what we made.
bool only_fields(const Wish& want, Making making) {
    const bool joins = want.existing == Existing::merge || want.existing == Existing::join;
    return want.writes == Writes::fields || (joins && making == Making::taken);
}

Apply apply(const TargetKey& target, const Wish& want, kube::ResourceVersion judged, Making making) {
    return {
        .target = target, .resource_version = judged, .force = want.existing == Existing::overwrite, .making = making};
}

Decision replace(const TargetKey& target, const Wish& want, const Record& record, std::string_view why) {
    if (only_fields(want, making_of(record))) {
        return Do{apply(target, want, record.resource_version, making_of(record)), why};
    }
    if (record.immutable) {
        // The server takes no change of an immutable object's data; what we made we may make anew.
        if (!record.made) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, record.uid, record.resource_version}, "immutable, made anew"};
    }
    Replace step{.target = target, .uid = record.uid, .resource_version = record.resource_version};
    step.making = making_of(record);
    step.plain = record.plain && !record.by_marks;
    // A patch adds to maps that must be there; where our labels were taken off they may not be.
    step.same_keys = record.keys == want.keys && record.labelled && !record.by_marks;
    step.takes_over = record.by_marks;
    return Do{step, why};
}

Decision wanted(const TargetKey& target, const Wish& want, const Record& record, Holder holder) {
    if (holder == Holder::wants) return Refuse{"HeldByOther", "is held for another source or policy"};
    // What no watch shows comes to its end unseen, so it is looked for.
    if (record.terminating && record.unwatched) return Do{Create{target, true}, "its forerunner was being deleted"};
    if (record.terminating) return Wait{"the copy is being deleted"};
    if (record.by_marks) return replace(target, want, record, "taken over");
    if (holder == Holder::lets_go) return replace(target, want, record, "handed over");
    if (record.hash == want.hash && record.labelled) return Keep{};
    return replace(target, want, record, record.hash == want.hash ? "its labels were changed" : "differs");
}

Decision take(const TargetKey& target, const Wish& want, const Foreign& there, Making making, std::string_view why) {
    if (only_fields(want, making)) return Do{apply(target, want, there.resource_version, making), why};
    // Where the content is right already only marks are written, and those no object refuses.
    if (there.immutable && !there.same_fields) {
        if (making == Making::taken) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, there.uid, there.resource_version}, "immutable, made anew"};
    }
    return Do{Replace{.target = target,
                      .uid = there.uid,
                      .resource_version = there.resource_version,
                      .making = making,
                      .takes_over = making == Making::made},
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
            return take(target, want, there, Making::taken, "joined");
        case Existing::refuse:
            break;
    }
    return Refuse{"AlreadyExists", "exists and is not Moontide's"};
}

}  // namespace

Decision diff(const TargetKey& target, const Wish* want, const Standing& have, Holder holder, Leftover leftover) {
    if (want == nullptr) {
        if (const auto* record = std::get_if<Record>(&have)) {
            return holder == Holder::self ? unwanted(target, *record, leftover) : Decision(Keep{});
        }
        return Keep{};
    }
    return std::visit(Match{[&](const Absent&) -> Decision {
                                if (want->existing == Existing::join) {
                                    return Refuse{"Awaited", "is to be joined, and nothing of that name is there"};
                                }
                                if (want->writes == Writes::fields) {
                                    return Do{apply(target, *want, 0, Making::made), "missing"};
                                }
                                return Do{Create{target}, "missing"};
                            },
                            [&](const Record& record) { return wanted(target, *want, record, holder); },
                            [&](const Foreign& there) { return wanted(target, *want, there); }},
                      have);
}

}  // namespace moontide::plan

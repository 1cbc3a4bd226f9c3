#include "plan/diff.hpp"

namespace moontide::plan {

namespace {

using policy::Existing;
using policy::Writes;

template <typename... Cases>
struct Match : Cases... {
    using Cases::operator()...;
};

Decision unwanted(const TargetKey& target, const Record& record, Leftover leftover) {
    if (record.terminating) return Wait{"the copy is being deleted"};
    if (record.by_marks && leftover == Leftover::report) {
        return Refuse{"MarkedElsewhere", "carries the policy's marks, but nothing asks for it here; left alone"};
    }
    if (!record.made) return Do{Release{target, record.uid, record.resource_version}, "no longer wanted"};
    return Do{Delete{target, record.uid, record.resource_version}, "no longer wanted"};
}

Decision replace(const TargetKey& target, const Wish& want, const Record& record, std::string_view why) {
    if (want.writes == Writes::fields)
        return Do{Apply{target, record.resource_version, want.existing == Existing::overwrite}, why};
    if (record.immutable) {
        // The server takes no change of an immutable object's data; what we made we may make anew.
        if (!record.made) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, record.uid, record.resource_version}, "immutable, made anew"};
    }
    Replace step{.target = target, .uid = record.uid, .resource_version = record.resource_version};
    step.making = record.made ? Making::made : Making::taken;
    step.plain = record.plain && !record.by_marks;
    // A patch adds to maps that must be there; where our labels were taken off they may not be.
    step.same_keys = record.keys == want.keys && record.labelled && !record.by_marks;
    step.takes_over = record.by_marks;
    return Do{step, why};
}

Decision wanted(const TargetKey& target, const Wish& want, const Record& record, Holder holder) {
    if (holder == Holder::wants) return Refuse{"HeldByOther", "is held for another source or policy"};
    if (record.terminating) return Wait{"the copy is being deleted"};
    if (record.by_marks) return replace(target, want, record, "taken over");
    if (holder == Holder::lets_go) return replace(target, want, record, "handed over");
    if (record.hash == want.hash && record.labelled) return Keep{};
    return replace(target, want, record, record.hash == want.hash ? "its labels were changed" : "differs");
}

Decision take(const TargetKey& target, const Foreign& there, Making making, std::string_view why) {
    if (there.immutable) {
        if (making == Making::taken) return Refuse{"Immutable", "is immutable and was not made by Moontide"};
        return Do{Delete{target, there.uid, there.resource_version}, "immutable, made anew"};
    }
    return Do{Replace{.target = target,
                      .uid = there.uid,
                      .resource_version = there.resource_version,
                      .making = making,
                      .takes_over = true},
              why};
}

Decision wanted(const TargetKey& target, const Wish& want, const Foreign& there) {
    if (there.terminating) return Wait{"an object of that name is being deleted"};
    switch (want.existing) {
        case Existing::marked:
            if (there.marked) return take(target, there, Making::made, "taken over");
            break;
        case Existing::adopt:
            if (there.same_fields) return take(target, there, Making::taken, "adopted");
            return Refuse{"ContentDiffers", "exists, is not Moontide's, and its content differs"};
        case Existing::overwrite:
            return take(target, there, Making::taken, "overwritten");
        case Existing::merge:
        case Existing::join:
            return Do{Apply{target, there.resource_version, false}, "joined"};
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
                                if (want->existing == Existing::join) return Wait{"awaits an object of that name"};
                                if (want->writes == Writes::fields) return Do{Apply{target, 0, false}, "missing"};
                                return Do{Create{target}, "missing"};
                            },
                            [&](const Record& record) { return wanted(target, *want, record, holder); },
                            [&](const Foreign& there) { return wanted(target, *want, there); }},
                      have);
}

}  // namespace moontide::plan

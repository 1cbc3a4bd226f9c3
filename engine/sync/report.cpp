#include "sync/report.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cctype>

namespace moontide::sync {

namespace {
/// What a unit does within this time is told as one Event.
constexpr Milliseconds pass_lasts{500};
constexpr std::size_t most_examples = 5;
/// Long enough for a namespace to go; one that hangs is told of again.
constexpr auto terminating_told_for = std::chrono::minutes(10);

std::string place(const policy::Target& target) {
    return target.namespace_name + "/" + target.name;
}

/// "12 namespaces (a, b, c, d, e, ...)"
std::string listed(const std::set<std::string>& namespaces) {
    std::string text = std::to_string(namespaces.size()) + (namespaces.size() == 1 ? " namespace (" : " namespaces (");
    std::size_t shown = 0;
    for (const auto& name : namespaces) {
        if (shown == most_examples) {
            text += ", ...";
            break;
        }
        text += (shown++ == 0 ? "" : ", ") + name;
    }
    return text + ")";
}
}  // namespace

std::string log_kind(std::string_view kind) {
    std::string text(kind);
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

std::string owner_text(const plan::Bond& bond) {
    return bond.owner.text();
}

std::string asker_text(const plan::Bond& bond) {
    return bond.owner.name.empty() ? source_text(bond) : owner_text(bond);
}

std::string held_text(const plan::Bond& holder) {
    return "is held for " + asker_text(holder) + " by policy " + holder.policy;
}

std::string source_text(const plan::Bond& bond) {
    if (!bond.group.empty()) return bond.policy + " group " + bond.group;
    if (bond.source.name.empty()) return bond.owner.name.empty() ? bond.policy : owner_text(bond);
    return bond.source.namespace_name.empty() ? bond.source.name : bond.source.namespace_name + "/" + bond.source.name;
}

void Report::tell(const Unit& unit, status::Notice::Type type, std::string reason, std::string message,
                  std::string subject) {
    // Timers may fire between the engine's end and the loop's.
    if (!board_.events) return;
    const bool has_owner = !unit.bond.owner.name.empty();
    status::Notice notice;
    notice.about = has_owner ? unit.bond.owner : unit.bond.source;
    notice.uid = has_owner ? unit.bond.owner_uid : unit.bond.source_uid;
    if (notice.about.name.empty() && !unit.members.empty()) notice.about = *unit.members.begin();
    if (notice.about.name.empty()) return;
    notice.type = type;
    notice.reason = std::move(reason);
    notice.message = std::move(message);
    notice.subject = std::move(subject);
    board_.events->tell(std::move(notice));
}

void Report::done(plan::UnitId id, const policy::Target& target, Deed::What what, std::string_view why) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    const auto source = source_text(unit->bond);
    std::string_view sentence = "copied";
    switch (what) {
        case Deed::What::created:
            sentence = "copied";
            break;
        case Deed::What::replaced:
            sentence = "updated copy";
            break;
        case Deed::What::deleted:
            sentence = "deleted copy";
            break;
        case Deed::What::released:
            sentence = "released copy";
            break;
        case Deed::What::refused:
        case Deed::What::failed:
            break;
    }
    log::info(sentence, {{log_kind(target.kind.kind), place(target)},
                         {"namespace", target.namespace_name},
                         {"name", target.name},
                         {"source", source},
                         {"policy", unit->bond.policy},
                         {"reason", why}});
    if (board_.on_deed) board_.on_deed({what, unit->bond.policy, source, target, std::string(why)});

    // All that was done for an owner is one Event, however many sources it has.
    const auto asker = unit->owner == 0 ? id : unit->owner;
    const bool first = passes_.with([&](auto& passes) {
        auto& pass = passes[asker];
        const bool is_first = pass.copied.empty() && pass.removed.empty();
        const bool copied = what == Deed::What::created || what == Deed::What::replaced;
        (copied ? pass.copied : pass.removed).insert(target.namespace_name);
        return is_first;
    });
    if (first) {
        io_.post([this, asker] { io_.after(pass_lasts, [this, asker] { tell_pass(asker); }); });
    }
}

void Report::overwrote(plan::UnitId id, const policy::Target& target, const std::string& lost) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    tell(*unit, status::Notice::Type::warning, "Overwritten",
         target.kind.kind + " " + place(target) + " was there and was not Moontide's; its content is replaced: " + lost,
         place(target));
}

void Report::tell_pass(plan::UnitId id) {
    const auto pass = passes_.with([&](auto& passes) {
        auto node = passes.extract(id);
        return node.empty() ? Pass() : node.mapped();
    });
    const auto unit = board_.units.get(id);
    if (!unit || (pass.copied.empty() && pass.removed.empty())) return;
    const auto normal = status::Notice::Type::normal;
    if (!pass.copied.empty()) {
        auto message = "copied to " + listed(pass.copied);
        if (!pass.removed.empty()) message += "; removed from " + listed(pass.removed);
        tell(*unit, normal, "Copied", message, message);
    } else {
        const auto message = "removed from " + listed(pass.removed);
        tell(*unit, normal, "CleanedUp", message, message);
    }
}

void Report::trouble(plan::UnitId id, const policy::Target& target, const plan::Trouble& trouble) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    const auto source = source_text(unit->bond);
    const bool terminating = trouble.reason == "NamespaceTerminating";
    if (terminating) tell_terminating(target.namespace_name);
    if (!terminating)
        log::warn(trouble.refused ? "refused target" : "failed target", {{log_kind(target.kind.kind), place(target)},
                                                                         {"namespace", target.namespace_name},
                                                                         {"name", target.name},
                                                                         {"source", source},
                                                                         {"policy", unit->bond.policy},
                                                                         {"reason", trouble.reason},
                                                                         {"message", trouble.message}});
    if (trouble.refused) {
        board_.metrics.refused(unit->bond.policy, trouble.reason);
    } else {
        board_.metrics.error(unit->bond.policy, trouble.reason);
    }
    if (board_.on_deed) {
        const auto what = trouble.refused ? Deed::What::refused : Deed::What::failed;
        board_.on_deed({what, unit->bond.policy, source, target, trouble.message});
    }
    if (terminating) return;
    tell(*unit, status::Notice::Type::warning, trouble.refused ? "TargetRefused" : "TargetFailed",
         target.kind.kind + " " + place(target) + ": " + trouble.message, place(target));
}

void Report::tell_terminating(const std::string& namespace_name) {
    const auto now = std::chrono::steady_clock::now();
    const bool is_new = terminating_.with([&](auto& told) {
        std::erase_if(told, [&](const auto& entry) { return now - entry.second > terminating_told_for; });
        return told.emplace(namespace_name, now).second;
    });
    if (is_new) log::warn("a namespace is being deleted and gets no copies", {{"namespace", namespace_name}});
}

void Report::policy_error(plan::UnitId id, const std::string& message) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    log::error("policy error",
               {{"source", source_text(unit->bond)}, {"policy", unit->bond.policy}, {"message", message}});
    tell(*unit, status::Notice::Type::warning, "PolicyError", message, "");
}

void Report::status_error(plan::UnitId id, const std::string& message) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    board_.metrics.error(unit->bond.policy, "StatusFailed");
    log::error("policy error",
               {{"owner", owner_text(unit->bond)}, {"policy", unit->bond.policy}, {"message", message}});
    tell(*unit, status::Notice::Type::warning, "PolicyError", message, "status");
}

void Report::would(plan::UnitId id, const policy::Target& target, std::string_view step, std::string_view why) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    log::info("would " + std::string(step), {{log_kind(target.kind.kind), place(target)},
                                             {"namespace", target.namespace_name},
                                             {"name", target.name},
                                             {"source", source_text(unit->bond)},
                                             {"policy", unit->bond.policy},
                                             {"reason", why}});
}

void Report::rivalry(plan::UnitId id, const policy::Target& target, unsigned repairs) {
    const auto unit = board_.units.get(id);
    if (!unit) return;
    const auto message = "somebody keeps changing it; repaired " + std::to_string(repairs) + " times, slower each time";
    log::warn("rival",
              {{log_kind(target.kind.kind), place(target)}, {"policy", unit->bond.policy}, {"message", message}});
    tell(*unit, status::Notice::Type::warning, "CopyContested", target.kind.kind + " " + place(target) + ": " + message,
         place(target));
}

}  // namespace moontide::sync

// What is told of the work: log lines, Events on the source, metrics, deeds.
#pragma once

#include "base/guarded.hpp"
#include "base/loop.hpp"
#include "sync/board.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace moontide::sync {

/// Any thread. Troubles are told when they begin or change, not each time they are met again.
class Report {
public:
    Report(Board& board, Loop& io) : board_(board), io_(io) {}

    void done(plan::UnitId unit, const policy::Target& target, Deed::What what, std::string_view why);
    /// Somebody else's object; `lost`: what was in it.
    void overwrote(plan::UnitId unit, const policy::Target& target, const std::string& lost);
    /// A target that is not as its unit wants it. A namespace that is being deleted is not worth an Event on each
    /// source.
    void trouble(plan::UnitId unit, const policy::Target& target, const plan::Trouble& trouble);
    /// The evaluation of a whole unit failed.
    void policy_error(plan::UnitId unit, const std::string& message);
    /// What the policy tells of an owner could not be made.
    void status_error(plan::UnitId owner, const std::string& message);
    /// `--dry-run`: what would be done.
    void would(plan::UnitId unit, const policy::Target& target, std::string_view step, std::string_view why);
    /// A rival keeps editing a copy.
    void rivalry(plan::UnitId unit, const policy::Target& target, unsigned repairs);

private:
    /// What one pass did for a unit, told as one Event.
    struct Pass {
        std::set<std::string> copied;  // namespaces
        std::set<std::string> removed;
    };

    void tell(const Unit& unit, status::Notice::Type type, std::string reason, std::string message,
              std::string subject);
    void tell_pass(plan::UnitId unit);
    /// One line for a namespace, however many sources have copies there.
    void tell_terminating(const std::string& namespace_name);

    Board& board_;
    Loop& io_;
    Guarded<std::map<plan::UnitId, Pass>> passes_;
    Guarded<std::map<std::string, Instant>> terminating_;  // namespaces, and when that was told
};

/// "configmap" for ConfigMap: kinds as log fields have them.
std::string log_kind(std::string_view kind);
/// "ConfigMapSyncer team/web".
std::string owner_text(const plan::Bond& bond);
/// Who asks for the copies: the owner, else the source.
std::string asker_text(const plan::Bond& bond);
/// What is said of a copy to others who want it.
std::string held_text(const plan::Bond& holder);
/// "flux-system/shared", or the group's or policy's name.
std::string source_text(const plan::Bond& bond);

}  // namespace moontide::sync

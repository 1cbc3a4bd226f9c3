// What the engine knows of a policy; Lua is one way to make one, and no part of this.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "kube/object.hpp"
#include "kube/resource.hpp"
#include "policy/report.hpp"
#include "policy/selection.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace moontide::policy {

/// What becomes of an object of the wanted name that carries no claim of ours.
enum class Existing { refuse, marked, adopt, overwrite, merge, join };
/// The object stays its owner's, and a part of it becomes ours; each unit may have one.
constexpr bool joins(Existing existing) {
    return existing == Existing::merge || existing == Existing::join;
}
/// What becomes of the copies of a source that is gone while its owner still asks.
enum class Orphans { remove, keep };
/// Whose a copy is to the garbage collector, where it stands in that one's namespace.
enum class Belongs { source, owner };
/// Whether a copy's content is ours whole, or only the fields that we name.
enum class Writes { whole, fields };

using Labels = std::map<std::string, std::string>;

/// Where a copy belongs.
struct Target {
    std::string cluster;  ///< empty: ours
    std::string namespace_name;
    kube::Kind kind;
    std::string name;

    auto operator<=>(const Target&) const = default;
};

/// What an evaluation read; what was not read is no dependency.
struct Roots {
    bool owner = false;
    bool source = false;
    bool namespace_object = false;
    bool target = false;
    bool with = false;

    /// The result is the same for every target of the same source.
    bool same_everywhere() const { return !namespace_object && !target && !with; }
    void add(const Roots& other);
};

/// What a copy holds. Immutable, shared by all targets for which it is the same.
struct Content {
    kube::Kind kind;
    /// Canonical JSON (keys sorted, no blanks) of every field but apiVersion, kind and metadata.
    std::string fields;
    Labels labels;  ///< carried ones and marks; the engine's claim comes later
    Labels annotations;
    Labels mark_labels;  ///< the policy's `labels` and `annotations` alone: `existing = "marked"` asks for these
    Labels mark_annotations;
};

/// One evaluation of the copy's slots.
struct Copy {
    Target target;  ///< with its final name
    Existing existing = Existing::refuse;
    std::optional<WallTime> expires;
    std::shared_ptr<const Content> content;  ///< null: the policy wants no copy here
    Roots reads;                             ///< of all slots of the copy together
    std::vector<std::string> warnings;       ///< of moontide.warn
};

/// What an evaluation is given; which of them are there depends on the slot (design: "`on`, and when a function runs").
struct Inputs {
    kube::ObjectPtr owner;                 ///< null where the source is its own owner
    std::vector<kube::ObjectPtr> sources;  ///< one, or with `group` all of the group
    kube::ObjectPtr namespace_object;
    std::optional<Target> target;                              ///< name empty until it is evaluated
    std::map<std::string, std::vector<kube::ObjectPtr>> with;  ///< absent objects are left out
};

/// `into`, evaluated for one source.
struct Into {
    std::variant<std::vector<Selection>, std::vector<Target>> where_to;
    std::vector<std::string> waiting;  ///< what a selection that selects nothing is waiting for
    Roots reads;
};

/// `from`, evaluated for one owner.
struct From {
    std::vector<Selection> selections;
    std::vector<std::string> waiting;  ///< what a selection that selects nothing is waiting for
};

/// `status`, evaluated for an owner's settled pass.
struct StatusFields {
    /// A map. Conditions among them have a type, and else what is to lie over the engine's own.
    nlohmann::json fields = nlohmann::json::object();
    bool dated = false;  ///< they depend on when copies were written: Report::changed, and that of its sources
};

/// A selection of `with`: objects by namespace and name.
struct Companions {
    std::string name;  ///< as in `on.<name>`
    bool is_list = false;
    std::vector<kube::Ref> refs;
};

/// Evaluates one policy. One thread at a time; make one a worker.
/// Errors name file:line, the slot and the objects in hand; they are final until an input changes.
class Evaluator {
public:
    virtual ~Evaluator() = default;

    /// Of the objects that ask; empty where the source is its own owner.
    virtual Result<std::vector<Selection>> owners() = 0;
    /// Of the owner; where the source is its own owner, of nothing. Empty where the owner is the source.
    virtual Result<From> from(const Inputs& inputs) = 0;
    /// `where` of a selection that matches otherwise, its exceptions included; true where there is none.
    virtual Result<bool> where(const Selection& selection, const Inputs& inputs) = 0;
    /// Nothing: the source stands alone.
    virtual Result<std::optional<std::string>> group(const Inputs& inputs) = 0;
    virtual Result<Into> into(const Inputs& inputs) = 0;
    /// What the owner says of objects in its copies' way; an error where that takes a source or a target.
    virtual Result<Existing> existing(const Inputs& inputs) = 0;
    virtual Result<std::vector<Companions>> with(const Inputs& inputs) = 0;
    /// The copy for inputs.target, whose name may still be empty.
    virtual Result<Copy> copy(const Inputs& inputs) = 0;
    /// What the policy tells of an owner's settled pass.
    virtual Result<StatusFields> status(const Inputs& inputs, const Report& report) = 0;
    /// The Secret with the way to the database that keeps records of the copies; nothing: none are kept.
    virtual Result<std::optional<kube::Ref>> store(const Inputs& inputs) = 0;
};

/// What a policy's table says before any object exists: from it come watches, indexes and rules.
struct Shape {
    std::string name;                     ///< "annotation-sync"
    std::string file;                     ///< for messages
    std::vector<kube::Kind> owner_kinds;  ///< of the objects that ask; none: the source is its own owner
    std::string finalizer;                ///< what holds an owner until its copies are gone; empty: none
    std::vector<kube::Kind> source_kinds;
    bool owner_is_source = false;        ///< there is an owner and no `from`
    std::vector<kube::Kind> copy_kinds;  ///< all that a copy may be
    std::vector<kube::Kind> with_kinds;
    bool renames = false;  ///< a slot says the copy's name; else it is the source's
    bool has_group = false;
    bool has_with = false;
    bool consent = false;
    bool needs_namespaces = true;  ///< `into` asks for more of namespaces than names that owners or sources say
    bool has_status = false;       ///< it tells more of an owner than conditions
    bool has_store = false;
    /// Among them are the types of all conditions that it tells: such a one that it tells no more goes.
    std::set<std::string> condition_types = {};
    std::optional<Belongs> belongs;
    Orphans orphans = Orphans::remove;
    std::optional<Writes> writes;      ///< nothing: by the copy's kind
    std::optional<Existing> existing;  ///< where it is literal
    bool takes_marked = false;         ///< `existing` is marked, or may be
    std::string digest;                ///< SHA-256 of text and settings, hex: tells versions of a policy apart

    bool has_owner() const { return !owner_kinds.empty(); }
    Writes writes_for(const kube::Kind& kind) const;
};

/// Whose copy an object is by its marks alone, as the controller of a documented system left it.
struct Origin {
    std::string source_namespace;  ///< each empty where the marks do not tell
    std::string source_name;
    std::string owner_namespace = {};
    std::string owner_name = {};
    std::map<std::string, std::string> of_owner = {};  ///< other fields of it: "owner.spec.sourceNamespace"
};

/// Immutable; any thread.
class Policy {
public:
    virtual ~Policy() = default;
    virtual const Shape& shape() const = 0;
    virtual std::unique_ptr<Evaluator> evaluator() const = 0;
    /// The literal marks read backwards: `{source.namespace}/{source.name}` against "flux-system/shared". Nothing
    /// where a mark is missing or differs, or where no mark comes from the source or owner.
    virtual std::optional<Origin> origin(const kube::Metadata& object) const = 0;
};

using PolicyPtr = std::shared_ptr<const Policy>;

}  // namespace moontide::policy

// metadata.managedFields: who wrote which field last, or applies it. Kept for every write, as the real server does.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
#pragma once

#include "base/clock.hpp"
#include "sandbox/field_set.hpp"
#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"
#include "sandbox/typed.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moontide::sandbox {

/// One entry of managedFields.
struct FieldManager {
    std::string name;
    bool applies = false;     ///< operation Apply; otherwise Update
    std::string api_version;  ///< that the fields are named in
    std::string subresource;
    std::string time;  ///< when its fields changed last; empty where they never did
    FieldSet fields;
    Json written;  ///< the same as it was read, while nobody has changed it; `fields` is empty then

    /// Reads the fields, where they are only written yet.
    void unfold();
    /// The same one wrote: an applier is the same in all versions.
    bool is(const FieldManager& other) const;
    /// `"kubectl" with subresource "status" using v1`.
    std::string readable() const;
};

class ManagedFields {
public:
    /// Nothing where an entry cannot be understood.
    static std::optional<ManagedFields> read(const Json& metadata);
    /// Puts them into the metadata, in the real server's order.
    void write(Json& metadata) const;

    bool empty() const { return managers_.empty(); }
    std::vector<FieldManager>& managers() { return managers_; }
    FieldManager* find(const FieldManager& who);
    /// In place of the entry of the same manager; one without fields goes.
    void set(FieldManager manager);

    struct Conflict {
        const FieldManager* with;
        FieldSet fields;
    };
    /// Who but `who` has fields that the change touches.
    std::vector<Conflict> conflicts(const Comparison& change, const FieldManager& who);
    /// Takes from all but `who` what the change touches or removes.
    void give_up(const Comparison& change, const FieldManager& who);

    /// Accounts for an update by `who`, whose fields are not read.
    void update(const Json& before, const Json& after, const KindRow& kind, FieldManager who, WallTime now);

private:
    void cap();

    std::vector<FieldManager> managers_;
};

/// Those of a request that updates: what the client sent in the object counts, where it is no subresource and can be
/// read; otherwise what is there already. `object` loses its own.
ManagedFields take_managed_fields(const Json& live, Json& object, std::string_view subresource);

/// Fields that the kind's registry sets back in such a request.
FieldSet ignored_fields(const KindRow& kind, std::string_view subresource);
/// What everybody's set goes without: name, uid, versions.
const FieldSet& nobodys_fields();

/// An object of the kind before anybody wrote it: the fields that are there always.
const Json& zero_of(const KindRow& kind);

/// Writes into `object` who manages what after `manager` has made it of `live`; null where it is created.
void track_update(const KindRow& kind, std::string_view subresource, const Json& live, Json& object,
                  const std::string& manager, WallTime now);

/// Puts the times of `old` back where nothing else differs: a request that changes nothing leaves no trace.
void keep_times(Json& object, const Json& old);

}  // namespace moontide::sandbox

// Create, update and delete, as the request path and the sandbox's own controllers do them.
#pragma once

#include "base/clock.hpp"
#include "sandbox/request.hpp"
#include "sandbox/store.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace moontide::sandbox {

struct Written {
    RecordPtr record;
    bool created = false;
};

struct Removed {
    RecordPtr record;   ///< as it was stored last
    bool gone = false;  ///< otherwise it is terminating
};

/// Used by the store's thread.
class Writes {
public:
    Writes(Store& store, const Kinds& kinds, const Clock& clock) : store_(store), kinds_(kinds), clock_(clock) {}

    /// `object` fits its kind already.
    Outcome<Written> create(const KindRow& kind, const std::string& namespace_name, Json object,
                            const WriteOptions& options);

    /// What an update makes of the object that is there.
    using Change = std::function<Outcome<Json>(const Json& old)>;

    struct Place {
        const KindRow& kind;
        std::string namespace_name;
        std::string name;
        std::string subresource;
    };
    /// PUT: `object` replaces what is there; its uid is a precondition.
    Outcome<Written> replace(const Place& place, Json object, const WriteOptions& options);
    /// PATCH: `change` works on what is there.
    Outcome<Written> modify(const Place& place, const Change& change, const WriteOptions& options);
    /// PATCH by server-side apply: creates what is not there.
    Outcome<Written> apply(const Place& place, Json object, const WriteOptions& options);

    Outcome<Removed> remove(const KindRow& kind, const std::string& namespace_name, const std::string& name,
                            const DeleteOptions& options);

private:
    /// Whether the object says already who manages its fields.
    enum class Tracked { no, yes };

    Outcome<void> admit(const KindRow& kind, const std::string& namespace_name, const std::string& name) const;
    Outcome<Written> make(const KindRow& kind, const std::string& namespace_name, Json object,
                          const WriteOptions& options, Tracked tracked);
    Outcome<Written> update(const Place& place, const RecordPtr& record, const Json& old, Json object,
                            const WriteOptions& options, Tracked tracked);
    Outcome<Removed> remove_namespace(const RecordPtr& record, const DeleteOptions& options);
    Outcome<Removed> remove_object(const RecordPtr& record, const DeleteOptions& options);
    Removed mark_terminating(const RecordPtr& record, Json object, bool dry_run);

    Store& store_;
    const Kinds& kinds_;
    const Clock& clock_;
};

}  // namespace moontide::sandbox

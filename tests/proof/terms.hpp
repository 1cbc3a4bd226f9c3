// What a history is judged by: whose writes, which copies the policy asks for, and what it lets the engine touch.
#pragma once

#include "base/clock.hpp"
#include "sandbox/history.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>

namespace moontide::proof {

using sandbox::Json;

/// Where an object is.
struct Place {
    std::string resource;  ///< "configmaps"
    std::string namespace_name;
    std::string name;

    auto operator<=>(const Place&) const = default;
    std::string text() const;
};

/// A copy that a source asks for in a namespace.
struct Wish {
    std::string resource;
    std::string name;
    Json content;                  ///< data, binaryData, immutable and type, as far as they are there
    Json labels = Json::object();  ///< that come along, as far as they are to be known
    /// Nothing is asked for, but what was made stays as it is: its source is gone, its owner is not.
    bool kept = false;
};

/// The slot `existing`, as far as it lets the engine touch what carries no claim.
enum class Existing { refuse, marked, adopt, overwrite, merge };

struct Terms {
    std::string instance;             ///< value of moontide.dev/instance
    std::string client = "moontide";  ///< the engine's user agent, with or without "/version"
    Existing existing = Existing::refuse;
    std::set<std::string> excluded;  ///< namespaces
    /// The resources that copies are of.
    std::set<std::string> copies = {"configmaps", "secrets"};
    /// What else the engine may write.
    std::set<std::string> may_write = {"events", "leases"};

    /// The model: the copy that `source` asks for in `space`, a Namespace. Deciding by these two alone.
    std::function<std::optional<Wish>(const Json& source, const Json& space)> wish;
    /// Objects that can be sources at all, so that not every object is tried as one.
    std::function<bool(const Json& object)> may_be_source;
    /// With Existing::marked: the object carries the policy's marks for its place.
    std::function<bool(const Json& object)> marked;

    /// The resource of the owners; empty where sources ask for themselves. Then these stand for `wish`, `existing` and
    /// `marked`.
    std::string owners = {};
    std::string owner_kind = {};
    std::string finalizer = {};  ///< empty: the policy puts none on
    /// `source` is null where it is not there; its place is what could ask.
    std::function<std::optional<Wish>(const Json& owner, const Place& at, const Json* source, const Json& space)>
        owner_wish = {};
    std::function<Existing(const Json& owner)> owner_existing = {};
    std::function<bool(const Json& owner, const Json& object)> owner_marked = {};
    /// Copies carry a controller reference to their source.
    bool belongs_to_source = false;

    bool has_owners() const { return !owners.empty(); }
    /// The wish of an owner for a source, or of a source for itself: `owner` null.
    std::optional<Wish> wish_of(const Json* owner, const Place& at, const Json* source, const Json& space) const;
    /// What `existing` is for who asks, and whether it lets the engine take that object, which carries no claim.
    Existing existing_for(const Json* owner) const { return owner ? owner_existing(*owner) : existing; }
    bool is_marked_for(const Json* owner, const Json& object) const;

    /// How long the engine may act on what is no longer so: beyond the longest fault.
    Milliseconds grace{3'000};
    /// How late the history may tell of a change.
    Milliseconds lag{0};
    /// Writes of copies in the whole history: the clean run's and one a crash.
    std::optional<std::size_t> most_writes;
};

/// policies/annotation-sync with that namespace of sources.
Terms annotation_sync_terms(std::string sources, std::string instance);

/// Where an object is; owners by the terms' words.
Place place_of(const Terms& terms, const Json& object);

/// data, binaryData, immutable and type, as far as they are there and not empty.
Json content_of(const Json& object);

}  // namespace moontide::proof

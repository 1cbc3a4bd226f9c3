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

/// A copy that a source asks for in a namespace.
struct Wish {
    std::string resource;  ///< "configmaps"
    std::string name;
    Json content;  ///< data, binaryData, immutable and type, as far as they are there
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

    /// How long the engine may act on what is no longer so: beyond the longest fault.
    Milliseconds grace{3'000};
    /// How late the history may tell of a change.
    Milliseconds lag{0};
    /// Writes of copies in the whole history: the clean run's and one a crash.
    std::optional<std::size_t> most_writes;
};

/// policies/annotation-sync with that namespace of sources.
Terms annotation_sync_terms(std::string sources, std::string instance);

/// data, binaryData, immutable and type, as far as they are there and not empty.
Json content_of(const Json& object);

}  // namespace moontide::proof

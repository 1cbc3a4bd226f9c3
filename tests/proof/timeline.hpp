// A history put in order for checks: the states of each object, and the engine's writes with what came of them.
#pragma once

#include "sandbox/history.hpp"
#include "terms.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace moontide::proof {

using sandbox::Answered;
using sandbox::Asked;
using sandbox::Changed;
using sandbox::Entry;
using sandbox::Noted;

using Tree = std::shared_ptr<const Json>;

struct Place {
    std::string resource;
    std::string namespace_name;
    std::string name;

    auto operator<=>(const Place&) const = default;
    std::string text() const;
};

/// An object between two of its changes.
struct State {
    const Entry* entry = nullptr;  ///< of the change that made it so
    std::uint64_t version = 0;
    std::uint64_t until = UINT64_MAX;       ///< the version of the next change
    Milliseconds at{0};                     ///< when it began
    Milliseconds end{Milliseconds::max()};  ///< when the next one did
    Tree object;                            ///< null: it is not there
    Tree before;
    sandbox::RequestId by = 0;
};

/// A request of the engine that writes a copy's resource.
struct Write {
    const Entry* request = nullptr;
    const Entry* answer = nullptr;     ///< null where none was made
    std::vector<const State*> states;  ///< what it changed
    unsigned run = 0;                  ///< of the engine: "run started" remarks before its connection's first request

    const Asked& asked() const { return std::get<Asked>(request->what); }
    int status() const { return answer ? std::get<Answered>(answer->what).status : 0; }
};

/// Immutable once made; holds the entries that it points to.
class Timeline {
public:
    Timeline(std::vector<Entry> entries, const Terms& terms);
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    const std::vector<Entry>& entries() const { return entries_; }
    const std::map<Place, std::vector<State>>& objects() const { return objects_; }
    const std::vector<Write>& writes() const { return writes_; }

    /// The object at that entry; null where it is not there.
    Tree object_at(const Place& place, std::uint64_t entry_number) const;

    /// Whether some source asked for the place, it and the namespace each as they were at some moment from that time on
    /// until that entry: watches tell of them in no order.
    bool wanted_at_some_time(const Terms& terms, const Place& place, Milliseconds from, std::uint64_t until) const;
    /// Whether one did and then none did, or none did at all: that nobody asked before one did is no reason to take a
    /// copy away. It is enough that it looked so to whom the watches of sources and namespaces told at different times.
    bool was_let_go(const Terms& terms, const Place& place, Milliseconds from, std::uint64_t until) const;
    /// The content that is wanted there at that entry; nothing where nothing is.
    std::optional<Json> wanted_content(const Terms& terms, const Place& place, std::uint64_t entry_number) const;

    /// States of objects that can be sources and ask for the place in a namespace that selects it, oldest first.
    struct Offer {
        const State* source = nullptr;
        Json content;
    };
    std::vector<Offer> offers(const Terms& terms, const Place& place) const;
    /// The keys of data that any of them asks for.
    std::set<std::string> keys_offered(const Terms& terms, const Place& place) const;

private:
    bool looked_let_go(const Terms& terms, const Place& place, Milliseconds from, std::uint64_t until) const;

    /// Numbers of the entries at which what the place depends on changed, and of the span's ends.
    std::vector<std::uint64_t> moments(const Place& place, std::uint64_t from, std::uint64_t until) const;
    /// The last entry before that time; 0 where there is none.
    std::uint64_t entry_before(Milliseconds time) const;

    std::vector<Entry> entries_;
    std::map<Place, std::vector<State>> objects_;
    std::vector<const std::vector<State>*> sources_;  ///< objects that can be sources in some state
    std::vector<Write> writes_;
};

/// What an object says of itself.
std::string uid_of(const Json& object);
std::string version_of(const Json& object);
/// The engine's claim, where the object carries one that can be read; else null.
Json claim_of(const Json& object);
/// A create, or an apply that may only create, that the server refused since something stands there that is not ours:
/// how a start finds it.
bool met_a_foreign_object(const Timeline& timeline, const Terms& terms, const Write& write);
/// It carries this instance's claim for its own place.
bool is_ours(const Terms& terms, const Json& object);

}  // namespace moontide::proof

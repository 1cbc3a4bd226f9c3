// A history put in order for checks: the states of each object, and the engine's writes with what came of them.
#pragma once

#include "parts.hpp"
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
    /// The terms must outlive it.
    Timeline(std::vector<Entry> entries, const Terms& terms);
    Timeline(const Timeline&) = delete;
    Timeline& operator=(const Timeline&) = delete;

    const std::vector<Entry>& entries() const { return entries_; }
    const std::map<Place, std::vector<State>>& objects() const { return objects_; }
    const std::vector<Write>& writes() const { return writes_; }

    /// The object at that entry; null where it is not there.
    Tree object_at(const Place& place, std::uint64_t entry_number) const;

    /// Who may ask for copies: a source, or an owner and a source.
    struct Asker {
        const std::vector<State>* owner = nullptr;  ///< null: the source is its own owner
        const std::vector<State>* source = nullptr;
        Place owner_place;
        Place source_place;
    };
    const std::vector<Asker>& askers() const { return askers_; }
    /// It is the one that the copy's claim names; any is where sources ask for themselves.
    static bool is_named_by(const Asker& asker, const Json& copy);
    static bool is_named_in(const Asker& asker, const Json& claim);

    /// Whether somebody asked for the place, owner, source and namespace each as they were at some moment from that
    /// time on until that entry: watches tell of them in no order.
    bool wanted_at_some_time(const Place& place, Milliseconds from, std::uint64_t until) const;
    /// Whether one did and then none did, or none did at all: that nobody asked before one did is no reason to take a
    /// copy away. It is enough that it looked so to whom the watches of owners, sources and namespaces told at
    /// different times; but one of several that asked all the time is to have what the others let go. `copy` as it
    /// was.
    bool was_let_go(const Place& place, const Json& copy, Milliseconds from, std::uint64_t until) const;
    /// Whether that one asked all the time for the place where the copy is.
    bool asked_throughout(const Asker& asker, const Place& place, const Json& copy, Milliseconds from,
                          std::uint64_t until) const;
    /// What is wanted there at that entry, by whom ever.
    std::vector<Json> wanted_contents(const Place& place, std::uint64_t entry_number) const;

    /// States of those that ask for the place in a namespace that they select, oldest source first.
    struct Offer {
        const Asker* asker = nullptr;
        const State* owner = nullptr;  ///< null: the source is its own owner
        const State* source = nullptr;
        Wish wish;
    };
    std::vector<Offer> offers(const Place& place) const;
    /// What parts of any of them may bring.
    Offered offered(const Place& place) const;
    /// Names of the data that the engine has put into it.
    std::set<std::string> keys_put(const Place& place) const;
    /// States of the owner that the claim names; none where sources ask for themselves.
    const std::vector<State>* owner_in(const Json& claim) const;

private:
    /// What one asks for at the place, over the states that each of owner, source and namespace had in a time.
    struct Asking {
        bool ever = false;
        bool throughout = true;
        bool then_not = false;
    };
    Asking asked_for(const Asker& asker, const Place& place, const Json* copy, Milliseconds from,
                     std::uint64_t until) const;
    std::optional<Wish> wish_for(const Asker& asker, const Place& place, const State* owner, const State* source,
                                 const State* space) const;

    const Terms& terms_;
    std::vector<Entry> entries_;
    std::map<Place, std::vector<State>> objects_;
    std::vector<Asker> askers_;
    std::vector<Write> writes_;
};

/// What an object says of itself.
std::string uid_of(const Json& object);
std::string version_of(const Json& object);
/// The engine's claim, where the object carries one that can be read; else null.
Json claim_of(const Json& object);
/// It is asked for under a part's field manager.
bool is_asked_for_as_a_part(const Write& write);
/// A create, or an apply that may only create, that the server refused since something stands there that is not ours:
/// how a start finds it. Or an apply that was refused for a field of somebody else's: no watch tells when that goes.
bool met_a_foreign_object(const Timeline& timeline, const Terms& terms, const Write& write);
/// A write of a copy, or of an owner's finalizers: what a story is killed at.
bool writes_what_counts(const Terms& terms, const Write& write);
/// The claim is this instance's, and for the place where the object is.
bool is_for_its_place(const Terms& terms, const Json& claim, const Json& object);
/// It carries this instance's claim for its own place.
bool is_ours(const Terms& terms, const Json& object);

}  // namespace moontide::proof

// Which notices become Events: the same one once, no object too loud. Pure; time is given.
#pragma once

#include "base/clock.hpp"
#include "status/events.hpp"

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <tuple>

namespace moontide::status {

/// An Event that is to be written.
struct Draft {
    enum class Write { create, raise };
    Write write = Write::create;
    Notice notice;      ///< as it was last told
    std::string place;  ///< the Event's namespace: the object's, "default" for an object without one
    std::string name;   ///< of the Event
    std::uint64_t count = 1;
    WallTime first;
    WallTime last;
};

/// Remembers what was told. Of a draft that judge() gave it hears once what became of it: written(), gone() or
/// failed(). One thread.
class Ledger {
public:
    static constexpr Milliseconds again_after{600'000};
    static constexpr unsigned burst = 25;
    static constexpr Milliseconds one_more_after{300'000};

    /// `most` notices, and as many objects, are remembered; the ones not told of for longest are forgotten first.
    explicit Ledger(std::size_t most = 4'096) : most_(most) {}

    /// Nothing where the notice is the same as one told lately, or its object has had its share.
    std::optional<Draft> judge(Notice notice, Instant now, WallTime wall);
    void written(const Draft& draft, Instant now);
    /// The Event that was to be raised is not there any more (the server forgets them after an hour): a new one.
    std::optional<Draft> gone(const Draft& draft, WallTime wall);
    /// Not written: the next notice of its kind begins anew.
    void failed(const Draft& draft);

private:
    using ObjectKey = std::pair<kube::Ref, std::string>;
    using NoticeKey = std::tuple<kube::Ref, std::string, Notice::Type, std::string, std::string>;

    struct Entry {
        enum class State { writing, written };
        State state = State::writing;
        std::string event;
        std::uint64_t count = 1;
        WallTime first;
        Instant sent{};
        std::list<NoticeKey>::iterator told;
    };
    struct Share {
        double left = burst;
        Instant counted;
        std::list<ObjectKey>::iterator told;
    };

    static NoticeKey key_of(const Notice& notice);
    bool take_share(const Notice& notice, Instant now);
    std::string event_name(const Notice& notice, WallTime wall);
    Draft draft(Draft::Write write, const Entry& entry, Notice notice, WallTime wall) const;

    std::size_t most_;
    std::map<NoticeKey, Entry> entries_;
    std::map<ObjectKey, Share> shares_;
    std::list<NoticeKey> notices_by_age_;  ///< the one told of last at the end
    std::list<ObjectKey> objects_by_age_;
    std::uint64_t made_ = 0;
};

/// At most `most` bytes, cut between two characters and marked with "...".
std::string cut(std::string text, std::size_t most);

}  // namespace moontide::status

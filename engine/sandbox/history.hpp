// What happened at an API server, in order: requests, what they changed, answers, and remarks of whoever looks on.
#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "sandbox/status.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace moontide::sandbox {

using RequestId = std::uint64_t;  ///< from 1 in each history; 0 is nobody's request

/// A request came in.
struct Asked {
    RequestId id = 0;
    std::string client;            ///< its user agent
    std::uint64_t connection = 0;  ///< its number
    std::string verb;              ///< get, list, watch, create, update, patch, delete, deletecollection
    std::string resource;          ///< with its subresource: "pods/status"; empty where the path is of none
    std::string namespace_name;
    std::string name;
    std::string path;  ///< with the query
    std::string body;  ///< of a request that writes

    bool writes() const { return verb != "get" && verb != "list" && verb != "watch"; }
};

/// An answer was made. It is not delivered where a fault kept it back or the client had gone.
struct Answered {
    RequestId id = 0;
    int status = 0;  ///< 0: none was made
    bool delivered = true;
    std::string fault;  ///< the fault's word; empty where the request was let alone
    std::string why;    ///< the message of a refusal
};

/// An object changed.
struct Changed {
    enum class What { added, modified, deleted };
    RequestId by = 0;  ///< 0: the server itself, or what was there at the begin
    What what = What::added;
    std::uint64_t version = 0;
    std::string resource;
    std::string namespace_name;
    std::string name;
    /// As it is now; of a deleted one its last state, under the deletion's version.
    std::shared_ptr<const std::string> object;
    /// As it was before; null where it was not there.
    std::shared_ptr<const std::string> before;
};

/// A remark: "run started", "settled", a line of a log. The fields are what the remark needs.
struct Noted {
    std::string what;
    Json fields = Json::object();
};

struct Entry {
    std::uint64_t number = 0;  ///< from 1
    Milliseconds at{0};        ///< since the history began
    std::variant<Asked, Answered, Changed, Noted> what;
};

/// As one line of JSON, objects whole, the state before as uid and resourceVersion.
std::string line_of(const Entry& entry);

/// Any thread.
class History {
public:
    explicit History(const Clock& clock = system_clock()) : clock_(clock), begin_(clock.now()) {}

    RequestId next_request();
    void add(Asked asked) { keep(std::move(asked)); }
    void add(Answered answered) { keep(std::move(answered)); }
    void add(Changed changed) { keep(std::move(changed)); }
    void note(std::string what, Json fields = Json::object()) { keep(Noted{std::move(what), std::move(fields)}); }

    std::vector<Entry> entries() const;
    std::size_t size() const;
    /// All entries as JSON lines.
    std::string lines() const;
    /// Called with each entry from now on, in order, under the history's lock.
    void on_entry(std::function<void(const Entry&)> told);

private:
    struct Kept {
        std::vector<Entry> entries;
        RequestId last_request = 0;
        std::function<void(const Entry&)> told;
    };

    void keep(decltype(Entry::what) what);

    const Clock& clock_;
    const Instant begin_;
    Guarded<Kept> kept_;
};

}  // namespace moontide::sandbox

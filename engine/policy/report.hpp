// What an owner's pass came to: `on.report` of a policy's `status`, and what the conditions are made from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace moontide::policy {

/// Of an owner, over all that it asks for. A value; made by status::Gathering, filled up by who knows the owner.
/// Times are RFC 3339 with whole seconds.
struct Report {
    /// A copy that is not as it should be.
    struct Failure {
        std::string namespace_name;
        std::string kind;
        std::string name;
        std::string reason;   ///< CamelCase: AlreadyExists, NamespaceNotFound, HeldByOther, Forbidden, EvaluationFailed
        std::string message;  ///< names what failed: key, path, holder

        auto operator<=>(const Failure&) const = default;
    };
    struct Source {
        std::string namespace_name;
        std::string name;
        std::vector<std::string> synced;     ///< namespaces, sorted
        std::optional<std::string> changed;  ///< when a copy of it was last written; nothing: not known here

        bool operator==(const Source&) const = default;
    };
    /// The records of the copies in a database, where the policy has a `store` and the owner asks for it.
    struct Store {
        bool connected = false;
        std::optional<std::string> last_sync_time = {};
        std::string reason = {};  ///< CamelCase, of DatabaseReady: Connected, SecretNotFound, ConnectionFailed
        std::string message = {};

        bool operator==(const Store&) const = default;
    };
    /// How far the pass is.
    enum class Phase {
        settled,   ///< nothing more is under way
        working,   ///< caches are filled, or steps are on their way
        deleting,  ///< the owner is being deleted, and its copies with it
    };

    static constexpr std::size_t most_failures = 20;

    Phase phase = Phase::settled;
    std::int64_t generation = 0;         ///< the owner's, that was worked through
    std::size_t wanted = 0;              ///< copies: synced, failed and pending ones
    std::size_t pending = 0;             ///< copies on their way
    std::size_t failed_copies = 0;       ///< all of them, where `failures` has the first
    std::vector<std::string> synced;     ///< namespaces where every copy is as it should be, sorted
    std::vector<std::string> failed;     ///< namespaces where one is not, sorted
    std::vector<Failure> failures;       ///< the first ones, by namespace, kind and name
    std::vector<std::string> waiting;    ///< what is awaited, in words: "ConfigMap infra/ca does not exist"
    std::vector<std::string> missing;    ///< of these, the sources that the owner names
    std::string error;                   ///< of the policy or the owner's fields: nothing but a change of these helps
    std::vector<Source> sources;         ///< by namespace and name
    std::vector<std::string> holders;    ///< who has copies that this owner waits for, sorted
    std::optional<std::string> changed;  ///< the end of the last pass that wrote a copy; nothing: not known here
    std::optional<Store> store;
    std::string revision;  ///< of a git source

    bool operator==(const Report&) const = default;
};

/// As policies read it: wanted, synced, failed, failures, waiting, sources, changed, store, revision, and error.
nlohmann::json to_json(const Report& report);

}  // namespace moontide::policy

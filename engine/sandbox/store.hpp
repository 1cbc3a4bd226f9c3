// The objects, one version for all of them, and the last events. List and watch read the same state, so there is no
// gap between them.
#pragma once

#include "sandbox/kinds.hpp"
#include "sandbox/status.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace moontide::sandbox {

using Version = std::uint64_t;
using TextPairs = std::vector<std::pair<std::string, std::string>>;

/// One state of one object. Immutable; serialised once, so that lists are made of texts.
struct Record {
    const KindRow* kind = nullptr;
    std::string namespace_name;
    std::string name;
    std::string uid;
    Version version = 0;
    bool terminating = false;
    TextPairs labels;
    TextPairs fields;                 ///< what field selectors may ask for beside name and namespace
    std::vector<std::string> owners;  ///< uids
    std::vector<std::string> finalizers;
    /// The object without kind, apiVersion and the opening brace: `"metadata":{...},"data":{...}}`; its fields have the
    /// names of the stored version.
    std::string text;
    std::size_t metadata_size = 0;  ///< of `"metadata":{...}` at the text's begin

    Json tree() const { return tree(*kind); }     ///< the object whole
    Json tree(const KindRow& as) const;           ///< the same in another version of its resource
    Json stored() const;                          ///< without kind and apiVersion, its fields named as they are stored
    std::string object(const KindRow& as) const;  ///< as text, whole
    std::string item(const KindRow& as) const;    ///< as lists have it
    std::string metadata_object() const;          ///< as PartialObjectMetadata
};
using RecordPtr = std::shared_ptr<const Record>;

/// Reads a whole object; its metadata.resourceVersion becomes `version`, none where that is 0 (a dry run's).
RecordPtr make_record(const KindRow& kind, Json object, Version version);

/// What happened at one version. A deleted object's `after` is its last state at the deletion's version.
struct Event {
    enum class Type { added, modified, deleted };
    Version version = 0;
    Type type = Type::added;
    RecordPtr before;
    RecordPtr after;

    const KindRow* kind() const { return after->kind; }
};

/// Kind, namespace, name: the order of lists.
using Key = std::tuple<std::size_t, std::string, std::string>;

/// Used by one thread.
class Store {
public:
    /// Keeps the last `ring_size` events; older versions can be neither watched from nor listed.
    explicit Store(std::size_t ring_size) : ring_size_(ring_size) {}

    Version version() const { return version_; }
    /// Watches and lists of this version and later ones are served.
    Version oldest() const { return oldest_; }

    RecordPtr find(const KindRow& kind, std::string_view namespace_name, std::string_view name) const;
    /// In key order; of all namespaces where `namespace_name` is empty.
    std::vector<RecordPtr> list(const KindRow& kind, std::string_view namespace_name) const;
    /// The same as it was at `version`, which is not older than oldest().
    std::vector<RecordPtr> list_at(const KindRow& kind, std::string_view namespace_name, Version version) const;
    bool has_any(const KindRow& kind, std::string_view namespace_name) const;
    std::size_t size() const { return objects_.size(); }

    /// Stores the object under the next version.
    RecordPtr put(const KindRow& kind, Json object);
    /// Removes it; gives back its last state under the deletion's version.
    RecordPtr erase(const RecordPtr& record);

    /// The event of that version; oldest() < version <= version().
    const Event& event(Version version) const { return ring_[static_cast<std::size_t>(version - oldest_ - 1)]; }
    /// Forgets all events, as a compaction does.
    void compact();
    /// Called with each event from now on.
    void on_event(std::function<void(const Event&)> told) { told_ = std::move(told); }

private:
    void keep(Event event);

    std::size_t ring_size_;
    Version version_ = 1;
    Version oldest_ = 1;
    std::map<Key, RecordPtr> objects_;
    std::deque<Event> ring_;
    std::function<void(const Event&)> told_;
};

}  // namespace moontide::sandbox

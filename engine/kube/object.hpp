// An API object as Moontide keeps it: its JSON text and what is asked of it again and again.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moontide::kube {

/// Compared as a number: within one server a later change has a higher one.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
using ResourceVersion = std::uint64_t;

/// Names and values in the order of the text.
using TextMap = std::vector<std::pair<std::string_view, std::string_view>>;

/// The value of `key`, or null.
const std::string_view* find(const TextMap& map, std::string_view key);

/// What matching and ordering read of an object. The views live until the Reader's next read. The annotation
/// kubectl.kubernetes.io/last-applied-configuration is not among the annotations, as it is not in an Object.
struct Metadata {
    std::string_view namespace_name;
    std::string_view name;
    std::string_view uid;
    ResourceVersion resource_version = 0;  ///< 0 where the text has none
    std::string_view creation_timestamp;   ///< RFC 3339
    std::string_view deletion_timestamp;   ///< empty while it is not being deleted
    TextMap labels;
    TextMap annotations;
    std::vector<std::string_view> owner_uids;  ///< of the owner references
    bool has_finalizers = false;
    bool has_owner_references = false;
    bool typed = false;  ///< the text has apiVersion and kind; items of a typed list do not
};

/// The decimal text of a resourceVersion; "" and "0" and whatever else a client cannot order are errors.
Result<ResourceVersion> parse_resource_version(std::string_view text);

/// Parses without building a tree. One a thread; each read invalidates the views of the one before.
class Reader {
public:
    Reader();
    ~Reader();
    Reader(Reader&&) noexcept;
    Reader& operator=(Reader&&) noexcept;

    /// Of one object's JSON text. Fails on text that is no object, nests deeper than 128 or has no metadata.name.
    Result<Metadata> metadata(std::string_view json);
    /// The text without metadata.managedFields and the annotation kubectl.kubernetes.io/last-applied-configuration;
    /// every other byte of every value stays as it was (integers beyond 2^53, unknown fields).
    Result<std::string> slim(std::string_view json);

private:
    friend class Object;
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

/// Immutable; shared by every thread. `json` is what Reader::slim leaves. Exists as what read() returns alone: the
/// text stands behind the object in one allocation.
class Object {
public:
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;

    /// From a text that the reader accepts; the text is slimmed on the way.
    static Result<std::shared_ptr<const Object>> read(Reader& reader, std::string_view json);

    /// Objects out of a list lack apiVersion and kind, as the server leaves them out there.
    std::string_view json() const { return {text(), json_size_}; }
    std::string_view namespace_name() const { return view(namespace_name_); }
    std::string_view name() const { return view(name_); }
    std::string_view uid() const { return view(uid_); }
    ResourceVersion resource_version() const { return resource_version_; }
    /// RFC 3339, so that texts compare as times do.
    std::string_view creation_timestamp() const { return view(creation_timestamp_); }
    bool terminating() const { return terminating_; }

private:
    struct Span {
        std::uint32_t begin = 0;
        std::uint32_t size = 0;
    };
    Object() = default;
    /// The JSON text, and behind it the names that are written with escapes in it, without them.
    const char* text() const { return reinterpret_cast<const char*>(this) + sizeof(Object); }
    std::string_view view(Span span) const { return {text() + span.begin, span.size}; }

    ResourceVersion resource_version_ = 0;
    Span namespace_name_;
    Span name_;
    Span uid_;
    Span creation_timestamp_;
    std::uint32_t json_size_ = 0;
    bool terminating_ = false;
};

using ObjectPtr = std::shared_ptr<const Object>;

}  // namespace moontide::kube

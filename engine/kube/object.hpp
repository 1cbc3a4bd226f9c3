// An API object as Moontide keeps it: its JSON text and what is asked of it again and again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace moontide::kube {

/// Compared as a number: within one server a later change has a higher one.
/// https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions
using ResourceVersion = std::uint64_t;

/// Names and values in the order of the text.
using TextMap = std::vector<std::pair<std::string_view, std::string_view>>;

/// The value of `key`, or null.
const std::string_view* find(const TextMap& map, std::string_view key);

/// What matching and ordering read of an object. The views live as long as the text that they were read from and
/// the Reader's next read.
struct Metadata {
    std::string_view namespace_name;
    std::string_view name;
    std::string_view uid;
    ResourceVersion resource_version = 0;
    std::string_view creation_timestamp;  ///< RFC 3339
    std::string_view deletion_timestamp;  ///< empty while it is not being deleted
    TextMap labels;
    TextMap annotations;
    bool has_finalizers = false;
    bool has_owner_references = false;
};

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
    struct Implementation;
    std::unique_ptr<Implementation> self_;
};

/// Immutable; shared by every thread. `json` is what Reader::slim leaves.
class Object {
public:
    /// From a text that the reader accepts; the text is slimmed on the way.
    static Result<std::shared_ptr<const Object>> read(Reader& reader, std::string_view json);

    std::string_view json() const { return json_; }
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
    std::string_view view(Span span) const { return std::string_view(json_).substr(span.begin, span.size); }

    std::string json_;
    ResourceVersion resource_version_ = 0;
    Span namespace_name_;
    Span name_;
    Span uid_;
    Span creation_timestamp_;
    bool terminating_ = false;
};

using ObjectPtr = std::shared_ptr<const Object>;

}  // namespace moontide::kube

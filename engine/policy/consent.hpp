// The slot `consent`: a source allows namespaces, and a namespace allows the source's.
#pragma once

#include "base/result.hpp"
#include "kube/object.hpp"

#include <string>
#include <string_view>

namespace moontide::policy {

inline constexpr std::string_view allow_to = "moontide.dev/allow-to";      ///< on a source
inline constexpr std::string_view allow_from = "moontide.dev/allow-from";  ///< on a Namespace

/// What one side of a consent says: names or globs, comma-separated. Immutable.
class Consent {
public:
    Consent() = default;  ///< allows nothing
    /// Of the annotation `key` on the object, whose metadata the reader reads.
    static Result<Consent> read(kube::Reader& reader, const kube::Object& object, std::string_view key);

    bool allows(std::string_view namespace_name) const;
    /// Allows it by its very name, so that somebody means this one and waits for it.
    bool names(std::string_view namespace_name) const;

private:
    std::string list_;
};

}  // namespace moontide::policy

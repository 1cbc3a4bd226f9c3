// Objects for the cache's tests, written as the server writes them.
#pragma once

#include "kube/object.hpp"
#include "kube/resource.hpp"

#include <string>

#include <fmt/format.h>

namespace moontide::cache {

inline const kube::Kind config_map_kind{"v1", "ConfigMap"};

/// `more` goes into metadata: `,"labels":{...}`.
inline std::string json(std::string_view namespace_name, std::string_view name, kube::ResourceVersion version,
                        std::string_view more = {}) {
    return fmt::format(R"({{"metadata":{{"name":"{}","namespace":"{}","uid":"u-{}","resourceVersion":"{}"{}}}}})", name,
                       namespace_name, name, version, more);
}

inline std::string labelled(std::string_view key, std::string_view value) {
    return fmt::format(R"(,"labels":{{"{}":"{}"}})", key, value);
}

inline kube::ObjectPtr object(const std::string& text) {
    static kube::Reader reader;
    return *kube::Object::read(reader, text);
}

}  // namespace moontide::cache

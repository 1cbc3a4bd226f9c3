// What a right copy looks like, and in which words a wrong one is told.
#pragma once

#include "mirror.hpp"

#include <string>

namespace moontide::test {

inline constexpr const char* PREFIX = "flux-extension.nrfcloud.com/";
inline constexpr const char* SOURCE_MARK = "flux-extension.nrfcloud.com/sync-configmap";
inline constexpr const char* TARGET_MARK = "flux-extension.nrfcloud.com/sync-target";
inline constexpr const char* COPY_MARK = "flux-extension.nrfcloud.com/sync-source";
inline constexpr const char* CLAIM = "moontide.dev/claim";
inline constexpr const char* INSTANCE = "moontide.dev/instance";
inline constexpr const char* OWNER = "moontide.dev/owner";
inline constexpr const char* MANAGED_BY = "app.kubernetes.io/managed-by";

/// One line for each path at which the two differ; nothing where they are equal. Long values are cut.
std::string difference(const Json& want, const Json& got);

/// What annotation-sync makes of a source, as far as it can be said beforehand.
struct CopyOf {
    Json source;  ///< as the server has it
    std::string instance;
    Json others = Json::object();  ///< labels and annotations that somebody else put on the copy
};

/// What is wrong with the object in the copy's place, its claim's text aside; nothing where it is right.
std::string complaint_about(const Json* got, const CopyOf& want);

/// The data alone: for copies of other policies.
std::string complaint_about_data(const Json* got, const Json& want_data);

}  // namespace moontide::test

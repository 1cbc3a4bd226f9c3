// What should be there, said by what users did alone.
#pragma once

#include "api.hpp"
#include "terms.hpp"

#include <map>
#include <set>
#include <string>

namespace moontide::plans {

using sandbox::Json;
using Seen = std::map<kube::Ref, Json>;

/// What users have given, as the server's answers to them say.
struct Given {
    std::map<std::string, bool> spaces;   ///< by the server's name: whether it asks for copies
    std::map<std::string, Json> sources;  ///< ConfigMaps among the sources, marked or not
    Seen foreign;                         ///< somebody's objects in the spaces
    /// Objects with the policy's mark and no claim of ours: taken over where a copy belongs, let alone elsewhere, gone
    /// where their source is.
    Seen marked;
    std::set<std::string> gone;  ///< uids that must not be there any more

    /// The object that a user has made or changed in a space, which may have been a copy.
    void put(const Json& object, const proof::Terms& terms, bool is_taken);
    void drop(const kube::Ref& place);
    void drop_space(const std::string& name);
};

/// The copies that should be there, and of which source.
std::map<kube::Ref, const Json*> wanted(const Given& given);

/// What is not as it should be; empty where all is.
std::string complaint(const Given& given, const Seen& seen, const proof::Terms& terms);

}  // namespace moontide::plans

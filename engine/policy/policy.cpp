#include "policy/policy.hpp"

namespace moontide::policy {

void Roots::add(const Roots& other) {
    owner = owner || other.owner;
    source = source || other.source;
    namespace_object = namespace_object || other.namespace_object;
    target = target || other.target;
    with = with || other.with;
}

Writes Shape::writes_for(const kube::Kind& kind) const {
    if (writes) return *writes;
    const bool of_text = kind.api_version == "v1" && (kind.kind == "ConfigMap" || kind.kind == "Secret");
    return of_text ? Writes::whole : Writes::fields;
}

}  // namespace moontide::policy

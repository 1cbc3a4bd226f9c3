// Orders and the wish that they carry, for the tests of this room.
#pragma once

#include "apply/order.hpp"
#include "apply/verbs.hpp"

#include <memory>
#include <string>
#include <utility>

namespace moontide::apply {

inline const kube::Resource config_maps{{"v1", "ConfigMap"}, "configmaps", true, false};
inline const std::string source_uid = "a1a2a3a4-b1b2-4c1c-8d1d-e1e2e3e4e5e6";
inline const plan::Uid some_uid = *plan::Uid::parse("11111111-2222-4333-8444-555555555555");
inline const Signature signature{"moontide", "c0c1c2c3-0000-4000-8000-000000000000"};

inline std::shared_ptr<plan::Wish> wish(const std::string& fields = R"({"data":{"a":"1"}})") {
    auto content = std::make_shared<policy::Content>();
    content->kind = config_maps.kind;
    content->fields = fields;
    content->labels = {{"app", "x"}};
    content->annotations = {{"example.com/source", "flux-system/shared"}};
    auto out = std::make_shared<plan::Wish>();
    out->unit = 1;
    out->bond.policy = "annotation-sync";
    out->bond.source = {config_maps.kind, "flux-system", "shared"};
    out->bond.source_uid = source_uid;
    out->content = content;
    out->hash = plan::wanted_hash(*content, out->bond, {}).value();
    return out;
}

inline Order order(plan::Step step, std::shared_ptr<const plan::Wish> with = wish(), plan::UnitId unit = 1) {
    Order out;
    out.step = std::move(step);
    out.wish = std::move(with);
    out.unit = unit;
    return out;
}

/// "apps/shared" as a target of a test: names 1 and 2.
inline constexpr plan::TargetKey target{1, 2, 0};
inline const Address address{config_maps, "apps", "shared"};

}  // namespace moontide::apply

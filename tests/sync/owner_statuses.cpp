#include "owner_statuses.hpp"

namespace moontide::test {

Json status_of(World& world, const kube::Ref& owner) {
    const auto object = world.api.find(owner);
    return object ? object->value("status", Json::object()) : Json::object();
}

Json condition_of(const Json& status, const std::string& type) {
    for (const auto& one : status.value("conditions", Json::array())) {
        if (one.value("type", "") == type) return one;
    }
    return Json::object();
}

Json await_status(World& world, const kube::Ref& owner, const std::string& what,
                  const std::function<bool(const Json&)>& holds, Where where) {
    Json status;
    world.await(
        owner.text() + " is told " + what,
        [&](const Objects&) {
            status = status_of(world, owner);
            return holds(status) ? std::string() : status.dump();
        },
        where);
    return status;
}

Json await_condition(World& world, const kube::Ref& owner, const std::string& type, const Json& fields, Where where) {
    return await_status(
        world, owner, type,
        [&](const Json& status) {
            const auto there = condition_of(status, type);
            for (const auto& [name, value] : fields.items()) {
                if (there.value(name, Json()) != value) return false;
            }
            return true;
        },
        where);
}

Json await_ready(World& world, const kube::Ref& owner, const std::string& reason, Where where) {
    return await_condition(world, owner, "Ready",
                           {{"status", reason == "SyncSuccessful" ? "True" : "False"}, {"reason", reason}}, where);
}

std::int64_t generation_of(World& world, const kube::Ref& owner) {
    return world.api.get(owner)["metadata"]["generation"];
}

Json await_observed(World& world, const kube::Ref& owner, const std::string& reason, Where where) {
    const auto generation = generation_of(world, owner);
    return await_status(
        world, owner, reason + " of generation " + std::to_string(generation),
        [&](const Json& status) {
            return status.value("observedGeneration", std::int64_t{0}) == generation &&
                   condition_of(status, "Ready").value("reason", "") == reason;
        },
        where);
}

}  // namespace moontide::test

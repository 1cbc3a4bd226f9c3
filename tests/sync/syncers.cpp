#include "syncers.hpp"

#include "owner_statuses.hpp"
#include "policies.hpp"

namespace moontide::test {

Syncers::Syncers() : setup{.policies = {shipped_policy("configmap-syncer")}} {}

Json Syncers::spec(const Json& more) const {
    return merged({{"sourceNamespace", world.sources()}, {"sourceConfigMap", "app"}}, more);
}

void Syncers::expect(const kube::Ref& ref, const Json& data, const std::string& syncer, Where where) {
    world.await(
        "the copy " + ref.text(),
        [&](const Objects& objects) -> std::string {
            const auto* object = objects.find(ref);
            auto complaint = complaint_about_data(object, data);
            if (!complaint.empty()) return complaint;
            const auto labels = labels_of(*object);
            if (labels.value("synced-by", "") != syncer || labels.value("synced-from", "") != world.sources())
                return "its labels are " + labels.dump();
            return {};
        },
        where);
}

std::string Syncers::message(const std::string& syncer) {
    return condition_of(status_of(world, syncers.ref(syncer)), "Ready").value("message", "");
}

}  // namespace moontide::test

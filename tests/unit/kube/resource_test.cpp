#include "kube/resource.hpp"

#include <catch2/catch.hpp>

using namespace moontide::kube;

TEST_CASE("paths are those of the API") {
    const auto maps = *well_known({"v1", "ConfigMap"});
    const auto leases = *well_known({"coordination.k8s.io/v1", "Lease"});
    const auto namespaces = *well_known({"v1", "Namespace"});
    CHECK(path(maps, "") == "/api/v1/configmaps");
    CHECK(path(maps, "a") == "/api/v1/namespaces/a/configmaps");
    CHECK(path(maps, "a", "b") == "/api/v1/namespaces/a/configmaps/b");
    CHECK(path(leases, "a", "b") == "/apis/coordination.k8s.io/v1/namespaces/a/leases/b");
    CHECK(path(namespaces, "") == "/api/v1/namespaces");
    CHECK(path(namespaces, "", "a") == "/api/v1/namespaces/a");
    CHECK(path({{"rbac.authorization.k8s.io/v1", "Role"}, "roles"}, "a", "system:x/y") ==
          "/apis/rbac.authorization.k8s.io/v1/namespaces/a/roles/system%3Ax%2Fy");
}

TEST_CASE("percent-encoding leaves the unreserved characters") {
    CHECK(percent_encoded("aZ09-._~") == "aZ09-._~");
    CHECK(percent_encoded("a=b,c in (d)&\xc3\xa4") == "a%3Db%2Cc%20in%20%28d%29%26%C3%A4");
}

TEST_CASE("kinds know their group and version") {
    const Kind deployment{"apps/v1", "Deployment"};
    CHECK(deployment.group() == "apps");
    CHECK(deployment.version() == "v1");
    const Kind map{"v1", "ConfigMap"};
    CHECK(map.group().empty());
    CHECK(map.version() == "v1");
}

TEST_CASE("the kinds of Kubernetes itself need no apiVersion") {
    CHECK(own_api_version("ConfigMap") == "v1");
    CHECK(own_api_version("Deployment") == "apps/v1");
    CHECK(own_api_version("Lease") == "coordination.k8s.io/v1");
    CHECK(own_api_version("APIService") == "apiregistration.k8s.io/v1");
    CHECK(own_api_version("VolumeAttributesClass") == "storage.k8s.io/v1");
    CHECK_FALSE(own_api_version("ConfigMapSyncer"));
    CHECK_FALSE(own_api_version("configmap"));
    CHECK_FALSE(own_api_version(""));
}

TEST_CASE("only the version that is known is well known") {
    CHECK(well_known({"v1", "Pod"})->has_status);
    CHECK_FALSE(well_known({"v1", "Namespace"})->namespaced);
    CHECK_FALSE(well_known({"v2", "ConfigMap"}));
    CHECK_FALSE(well_known({"events.k8s.io/v1", "Event"}));
}

TEST_CASE("a reference reads as people write it") {
    CHECK(Ref{{"v1", "ConfigMap"}, "flux-system", "shared"}.text() == "ConfigMap flux-system/shared");
    CHECK(Ref{{"v1", "Namespace"}, "", "blue"}.text() == "Namespace blue");
}

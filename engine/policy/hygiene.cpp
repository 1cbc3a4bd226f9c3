#include "policy/hygiene.hpp"

#include <algorithm>
#include <array>

namespace moontide::policy {
namespace {

constexpr std::array<std::string_view, 7> keys = {
    // https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/: what kubectl apply prunes by.
    "kubectl.kubernetes.io/last-applied-configuration",
    // https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/: the default tracking label.
    "app.kubernetes.io/instance",
    // https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/: "Helm" here makes Helm the
    // owner (https://helm.sh/docs/topics/charts_hooks/ and `helm upgrade --take-ownership`).
    "app.kubernetes.io/managed-by",
    // https://kubernetes.io/docs/reference/labels-annotations-taints/#applyset-kubernetes-io-part-of
    "applyset.kubernetes.io/part-of",
    // https://github.com/kubernetes-sigs/cli-utils: the inventory that prunes by it.
    "config.k8s.io/owning-inventory",
    // https://carvel.dev/kapp/docs/latest/config/: the app and the association that kapp deletes by.
    "kapp.k14s.io/app",
    "kapp.k14s.io/association",
};

/// Of the part before the slash: it or a domain below it.
constexpr std::array<std::string_view, 7> domains = {
    // https://helm.sh/docs/topics/charts/: meta.helm.sh/release-name, helm.sh/chart, helm.sh/resource-policy.
    "helm.sh",
    // https://argo-cd.readthedocs.io/en/stable/user-guide/annotations-and-labels/: tracking-id, hooks, sync waves.
    "argoproj.io",
    // https://fluxcd.io/flux/components/kustomize/kustomizations/#garbage-collection: kustomize.toolkit.fluxcd.io/name.
    "fluxcd.io",
    // https://fleet.rancher.io: objectset.rio.cattle.io/hash, owner and id.
    "objectset.rio.cattle.io",
    // https://projectsveltos.io: which ClusterProfile deployed an object.
    "projectsveltos.io",
    // https://karmada.io/docs/: the propagation policy that holds an object.
    "karmada.io",
    "moontide.dev",
};

}  // namespace

bool is_tracking_mark(std::string_view key) {
    if (std::ranges::find(keys, key) != keys.end()) return true;
    const std::size_t slash = key.find('/');
    if (slash == std::string_view::npos) return false;
    const std::string_view domain = key.substr(0, slash);
    return std::ranges::any_of(domains, [&](std::string_view known) {
        return domain == known || (domain.ends_with(known) && domain[domain.size() - known.size() - 1] == '.');
    });
}

}  // namespace moontide::policy

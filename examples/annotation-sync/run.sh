#!/usr/bin/env bash
# The story of README.md on the cluster that KUBECONFIG names, each step checked; what it made is removed at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
namespaces=(flux-system production staging app-frontend app-backend monitoring)
# shellcheck source=../story.sh
source "$here/../story.sh"
prefix=flux-extension.nrfcloud.com

# Where copies are: "production/shared-config ...", sorted.
copies() {
    local format="{range .items[?(@.metadata.annotations.flux-extension\\.nrfcloud\\.com/sync-source)]}"
    format+="{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}"
    "$kubectl" get configmaps -A -o "jsonpath=$format" | sort | xargs
}

"$kubectl" apply -f "$here/namespaces.yaml" -f "$here/sources.yaml"
run_policy annotation-sync

expect "both marked ConfigMaps are in the four target namespaces" \
    "app-backend/app-settings app-backend/shared-config app-frontend/app-settings app-frontend/shared-config production/app-settings production/shared-config staging/app-settings staging/shared-config" \
    copies
expect "a copy has the content of its source" db.example.com value production shared-config database.host
expect "a copy names its source" flux-system/shared-config \
    "$kubectl" get configmap shared-config -n production -o "jsonpath={.metadata.annotations.${prefix//./\\.}/sync-source}"

"$kubectl" patch configmap shared-config -n flux-system --type merge -p '{"data":{"log.level":"debug"}}'
expect "an update goes to the copies" debug value staging shared-config log.level

"$kubectl" patch configmap shared-config -n production --type merge -p '{"data":{"database.host":"localhost"}}'
expect "an edited copy is put right" db.example.com value production shared-config database.host

"$kubectl" delete configmap app-settings -n app-backend
expect "a deleted copy comes back" 30s value app-backend app-settings timeout

"$kubectl" annotate namespace monitoring "$prefix/sync-target=true"
expect "a namespace that opts in is served" debug value monitoring shared-config log.level

"$kubectl" annotate namespace staging "$prefix/sync-target-"
expect "a namespace that opts out is cleaned" \
    "app-backend/app-settings app-backend/shared-config app-frontend/app-settings app-frontend/shared-config monitoring/app-settings monitoring/shared-config production/app-settings production/shared-config" \
    copies

"$kubectl" delete configmap app-settings -n flux-system
expect "with the source go its copies" \
    "app-backend/shared-config app-frontend/shared-config monitoring/shared-config production/shared-config" \
    copies
expect "what carries no mark stays where it is" value value flux-system internal-config internal.key
echo "the story came true"

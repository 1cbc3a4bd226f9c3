#!/usr/bin/env bash
# The story of README.md on the cluster that KUBECONFIG names, each step checked; what it made is removed at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
namespaces=(syncer-demo dev staging prod team-blue)
# shellcheck source=../story.sh
source "$here/../story.sh"

install_definitions
"$kubectl" apply -f "$here/namespaces.yaml" -f "$here/sources.yaml" -f "$here/syncers.yaml"
run_policy configmap-syncer

status() { field configmapsyncer syncer-demo configmapsyncer-sample "$1"; }

for namespace in dev staging prod; do
    expect "the ConfigMap is in $namespace" db.example.com value "$namespace" app-config database.host
done
expect "a copy names its syncer" "configmapsyncer-sample syncer-demo" \
    "$kubectl" get configmap app-config -n dev -o "jsonpath={.metadata.labels.synced-by} {.metadata.labels.synced-from}"
expect "the syncer says where copies are" '["dev","prod","staging"]' status .status.syncedNamespaces
expect "and that all is well" "True SyncSuccessful" \
    status '.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].reason'
expect "a Secret goes along with its type" kubernetes.io/basic-auth field secret dev registry .type

"$kubectl" patch configmap app-config -n syncer-demo --type merge -p '{"data":{"new-key":"new-value"}}'
expect "an update goes to the copies" new-value value dev app-config new-key

"$kubectl" label namespace team-blue team=blue
expect "a namespace is served as soon as it has the label" db.example.com value team-blue app-config database.host
expect "with the keys that were asked for" "" value team-blue app-config new-key

"$kubectl" delete configmap app-config -n staging
expect "a deleted copy comes back" 5432 value staging app-config database.port

"$kubectl" patch configmapsyncer configmapsyncer-sample -n syncer-demo --type merge \
    -p '{"spec":{"targetNamespaces":["dev","prod","nowhere"]}}'
expect "a namespace off the list is cleaned" no is_there configmap staging app-config
expect "one that does not exist is told" '["nowhere"] SyncPartiallyFailed' \
    status '.status.failedNamespaces} {.status.conditions[?(@.type=="Ready")].reason'

"$kubectl" create configmap app-config -n staging --from-literal=mine=yes
"$kubectl" patch configmapsyncer configmapsyncer-sample -n syncer-demo --type merge \
    -p '{"spec":{"targetNamespaces":["dev","staging","prod"]}}'
expect "what is somebody else's is left alone, and told" '["staging"]' status .status.failedNamespaces
expect "with what was in it" yes value staging app-config mine

"$kubectl" get configmapsyncers -n syncer-demo -o wide
"$kubectl" delete configmapsyncer configmapsyncer-sample -n syncer-demo --timeout=20s
expect "with the syncer go its copies" "no no" bash -c "echo \$($(declare -f is_there); kubectl='$kubectl'; is_there configmap dev app-config; is_there configmap prod app-config)"
expect "and nothing else" yes value staging app-config mine
echo "the story came true"

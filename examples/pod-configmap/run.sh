#!/usr/bin/env bash
# The story of README.md on the cluster that KUBECONFIG names, each step checked; what it made is removed at the end.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
namespaces=(my-namespace)
# shellcheck source=../story.sh
source "$here/../story.sh"
generated=pod-my-sample-pod-from-app-specific-config-cfg

# A real server makes a namespace's default ServiceAccount a moment later, and admits no pod before.
apply_pods() {
    for _ in $(seq 100); do
        if "$kubectl" apply -f "$here/pods.yaml"; then return; fi
        sleep 0.1
    done
    exit 1
}

condition() {
    field podconfigmapconfig my-namespace "$1" ".status.conditions[?(@.type==\"$2\")].$3"
}

install_definitions
"$kubectl" apply -f "$here/namespaces.yaml" -f "$here/configs.yaml"
apply_pods
run_policy pod-configmap

expect "the pod that matches has its ConfigMap" my-sample-pod value my-namespace "$generated" podName
expect "with the labels that were asked for" 1.2.3 value my-namespace "$generated" label_version
expect "and annotations" build-12345 value my-namespace "$generated" annotation_buildID
expect "and what a template makes of the pod" my-container=nginx value my-namespace "$generated" images.txt
expect "every pod has one of the config without a selector" other-pod value my-namespace pod-other-pod-from-every-pod-cfg podName
expect "a ConfigMap belongs to its pod" "Pod my-sample-pod" \
    field configmap my-namespace "$generated" '.metadata.ownerReferences[0].kind} {.metadata.ownerReferences[0].name'
expect "the config was worked through" 1 field podconfigmapconfig my-namespace app-specific-config .status.observedGeneration

"$kubectl" annotate pod my-sample-pod -n my-namespace buildID=build-12346 --overwrite
expect "the ConfigMap follows the pod" build-12346 value my-namespace "$generated" annotation_buildID

"$kubectl" label pod my-sample-pod -n my-namespace environment-
expect "a pod that matches no longer loses it" no is_there configmap my-namespace "$generated"
"$kubectl" label pod my-sample-pod -n my-namespace environment=prod
expect "and has it again" build-12346 value my-namespace "$generated" annotation_buildID

"$kubectl" patch podconfigmapconfig app-specific-config -n my-namespace --type merge \
    -p '{"spec":{"configMapDataTemplate":{"images.txt":"{{ range .spec.containers }}"}}}'
expect "a template that does not parse is told, with its key" "template: images.txt:1: unexpected EOF" \
    condition app-specific-config ErrorInTemplate message
expect "and the config is not ready" False condition app-specific-config Ready status
expect "while the ConfigMap stays as it was" my-container=nginx value my-namespace "$generated" images.txt

"$kubectl" delete podconfigmapconfig every-pod -n my-namespace
expect "with the config go its ConfigMaps" no is_there configmap my-namespace pod-other-pod-from-every-pod-cfg
"$kubectl" delete pod my-sample-pod -n my-namespace --grace-period=0 --force
expect "and with the pod" no is_there configmap my-namespace "$generated"
echo "the story came true"

#!/usr/bin/env bash
# The story of README.md on the cluster that KUBECONFIG names, each step checked; what it made is removed at the end.
# MOONTIDE names the binary (default: the release build's, else the dev build's, else the one in PATH), KUBECTL kubectl.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prefix=flux-extension.nrfcloud.com
namespaces=(flux-system production staging app-frontend app-backend monitoring)
kubectl=${KUBECTL:-kubectl}

moontide=${MOONTIDE:-}
for binary in "$root/build/release/moontide" "$root/build/dev/moontide" "$(command -v moontide || true)"; do
    [[ -z $moontide && -x $binary ]] && moontide=$binary
done
if [[ -z $moontide ]]; then
    echo "no moontide: build it with 'make build', or name one in MOONTIDE" >&2
    exit 2
fi

# Nothing of somebody else's is touched.
for namespace in "${namespaces[@]}"; do
    if "$kubectl" get namespace "$namespace" >/dev/null 2>&1; then
        echo "the namespace $namespace exists; this example needs a cluster without the namespaces of namespaces.yaml" >&2
        exit 2
    fi
done

log=$(mktemp "${TMPDIR:-/tmp}/moontide-example.XXXXXX")
engine=
finish() {
    local code=$?
    trap - EXIT
    if [[ -n $engine ]]; then
        kill "$engine" 2>/dev/null || true
        wait "$engine" 2>/dev/null || true
    fi
    "$kubectl" delete namespace "${namespaces[@]}" --ignore-not-found --wait=false >/dev/null 2>&1 || true
    if [[ $code -ne 0 ]]; then
        echo "--- the end of moontide's output:" >&2
        tail -n 40 "$log" >&2
    fi
    rm -f "$log"
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Waits until a command prints the expected text.
expect() {
    local what=$1 expected=$2 got=
    shift 2
    for _ in $(seq 100); do
        got=$("$@" 2>/dev/null || true)
        if [[ $got == "$expected" ]]; then
            printf 'ok      %s\n' "$what"
            return
        fi
        sleep 0.1
    done
    printf 'FAILED  %s\n  expected: %s\n  got:      %s\n' "$what" "$expected" "$got" >&2
    exit 1
}

# Where copies are: "production/shared-config ...", sorted.
copies() {
    local format="{range .items[?(@.metadata.annotations.flux-extension\\.nrfcloud\\.com/sync-source)]}"
    format+="{.metadata.namespace}/{.metadata.name}{\"\\n\"}{end}"
    "$kubectl" get configmaps -A -o "jsonpath=$format" | sort | xargs
}

value() {
    "$kubectl" get configmap "$2" -n "$1" -o "jsonpath={.data.${3//./\\.}}"
}

"$kubectl" apply -f "$here/namespaces.yaml" -f "$here/sources.yaml"
"$moontide" run --metrics-bind-address=0 --health-probe-bind-address=0 >"$log" 2>&1 &
engine=$!

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

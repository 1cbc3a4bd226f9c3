# shellcheck shell=bash
# Sourced by the run.sh beside each example, which sets `here` (its folder) and `namespaces` (those of its manifests).
# Finds the programs, refuses a cluster that has those namespaces, and takes all away at the end, also after a failure.
# MOONTIDE names the binary (default: the release build's, else the dev build's, else the one in PATH), KUBECTL kubectl.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
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
definitions=no

# Kinds of owners, as `moontide crds` prints them. They stay where they were there before.
install_definitions() {
    "$kubectl" get crd configmapsyncers.config.example.com >/dev/null 2>&1 || definitions=ours
    "$moontide" crds | "$kubectl" apply --server-side -f -
    "$kubectl" wait --for condition=established --timeout=20s crd configmapsyncers.config.example.com \
        configmirrors.mirror.configmirror.io podconfigmapconfigs.podconfig.example.com
}

# run_policy NAME [FLAG...]: begins an engine that runs this policy alone. MOONTIDE_KUBECONFIG: as whom.
run_policy() {
    "$moontide" run ${MOONTIDE_KUBECONFIG:+--kubeconfig "$MOONTIDE_KUBECONFIG"} --only "$1" --metrics-bind-address=0 --health-probe-bind-address=0 "${@:2}" >>"$log" 2>&1 &
    engine=$!
}

stop_engine() {
    [[ -n $engine ]] || return 0
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    engine=
}

finish() {
    local code=$?
    trap - EXIT
    stop_engine
    if [[ $definitions == ours ]]; then
        "$moontide" release annotation-sync configmap-syncer config-mirror pod-configmap --owners >/dev/null 2>&1 || true
        "$moontide" crds | "$kubectl" delete --ignore-not-found --wait=false -f - >/dev/null 2>&1 || true
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

# expect SENTENCE TEXT COMMAND...: waits until the command prints the text.
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

# value NAMESPACE NAME KEY, of a ConfigMap.
value() {
    "$kubectl" get configmap "$2" -n "$1" -o "jsonpath={.data.${3//./\\.}}"
}

# field RESOURCE NAMESPACE NAME PATH: ".status.syncedNamespaces".
field() {
    "$kubectl" get "$1" "$3" -n "$2" -o "jsonpath={$4}"
}

# is_there RESOURCE NAMESPACE NAME prints yes or no.
is_there() {
    if [[ -n $("$kubectl" get "$1" "$3" -n "$2" --ignore-not-found -o name) ]]; then echo yes; else echo no; fi
}

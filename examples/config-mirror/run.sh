#!/usr/bin/env bash
# The story of README.md on the cluster that KUBECONFIG names, each step checked; what it made is removed at the end.
# The database is a PostgreSQL of its own, where Debian's package is installed; without it its steps are left out.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
namespaces=(ops app-source configmirror-system dev staging prod)
# shellcheck source=../story.sh
source "$here/../story.sh"

database=
programs=
for folder in /usr/lib/postgresql/*/bin; do
    [[ -x $folder/initdb ]] && programs=$folder
done

# initdb and postgres do not run as root.
as_postgres() {
    if [[ $(id -u) -eq 0 ]]; then
        (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@")
    else
        "$@"
    fi
}

# On a socket in a folder of its own: nobody else can reach it.
start_database() {
    database=$(mktemp -d "${TMPDIR:-/tmp}/moontide-postgres.XXXXXX")
    if [[ $(id -u) -eq 0 ]]; then chown postgres "$database"; fi
    as_postgres "$programs/initdb" --no-sync --auth=trust --username=postgres --encoding=UTF8 --locale=C \
        --pgdata="$database/data" >/dev/null
    as_postgres "$programs/pg_ctl" -D "$database/data" -w -l "$database/log" \
        -o "-c listen_addresses='' -c unix_socket_directories='$database'" start >/dev/null
}

take_database_away() {
    if [[ -n $database ]]; then
        as_postgres "$programs/pg_ctl" -D "$database/data" -m immediate stop >/dev/null 2>&1 || true
        rm -rf "$database"
    fi
    finish
}
trap take_database_away EXIT

rows() {
    as_postgres "$programs/psql" -h "$database" -U postgres -tA \
        -c "SELECT string_agg(name || ' ' || data, ', ' ORDER BY name) FROM configmaps"
}

status() { field configmirror ops app-config-mirror "$1"; }

install_definitions
"$kubectl" apply -f "$here/namespaces.yaml" -f "$here/sources.yaml"
"$kubectl" apply -f "$here/mirror.yaml"
if [[ -n $programs ]]; then
    start_database
    "$kubectl" create secret generic rds-credentials -n configmirror-system --from-literal=host="$database" \
        --from-literal=port=5432 --from-literal=dbname=postgres --from-literal=username=postgres --from-literal=password=none
else
    echo "there is no PostgreSQL here, so the mirror goes without a database"
    "$kubectl" patch configmirror app-config-mirror -n ops --type merge -p '{"spec":{"database":{"enabled":false}}}'
fi
run_policy config-mirror

for namespace in dev staging prod; do
    expect "the ConfigMap is in $namespace" "key: value" value "$namespace" app-config config.yaml
done
expect "so is the other one that is selected" 30s value dev more-config timeout
expect "one that is not selected stays where it is" no is_there configmap dev kept-config
expect "a copy names its mirror" ops.app-config-mirror \
    "$kubectl" get configmap app-config -n dev -o 'jsonpath={.metadata.labels.mirror\.configmirror\.io/owner}'
expect "the mirror says what it replicates" "app-config more-config" status '.status.replicatedConfigMaps[*].name'
expect "and that all is well" True status '.status.conditions[?(@.type=="Ready")].status'
if [[ -n $database ]]; then
    expect "each is a row of the database" \
        'app-config {"config.yaml": "key: value\n"}, more-config {"timeout": "30s"}' rows
    expect "which the status shows" true status .status.databaseStatus.connected
fi

"$kubectl" patch configmap more-config -n app-source --type merge -p '{"data":{"timeout":"45s"}}'
expect "an update goes to the copies" 45s value prod more-config timeout
if [[ -n $database ]]; then
    expect "and to the row" 'app-config {"config.yaml": "key: value\n"}, more-config {"timeout": "45s"}' rows
fi

"$kubectl" delete configmap more-config -n app-source
expect "with the source go its copies" no is_there configmap dev more-config
if [[ -n $database ]]; then expect "and its row" 'app-config {"config.yaml": "key: value\n"}' rows; fi

"$kubectl" get configmirrors -n ops
"$kubectl" delete configmirror app-config-mirror -n ops --timeout=30s
expect "with the mirror go the copies" no is_there configmap dev app-config
if [[ -n $database ]]; then expect "and the rows" "" rows; fi
expect "the sources stay" "key: value" value app-source app-config config.yaml
echo "the story came true"

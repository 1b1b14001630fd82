package imagenode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// primarySetup is run by PostgreSQL's image when it sets its database up: standbys may stream, and what they have not got yet is kept.
const primarySetup = `# written by squall: %q has replicas
echo "host replication all all ${POSTGRES_HOST_AUTH_METHOD:-md5}" >> "$PGDATA/pg_hba.conf"
cat >> "$PGDATA/postgresql.conf" <<'END'
wal_keep_size = '1GB'
max_wal_senders = %d
synchronous_standby_names = '%s'
END
`

const primarySetupFile = "/docker-entrypoint-initdb.d/squall-replication.sh"

// standbySetup copies the primary when there is no database yet, and then runs what the image would have run. What it says after the
// copy is the standby's own: it has no standbys, and how late it applies.
const standbySetup = `set -eu
host=$1 port=$2 name=$3 lag=$4
shift 4
if [ ! -s "${PGDATA:?this image does not say where its database is (PGDATA); squall sets up replicas of images such as postgres:16}/PG_VERSION" ]; then
	mkdir -p "$PGDATA"
	echo "copying $host"
	PGHOST=$host PGPORT=$port PGUSER=$POSTGRES_USER PGPASSWORD=${POSTGRES_PASSWORD:-} PGAPPNAME=$name \
		pg_basebackup --no-password --pgdata="$PGDATA" --wal-method=stream --checkpoint=fast --write-recovery-conf
	printf "synchronous_standby_names = ''\nrecovery_min_apply_delay = '%s'\n" "$lag" >> "$PGDATA/postgresql.auto.conf"
	chmod 700 "$PGDATA"
	if [ "$(id -u)" = 0 ]; then chown -R postgres "$PGDATA"; fi
fi
exec "$@"
`

// Streams tells that an instance is part of a real PostgreSQL's streaming replication.
func Streams(n *scenarios.Node) bool {
	return n.Image != "" && (n.ReplicaOf != "" || n.Followers > 0)
}

// Streaming is an instance with what it does for streaming replication: a standby copies its primary before it starts as the image
// does by itself (own), over its edge on port; a primary lets it.
func Streaming(i topology.Instance, p *topology.Plan, port int, own *container.Config) topology.Instance {
	n := *i.Node
	i.Node = &n
	if n.ReplicaOf == "" {
		text := setupOf(&n, p)
		n.Files = append(slices.Clone(n.Files), &scenarios.File{Target: primarySetupFile, Content: &text})
		return i
	}
	entrypoint, command := n.Entrypoint, n.Command
	if len(entrypoint) == 0 {
		entrypoint = scenarios.Words(own.Entrypoint)
		if len(command) == 0 {
			command = scenarios.Words(own.Cmd)
		}
	}
	lag := strconv.FormatInt(n.Lag.Milliseconds(), 10) + "ms"
	n.Entrypoint = append(scenarios.Words{"sh", "-c", standbySetup, "standby", n.ReplicaOf, strconv.Itoa(port), i.Name, lag}, entrypoint...)
	n.Command = command
	return i
}

// setupOf is what a primary is set up with.
func setupOf(n *scenarios.Node, p *topology.Plan) string {
	var standbys []string
	for _, other := range p.Instances {
		if other.Node.ReplicaOf == n.Name {
			standbys = append(standbys, strconv.Quote(other.Name))
		}
	}
	names := ""
	if n.Mode == scenarios.ReplicationSync {
		need := len(standbys)
		if n.Sync > 0 {
			need = n.Sync
		}
		names = fmt.Sprintf("ANY %d (%s)", need, strings.Join(standbys, ", "))
	}
	const senders = 2 // of each standby while it copies: one for the files, one for the log
	return fmt.Sprintf(primarySetup, n.Name, max(10, senders*len(standbys)+2), names)
}

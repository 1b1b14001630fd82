package database

import (
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/node/internal/store"
	"github.com/squallhq/squall/scenarios"
)

var (
	readOnlyTotal = host.NewCounter("squall_read_only_total",
		"Writes refused (25006) because this database is a replica, or no primary any more.")
	promotionsTotal = host.NewCounter("squall_promotions_total", "How often this database was promoted from a replica to a primary.")
)

// replicate gives a database its part in replication, if it has one.
func (d *database) replicate() (err error) {
	n := &d.i.Config.Node
	switch {
	case n.ReplicaOf != "":
		if d.replication, err = openReplicationState(d.i.Disk, follows); err != nil {
			return err
		}
		if d.follower, err = newFollower(d); err != nil {
			return err
		}
		d.i.Behaviour.Asks.OnAsked(func(ctx context.Context, fresh []faults.Ask) error {
			if !slices.Contains(fresh, faults.Ask{Promote: true}) {
				return nil
			}
			bounded, cancel := d.i.WithTimeout(ctx, promoteTimeout)
			defer cancel()
			return d.follower.promote(bounded)
		})
	case n.Followers > 0:
		if d.replication, err = openReplicationState(d.i.Disk, leads); err != nil {
			return err
		}
	default:
		return nil
	}
	d.applied.Store(int64(len(journal.Header)))
	d.standbys = &standbys{
		metrics: d.i.Metrics, all: n.Followers, lease: n.Lease,
		flushed: make(map[string]int64), spoke: make(map[string]int64),
	}
	if n.Mode == scenarios.ReplicationSync {
		d.standbys.need = n.Followers
		if n.Sync > 0 {
			d.standbys.need = n.Sync
		}
	}
	return nil
}

// deliver puts a record of the journal into the table.
func (d *database) deliver(r journal.Committed) {
	if d.follower != nil {
		d.follower.deliver(r)
		return
	}
	d.apply(r.Payload)
	d.applied.Store(r.End)
}

// replicated returns when what was committed may be acknowledged: where replication is sync, when the replicas have it.
func (s *session) replicated(last *journal.Batch) *pgproto3.ErrorResponse {
	d := s.d
	if d.standbys == nil {
		return nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.setCancel(cancel)
	defer cancel()
	defer s.setCancel(nil)
	if d.standbys.await(ctx, last.End()) != nil {
		return sqlError("57014", "canceling the wait for synchronous replication: the write is here, and may not be on the replicas")
	}
	return d.takesWrites() // somebody may have been promoted meanwhile: then it is not to be acknowledged here
}

// takesWrites refuses where this is not the primary.
func (d *database) takesWrites() *pgproto3.ErrorResponse {
	if d.replication == nil {
		return nil
	}
	switch _, as := d.replication.now(); {
	case as == leads && d.standbys.leased():
		return nil
	case as == leads:
		readOnlyTotal.In(d.i.Metrics).Add(1)
		return sqlError(stateReadOnly, "no word from a replica within the lease: it may have been promoted")
	case as == deposed:
		readOnlyTotal.In(d.i.Metrics).Add(1)
		return sqlError(stateReadOnly, "this was the primary; another one was promoted")
	default:
		readOnlyTotal.In(d.i.Metrics).Add(1)
		return sqlError(stateReadOnly, "cannot execute a write on a replica")
	}
}

// stateReadOnly is what a write meets on a replica, and where there is no primary any more (read_only_sql_transaction).
const stateReadOnly = "25006"

// notePosition keeps the position from before a statement.
func (s *session) notePosition() {
	if s.d.replication != nil && s.before == 0 {
		s.before = s.d.applied.Load()
	}
}

// tellPosition reports the positions of the statements since it did so last.
func (s *session) tellPosition() {
	if s.before > 0 {
		value := strconv.FormatInt(s.before, 10) + " " + strconv.FormatInt(s.d.applied.Load(), 10)
		s.backend.Send(&pgproto3.ParameterStatus{Name: store.PositionParameter, Value: value})
		s.before = 0
	}
}

package database

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/node/internal/journal"
)

var (
	replicasConnected = host.NewGauge("squall_replicas_connected", "Primary: replicas that it streams to now.")
	syncSecondsTotal  = host.NewSeconds("squall_sync_seconds_total",
		"Primary: time that writes waited until replicas had them (replication: sync).")
)

// journalName is the file of a database's journal.
const journalName = "writes.journal"

// standbys are what a primary knows of its replicas.
type standbys struct {
	metrics *host.Metrics
	need    int // how many must have a write before it is acknowledged; 0: none
	// all is how many replicas there are; with a lease each must have been heard from within it.
	all   int
	lease time.Duration

	mu sync.Mutex
	// flushed is how far each has told to have the journal on disk, by instance. What was on a disk is there when the
	// connection has gone.
	flushed map[string]int64
	// spoke is when each said last that it follows, by the replica's own clock, which on one machine is ours: a promise
	// not to lead before the lease has passed from then.
	spoke     map[string]int64
	confirmed int64         // what as many have as need be
	advanced  chan struct{} // closed when confirmed grows; nil: nobody waits
}

// heard takes a replica's word for how far it is.
func (s *standbys) heard(instance string, status standbyStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushed[instance] = max(s.flushed[instance], status.flushed)
	s.spoke[instance] = max(s.spoke[instance], status.clock)
	if s.need == 0 || len(s.flushed) < s.need {
		return
	}
	all := make([]int64, 0, len(s.flushed))
	for _, position := range s.flushed {
		all = append(all, position)
	}
	slices.Sort(all)
	if least := all[len(all)-s.need]; least > s.confirmed {
		s.confirmed = least
		if s.advanced != nil {
			close(s.advanced)
			s.advanced = nil
		}
	}
}

// leased tells that nobody can have been promoted: every replica has spoken within the lease, or there is none.
func (s *standbys) leased() bool {
	if s.lease == 0 {
		return true
	}
	now := time.Now().UnixNano()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.spoke {
		if now >= at+int64(s.lease) {
			return false
		}
	}
	return len(s.spoke) >= s.all
}

// await returns when as many replicas as need be have a position on disk, or ctx ends.
func (s *standbys) await(ctx context.Context, position int64) error {
	if s.need == 0 {
		return nil
	}
	began := time.Now()
	defer func() { syncSecondsTotal.In(s.metrics).Add(int64(time.Since(began))) }()
	for {
		s.mu.Lock()
		if s.confirmed >= position {
			s.mu.Unlock()
			return nil
		}
		if s.advanced == nil {
			s.advanced = make(chan struct{})
		}
		advanced := s.advanced
		s.mu.Unlock()
		select {
		case <-advanced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// replicate answers a statement of a replication connection; false ends the session.
func (s *session) replicate(sql string) bool {
	words := strings.Fields(strings.TrimRight(strings.TrimSpace(sql), ";"))
	epoch, as := s.d.replication.now()
	switch {
	case len(words) == 1 && words[0] == "IDENTIFY_SYSTEM":
		s.identify(epoch)
		return s.readyForQuery()
	case len(words) == 5 && words[0] == "START_REPLICATION" && words[1] == "PHYSICAL" && words[3] == "TIMELINE":
		from, err := readPosition(words[2])
		theirs, wrong := strconv.ParseUint(words[4], 10, 64)
		if err = errors.Join(err, wrong); err != nil {
			s.fatal(sqlError("22023", err.Error()))
			return false
		}
		switch {
		case as == leads && theirs > epoch: // somebody was promoted in our place
			if err := s.d.replication.becomes(epoch, deposed); err != nil {
				s.fatal(sqlError("58030", err.Error()))
				return false
			}
			fallthrough
		case as == deposed:
			s.fatal(sqlError(stateReadOnly, "this was the primary; another one was promoted"))
		case as != leads:
			s.fatal(sqlError("55000", "a replica has no replicas of its own"))
		case theirs < epoch:
			s.fatal(sqlError("58P01", fmt.Sprintf("timeline %d is not in this server's history", theirs)))
		default:
			s.stream(from)
		}
		return false
	}
	s.fatal(sqlError("0A000", "a replication connection takes IDENTIFY_SYSTEM and START_REPLICATION PHYSICAL ... TIMELINE ..."))
	return false
}

// identify answers in text, which is all that this statement has.
func (s *session) identify(epoch uint64) {
	d := &pgproto3.RowDescription{}
	for _, name := range []string{"systemid", "timeline", "xlogpos", "dbname"} {
		d.Fields = append(d.Fields, pgproto3.FieldDescription{Name: []byte(name), DataTypeOID: pgtype.TextOID, DataTypeSize: -1, TypeModifier: -1})
	}
	s.backend.Send(d)
	s.backend.Send(&pgproto3.DataRow{Values: [][]byte{
		[]byte(s.d.i.Config.Node.Name), strconv.AppendUint(nil, epoch, 10), []byte(spellPosition(s.d.journal.Durable())), nil,
	}})
	s.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte("IDENTIFY_SYSTEM")})
}

// stream sends the journal from a position on, until the replica leaves or the database ends.
func (s *session) stream(from int64) {
	reader, err := s.d.journal.Reader(s.d.i.Disk, journalName, from)
	if err != nil {
		s.fatal(sqlError("58P01", err.Error()))
		return
	}
	defer reader.Close() //nolint:errcheck // it was only read
	s.backend.Send(&pgproto3.CopyBothResponse{})
	m := s.d.i.Metrics
	replicasConnected.In(m).Add(1)
	defer replicasConnected.In(m).Add(-1)
	left := make(chan struct{})
	s.d.live.Go(func() {
		defer close(left)
		s.listen()
	})
	if err := s.send(reader, left); err != nil {
		s.fatal(sqlError("58030", err.Error()))
	}
	s.conn.Close()
	<-left
}

// listen takes the replica's statuses, until it leaves.
func (s *session) listen() {
	for {
		s.conn.SetReadDeadline(time.Now().Add(silence)) //nolint:errcheck // a broken connection shows in the read
		if s.d.isDraining() {
			return
		}
		message, err := s.backend.Receive()
		if err != nil {
			return
		}
		data, ok := message.(*pgproto3.CopyData)
		if !ok { // CopyDone, Terminate
			return
		}
		status, err := decodeStatus(data.Data)
		if err != nil {
			return
		}
		s.d.standbys.heard(s.name, status)
	}
}

// send returns nil when the replica has left.
func (s *session) send(reader *journal.Reader, left <-chan struct{}) error {
	d := s.d
	for {
		from := reader.At
		records, err := reader.Next()
		switch {
		case err != nil:
			return err
		case records == nil && d.journal.Ended():
			return journal.ErrClosed
		case records == nil:
			idle := time.NewTimer(keepalive)
			select {
			case <-left:
				idle.Stop()
				return nil
			case <-d.journal.Beyond(from):
				idle.Stop()
				continue
			case <-idle.C:
			}
		}
		d.i.CPU.Await()
		s.backend.Send((&news{from: from, end: d.journal.Durable(), clock: time.Now().UnixNano(), records: records}).encode())
		s.conn.SetWriteDeadline(time.Now().Add(silence)) //nolint:errcheck // a broken connection shows in the flush
		if s.backend.Flush() != nil {
			return nil
		}
		if records != nil {
			countStreamed(d.i.Metrics, records)
		}
	}
}

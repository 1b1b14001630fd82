package database

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/journal"
	"github.com/squallhq/squall/runner/wire"
)

// follower keeps a replica's journal a copy of its primary's: it connects, asks for what comes after its own last
// record, and puts that in. After any break it connects again, and misses nothing.
type follower struct {
	d       *database
	primary *call.Replica
	lag     time.Duration
	lease   time.Duration // the primary's
	// promoted is closed to end the following, followed when it has ended, leading when the replica takes writes.
	promoting                   sync.Mutex
	once                        sync.Once
	promoted, followed, leading chan struct{}
	last                        *journal.Batch // the records put in last; nil before any
	spoke                       atomic.Int64   // when it told its primary last that it follows, ns since 1970

	fresh freshness

	mu      sync.Mutex
	waiting []journal.Committed // in the journal, not applied yet
	came    chan struct{}       // holds 1: there may be something to apply
}

var errNoPrimary = errors.New("the primary is not among the upstreams")

func newFollower(d *database) (*follower, error) {
	to := call.CalleeOf(d.i, d.i.Config.Node.ReplicaOf)
	if to == nil || len(to.Replicas) != 1 {
		return nil, fmt.Errorf("follow %q: %w", d.i.Config.Node.ReplicaOf, errNoPrimary)
	}
	f := &follower{
		d: d, primary: to.Replicas[0], lag: d.i.Config.Node.Lag, lease: d.i.Config.Node.PrimaryLease,
		promoted: make(chan struct{}), followed: make(chan struct{}), leading: make(chan struct{}), came: make(chan struct{}, 1),
	}
	f.fresh.at.Store(time.Now().UnixNano())
	replicationLagSeconds.Work(d.i.Metrics, f.fresh.lag)
	f.spoke.Store(time.Now().UnixNano())           // an earlier life may have
	if _, as := d.replication.now(); as == leads { // it was promoted in an earlier life
		f.lag = 0
		close(f.leading)
	}
	return f, nil
}

// run follows until ctx ends; once promoted, it tells the old primary so.
func (f *follower) run(ctx context.Context) {
	if _, as := f.d.replication.now(); as == follows {
		following, cancel := context.WithCancel(ctx)
		var beside sync.WaitGroup
		beside.Go(func() {
			select {
			case <-f.promoted:
				cancel()
			case <-following.Done():
			}
		})
		if f.lag > 0 {
			beside.Go(func() { f.apply(following) })
		}
		f.retry(following, f.follow)
		cancel()
		beside.Wait()
	}
	close(f.followed)
	select {
	case <-f.leading:
		f.retry(ctx, f.depose)
	case <-ctx.Done():
	}
}

// retry connects again and again, until what it does there is done for good or ctx ends.
func (f *follower) retry(ctx context.Context, do func(context.Context, *feed) (done bool)) {
	wait := reconnectFirst
	for ctx.Err() == nil {
		if s, err := f.connect(ctx); err == nil {
			began := time.Now()
			done := do(ctx, s)
			s.close()
			if done {
				return
			}
			if time.Since(began) > reconnectMost {
				wait = reconnectFirst
			}
		}
		if f.d.i.Sleep(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, reconnectMost)
	}
}

// feed is a connection to the primary.
type feed struct {
	net.Conn
	*pgproto3.Frontend
	stop func() bool
}

// Read gives up after silence.
func (s *feed) Read(p []byte) (int, error) {
	s.Conn.SetReadDeadline(time.Now().Add(silence)) //nolint:errcheck // a broken connection shows in the read
	return s.Conn.Read(p)
}

func (s *feed) close() {
	s.stop()
	s.Conn.Close()
}

// connect brings a connection to its first ReadyForQuery.
func (f *follower) connect(ctx context.Context) (_ *feed, err error) {
	began := f.primary.Counts.Begin(1, false)
	defer func() {
		switch {
		case err == nil:
			f.primary.Counts.End(call.Answered, began)
		case ctx.Err() != nil:
			f.primary.Counts.End(call.GivenUp, began)
		default:
			f.primary.Counts.End(call.EndedBadly, began)
		}
	}()
	dialling, cancel := f.d.i.WithTimeout(ctx, connecting)
	defer cancel()
	conn, err := f.d.i.Network.DialContext(dialling, "tcp", f.primary.Address)
	if err != nil {
		return nil, err
	}
	s := &feed{Conn: conn}
	s.Frontend = pgproto3.NewFrontend(s, conn)
	s.stop = context.AfterFunc(ctx, func() { conn.Close() })
	who := wire.ParseBuiltinLogin(f.primary.DSN)
	s.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersion30, Parameters: map[string]string{
		"user": who.User, "database": who.Database, "replication": "true", "application_name": f.d.i.Config.Instance,
	}})
	if err = f.welcomed(s, who); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (f *follower) welcomed(s *feed, who wire.Login) error {
	if err := s.Flush(); err != nil {
		return err
	}
	for {
		message, err := s.Receive()
		if err != nil {
			return err
		}
		switch m := message.(type) {
		case *pgproto3.AuthenticationCleartextPassword:
			s.Send(&pgproto3.PasswordMessage{Password: who.Password})
			if err := s.Flush(); err != nil {
				return err
			}
		case *pgproto3.ErrorResponse:
			return fmt.Errorf("connect to primary: %s (%s)", m.Message, m.Code)
		case *pgproto3.ReadyForQuery:
			return nil
		}
	}
}

// begin asks for the journal from a position on; code is the SQLSTATE of a refusal.
func (f *follower) begin(s *feed, from int64, epoch uint64) (code string, err error) {
	s.Send(&pgproto3.Query{String: "START_REPLICATION PHYSICAL " + spellPosition(from) + " TIMELINE " + strconv.FormatUint(epoch, 10)})
	if err := s.Flush(); err != nil {
		return "", err
	}
	for {
		message, err := s.Receive()
		if err != nil {
			return "", err
		}
		switch m := message.(type) {
		case *pgproto3.CopyBothResponse:
			return "", nil
		case *pgproto3.ErrorResponse:
			return m.Code, fmt.Errorf("start replication: %s (%s)", m.Message, m.Code)
		}
	}
}

// follow copies what comes, until the connection breaks.
func (f *follower) follow(_ context.Context, s *feed) (done bool) {
	j := f.d.journal
	epoch, _ := f.d.replication.now()
	if _, err := f.begin(s, j.End(), epoch); err != nil {
		return false
	}
	asked, over := make(chan struct{}, 1), make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() { f.tell(s, asked, over) })
	defer telling.Wait()
	defer close(over)
	for {
		message, err := s.Receive()
		if err != nil {
			return false
		}
		data, ok := message.(*pgproto3.CopyData)
		if !ok {
			return false
		}
		f.d.i.CPU.Await()
		came, err := decodeNews(data.Data)
		if err != nil {
			return false
		}
		if came.records != nil {
			if f.last, err = j.CopyIn(came.from, came.records); err != nil {
				return false
			}
			countStreamed(f.d.i.Metrics, came.records)
			continue
		}
		f.current(came)
		select {
		case asked <- struct{}{}:
		default:
		}
	}
}

// tell reports how far this replica is: when its journal has grown on disk, and when it is asked.
func (f *follower) tell(s *feed, asked, over <-chan struct{}) {
	j := f.d.journal
	flushed := int64(0)
	for {
		select {
		case <-j.Beyond(flushed):
			if j.Ended() {
				s.Conn.Close()
				return
			}
		case <-asked:
		case <-over:
			return
		}
		flushed = j.Durable()
		now := time.Now().UnixNano()
		f.spoke.Store(now)
		s.Send((&standbyStatus{written: j.End(), flushed: flushed, applied: f.d.applied.Load(), clock: now}).encode())
		s.Conn.SetWriteDeadline(time.Now().Add(silence)) //nolint:errcheck // a broken connection shows in the flush
		if s.Flush() != nil {
			s.Conn.Close()
			return
		}
	}
}

// depose tells the old primary of this one's epoch.
func (f *follower) depose(_ context.Context, s *feed) (done bool) {
	epoch, _ := f.d.replication.now()
	code, _ := f.begin(s, int64(len(journal.Header)), epoch)
	return code == stateReadOnly
}

// deliver takes a record that the journal has: it applies it, or lets it wait for its time.
func (f *follower) deliver(r journal.Committed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.waiting) == 0 && f.due(r) <= 0 {
		f.put(r)
		return
	}
	f.waiting = append(f.waiting, r)
	select {
	case f.came <- struct{}{}:
	default:
	}
}

// due is how long a record still has to wait.
func (f *follower) due(r journal.Committed) time.Duration {
	if f.lag == 0 {
		return 0
	}
	return time.Until(time.Unix(0, r.At).Add(f.lag))
}

// put applies one record. f.mu is held: records are applied in order.
func (f *follower) put(r journal.Committed) {
	f.d.apply(r.Payload)
	f.d.applied.Store(r.End)
	f.fresh.shows(r.At)
}

// apply applies records that wait when their time has come.
func (f *follower) apply(ctx context.Context) {
	for {
		f.mu.Lock()
		wait, any := time.Duration(0), len(f.waiting) > 0
		if any {
			if wait = f.due(f.waiting[0]); wait <= 0 {
				f.put(f.waiting[0])
				f.waiting = f.waiting[1:]
			}
		}
		f.mu.Unlock()
		switch {
		case any && wait <= 0:
		case any:
			if f.d.i.Sleep(ctx, wait) != nil {
				return
			}
		default:
			select {
			case <-f.came:
			case <-ctx.Done():
				return
			}
		}
	}
}

// current notes that the primary has no more than what is applied here.
func (f *follower) current(n news) {
	if f.d.applied.Load() < n.end {
		return
	}
	f.fresh.shows(n.clock)
}

// promoteTimeout is less than an engine waits for the answer.
const promoteTimeout = 1500 * time.Millisecond

// promote ends the following, applies what is there, and lets the database take writes.
func (f *follower) promote(ctx context.Context) error {
	f.promoting.Lock()
	defer f.promoting.Unlock()
	epoch, as := f.d.replication.now()
	if as != follows {
		return nil // it was promoted before
	}
	f.once.Do(func() { close(f.promoted) })
	select {
	case <-f.followed:
	case <-ctx.Done():
		return fmt.Errorf("promote: %w", ctx.Err())
	}
	if f.last != nil {
		select {
		case <-f.last.Done: // durable, and delivered
		case <-ctx.Done():
			return fmt.Errorf("promote: %w", ctx.Err())
		}
		if f.last.Err != nil {
			return fmt.Errorf("promote: %w", f.last.Err)
		}
	}
	f.mu.Lock()
	f.lag = 0
	for _, r := range f.waiting {
		f.put(r)
	}
	f.waiting = nil
	f.mu.Unlock()
	f.fresh.leads()
	if f.lease > 0 { // until then the old primary may take writes
		if err := f.d.i.Sleep(ctx, time.Until(time.Unix(0, f.spoke.Load()).Add(f.lease))); err != nil {
			return fmt.Errorf("promote: %w", err)
		}
	}
	if err := f.d.replication.becomes(epoch+1, leads); err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	promotionsTotal.In(f.d.i.Metrics).Add(1)
	close(f.leading)
	return nil
}

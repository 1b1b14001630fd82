package engine

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner/engine/exposed"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// unmeasured is a process whose CPU time nobody tells while it is waited for.
type unmeasured struct{ Process }

func (unmeasured) CPU(ctx context.Context) (time.Duration, bool) {
	<-ctx.Done()
	return 0, false
}

// Before its end a program is asked what it counts, however long it takes to learn its CPU time: it is not silent for that.
func TestTheLastReadingAsksAProgramAtOnce(t *testing.T) {
	tells := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "orders_total 7\n") }))
	defer tells.Close()
	at, err := url.Parse(tells.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	n := &scenarios.Node{Name: "shop", Kind: scenarios.KindImage, Image: "shop:1", Container: scenarios.Container{Metrics: &scenarios.Exposed{Port: port}}}
	i := &instance{
		plan: topology.Instance{Name: "shop-1", Node: n}, process: unmeasured{}, addresses: wire.Addresses{Listen: at.Host},
		client: tells.Client(), exposed: &exposed.Reader{},
	}
	i.lastReading(t.Context())
	if told := i.counters(); told.Silent != "" || told.Counters["orders_total"] != 7 {
		t.Errorf("silent: %q, counters %v, want 7 orders", told.Silent, told.Counters)
	}
}

// What an instance counts before its end is read, however long another reading waits for its CPU time.
func TestTheLastReadingWaitsForNoCPUTime(t *testing.T) {
	tells := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"counters": {"squall_requests_total": 7}}`)
	}))
	defer tells.Close()
	i := shopAt(tells, unmeasured{})
	var reading sync.WaitGroup
	reading.Go(func() { i.read(t.Context()) })
	for i.asked.Load() == 0 || len(i.readings) > 0 {
		runtime.Gosched()
	}
	i.lastReading(t.Context())
	if n := i.counters(); n.Unread || n.Counters["squall_requests_total"] != 7 {
		t.Errorf("unread %v, counted %v, want 7 requests", n.Unread, n.Counters)
	}
	reading.Wait()
}

// A life that ended unasked is unknown for good, and those after it are not.
func TestALifeThatEndedUnasked(t *testing.T) {
	mute := true
	tells := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if mute {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, `{"counters": {"squall_requests_total": 7}}`)
	}))
	defer tells.Close()
	i := shopAt(tells, slowly{})
	if err := i.kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := i.counters(); n.Unread || n.Lost != 1 {
		t.Errorf("its end: unread %v, lost %d, want one life that is lost", n.Unread, n.Lost)
	}
	mute = false
	i.down = false
	i.setAway(false)
	i.read(t.Context())
	if n := i.counters(); n.Unread || n.Lost != 1 || n.Counters["squall_requests_total"] != 7 {
		t.Errorf("its next life: unread %v, lost %d, counted %v", n.Unread, n.Lost, n.Counters)
	}
	if err := i.kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := i.counters(); n.Unread || n.Lost != 1 {
		t.Errorf("its next end: unread %v, lost %d, want no other that is lost", n.Unread, n.Lost)
	}
}

// Somebody else's program is unread while it stands still, and has no life of ours to lose.
func TestAProgramThatStoodStillIsRead(t *testing.T) {
	i := &instance{plan: topology.Instance{Name: "shop-1", Node: &scenarios.Node{Name: "shop", Kind: scenarios.KindImage, Image: "shop:1"}}, process: slowly{}, still: true, client: http.DefaultClient}
	if i.read(t.Context()); !i.counters().Unread {
		t.Error("it stands still, and is read")
	}
	i.still = false
	if i.read(t.Context()); i.counters().Unread {
		t.Error("it goes on, and is unread")
	}
	i.still = true
	i.read(t.Context())
	if i.ended(); i.counters().Unread || i.counters().Lost != 0 {
		t.Errorf("it has ended: %+v", i.counters())
	}
}

// shopAt is a service whose admin address is a server's.
func shopAt(tells *httptest.Server, p Process) *instance {
	return &instance{
		plan: topology.Instance{Name: "shop-1", Node: &scenarios.Node{Name: "shop", Kind: scenarios.KindService}}, process: p,
		addresses: wire.Addresses{Admin: strings.TrimPrefix(tells.URL, "http://")}, client: tells.Client(), readings: make(oneByOne, 1),
	}
}

// slowly is a process that takes a while to stand still, and to end.
type slowly struct{ Process }

const slowness = 20 * time.Millisecond

func (slowly) Pause(context.Context) error  { time.Sleep(slowness); return nil }
func (slowly) Resume(context.Context) error { return nil }
func (slowly) Kill(context.Context) error   { time.Sleep(slowness); return nil }

// For how long an instance ran between its last reading and its stop or end is known: what came in that time is not, of one that goes on again
// until it is read, and of one that has ended for ever.
func TestWhatWasNotReadBeforeAStopIsKnown(t *testing.T) {
	tells := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"counters": {"squall_requests_total": 7}}`)
	}))
	defer tells.Close()
	i := shopAt(tells, slowly{})
	if i.read(t.Context()); i.counters().Unseen != 0 {
		t.Errorf("one that runs was not seen for %s", i.counters().Unseen)
	}
	if err := i.pause(t.Context()); err != nil {
		t.Fatal(err)
	}
	unseen := i.counters().Unseen
	if unseen < slowness {
		t.Errorf("it took %s to stand still, and was not seen for %s", slowness, unseen)
	}
	time.Sleep(slowness) // as it stands still nothing comes
	if i.read(t.Context()); i.counters().Unseen != unseen {
		t.Errorf("while it stands still it was not seen for %s, and then for %s", unseen, i.counters().Unseen)
	}
	i.paused = false
	i.setAway(false)
	if i.read(t.Context()); i.counters().Unseen != 0 {
		t.Errorf("it goes on and has been read, and was not seen for %s", i.counters().Unseen)
	}
	if err := i.kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	if unseen = i.counters().Unseen; unseen < slowness || i.last.Unseen != 0 {
		t.Errorf("it took %s to end, and was not seen for %s", slowness, unseen)
	}
}

// backwards is a mesh whose answers are as late as they come first: the first question is answered with what there is when the next one is.
type backwards struct {
	mesh.Control
	asked atomic.Int64
	slow  chan struct{} // closed to let the first question be answered
}

func (b *backwards) Stats(context.Context) ([]mesh.EdgeStats, error) {
	n := b.asked.Add(1)
	if n == 1 {
		<-b.slow
	}
	return []mesh.EdgeStats{{Name: "a:b", Requests: n}}, nil
}

// What is read later counts no less, however long the reading before it takes.
func TestReadingsOfOnePlaceTakeTurns(t *testing.T) {
	m := &backwards{slow: make(chan struct{})}
	s := &system{mesh: m, readings: make(oneByOne, 1)}
	read := func(ctx context.Context) int64 {
		stats, err := s.traffic(ctx)
		if err != nil {
			return 0
		}
		return stats["a:b"].Requests
	}
	var first, second int64
	var both sync.WaitGroup
	both.Go(func() { first = read(t.Context()) })
	for m.asked.Load() == 0 {
		runtime.Gosched()
	}
	hurried, cancel := context.WithCancel(t.Context())
	cancel()
	if n := read(hurried); n != 0 {
		t.Errorf("who can't wait reads %d before its turn", n)
	}
	both.Go(func() { second = read(t.Context()) })
	close(m.slow)
	both.Wait()
	if first != 1 || second != 2 {
		t.Errorf("read are %d and then %d", first, second)
	}
}

// How long counters took to come is known: they are of some moment in that time.
func TestWhatCountersTookToComeIsKnown(t *testing.T) {
	tells := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(slowness)
		_, _ = io.WriteString(w, `{"counters": {"squall_requests_total": 7}}`)
	}))
	defer tells.Close()
	i := shopAt(tells, slowly{})
	if i.read(t.Context()); i.counters().Took < slowness {
		t.Errorf("they took %s to be told, and it is said that they took %s", slowness, i.counters().Took)
	}
}

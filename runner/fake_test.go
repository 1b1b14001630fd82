package runner_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// fakeEngine launches a fakeSystem; its zero value works and everything takes no time.
type fakeEngine struct {
	check, launch error
	launchTakes   time.Duration
	system        *fakeSystem
}

func (e *fakeEngine) Name() string               { return "fake" }
func (e *fakeEngine) Has(runner.Capability) bool { return false }
func (e *fakeEngine) Check(*topology.Plan) error { return e.check }
func (e *fakeEngine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	l.Progress("starting")
	select {
	case <-time.After(e.launchTakes):
	case <-ctx.Done():
		return nil, fmt.Errorf("start %q: %w", "api-1", ctx.Err())
	}
	if e.launch != nil {
		return nil, e.launch
	}
	return e.system, nil
}

// fakeSystem notes what is done to it, with the times from its zero.
type fakeSystem struct {
	mu    sync.Mutex
	begin time.Time
	log   []string
	on    map[string]int // how many injections are on, by target

	injectTakes, undoTakes time.Duration
	backward               bool // of targets whose names end with a digit, the last is done first, within less than a record can tell
	injectErr              error
	undoErrs               int // so many undos fail first
	downErr                error
	receipt                faults.Receipt
	deaths                 chan error
	touches                chan runner.Touch
	touched                []runner.Touch
	touchedErr             error
	loader                 *fakeLoader
	asked                  [][]uint64 // for spans
	spoil                  func(*runner.Observation)
}

func newSystem() *fakeSystem {
	return &fakeSystem{begin: time.Now(), on: map[string]int{}, deaths: make(chan error, 4), touches: make(chan runner.Touch, 4), receipt: faults.Receipt{Requests: 7, Connections: 2, DelayMs: 100, Delays: 7, FullDelayMs: 100}}
}

// zero is when the first phase begins: 100 ms of lead and 2 s of warm-up after the launch.
const zero = 2100 * time.Millisecond

func (s *fakeSystem) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := time.Since(s.begin) - zero
	s.log = append(s.log, fmt.Sprintf("%s ", at)+fmt.Sprintf(format, args...))
}

func (s *fakeSystem) Inject(ctx context.Context, ps []faults.Primitive) (runner.Undo, error) {
	what := ps[0].Edge + ps[0].Instance
	select {
	case <-time.After(s.injectTakes + s.turn(what)):
	case <-ctx.Done():
		s.note("inject %s cut", what)
		return nil, ctx.Err()
	}
	if s.injectErr != nil {
		s.note("inject %s failed", what)
		return nil, s.injectErr
	}
	s.mu.Lock()
	s.on[what]++
	s.mu.Unlock()
	s.note("inject %s", what)
	return func(ctx context.Context) (faults.Receipt, error) {
		time.Sleep(s.undoTakes + s.turn(what))
		if ctx.Err() != nil {
			return faults.Receipt{}, ctx.Err()
		}
		s.mu.Lock()
		fails := s.undoErrs > 0
		if fails {
			s.undoErrs--
		}
		if !fails {
			s.on[what]--
		}
		s.mu.Unlock()
		if fails {
			s.note("undo %s failed", what)
			return faults.Receipt{}, errors.New("the mesh does not answer")
		}
		s.note("undo %s", what)
		return s.receipt, nil
	}, nil
}

// turn is how long a target waits for those after it; 0 unless the last is to be done first.
func (s *fakeSystem) turn(target string) time.Duration {
	if !s.backward {
		return 0
	}
	return time.Duration('9' - target[len(target)-1])
}

func (s *fakeSystem) Dial(context.Context, string) (net.Conn, error) { return nil, errors.New("no") }
func (s *fakeSystem) DialInstance(context.Context, string) (net.Conn, error) {
	return nil, errors.New("no")
}

// Observe counts what the fake loader has sent by now, and spoils it where a test says how.
func (s *fakeSystem) Observe(context.Context) (runner.Observation, error) {
	now := time.Now()
	sent := s.loader.stays.Read(now)
	o := runner.Observation{
		At: now,
		Edges: map[string]runner.EdgeCounters{
			"users:api-1": {Requests: sent.In, FirstBytes: sent.Out, FirstByteTotal: sent.Took, Connections: 1, Awaiting: sent},
		},
		Nodes: map[string]runner.NodeCounters{"api-1": {
			Calls:    map[string]wire.CallCounters{"db-1": {Attempts: 3 * sent.In, Organic: 2 * sent.In, Retries: sent.In, Failures: sent.In / 2}},
			Counters: map[string]float64{"squall_requests_total": float64(sent.In), "squall_queue": 4},
			Stays:    sent, Attempts: map[string]passage.Reading{"db-1": {In: 3 * sent.In, Out: 3 * sent.In}},
		}},
	}
	if s.spoil != nil {
		s.spoil(&o)
	}
	return o, nil
}
func (s *fakeSystem) Spans(_ context.Context, of []uint64) []traces.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, of)
	return []traces.Answer{{Instance: "api-1"}}
}
func (s *fakeSystem) Died() <-chan error           { return s.deaths }
func (s *fakeSystem) Touches() <-chan runner.Touch { return s.touches }
func (s *fakeSystem) Touched(context.Context) ([]runner.Touch, error) {
	return s.touched, s.touchedErr
}
func (s *fakeSystem) Down(context.Context) error {
	s.note("down")
	return s.downErr
}

// fakeLoader sends rate requests a second; each takes latency, or what answer says.
type fakeLoader struct {
	rate   int
	answer func(at time.Duration) (latency time.Duration, outcome record.Outcome)
	err    error
	errAt  time.Duration
	writes []string // acknowledged by the first answer

	stays passage.Count
}

func (l *fakeLoader) Drive(ctx context.Context, d runner.Drive) (runner.Driven, error) {
	var wg sync.WaitGroup
	defer wg.Wait()
	g := runner.Driven{Generator: record.Generator{MaxInFlight: 10}}
	for at := d.From + 5*time.Millisecond; ; at += time.Second / time.Duration(l.rate) {
		if due, err := await(ctx, d, at); !due {
			return g, err
		}
		if l.err != nil && at >= l.errAt {
			return g, l.err
		}
		if at >= 0 {
			g.Intended++
			g.Sent++
		}
		began := time.Now()
		l.stays.Enter(began)
		wg.Go(func() {
			latency, outcome := 10*time.Millisecond, record.OK
			if l.answer != nil {
				latency, outcome = l.answer(at)
			}
			s := record.Sample{Load: "users", Request: "GET /", Intended: at, Sent: at, Outcome: outcome}
			select {
			case <-time.After(latency):
			case <-ctx.Done():
				s.Outcome = record.Failed
			}
			if at == d.From+5*time.Millisecond {
				s.Wrote = l.writes
			}
			if s.Outcome == record.Failed {
				s.Error = "503"
			}
			s.Done = time.Since(d.Zero)
			l.stays.Leave(began, time.Now())
			d.Record(s)
		})
	}
}

// await waits for an intended time; false: the drive ends before.
func await(ctx context.Context, d runner.Drive, at time.Duration) (bool, error) {
	for {
		way, turned := d.Course, (<-chan struct{})(nil)
		end := d.Until
		if way != nil {
			w, t := way.Look()
			end, turned = w.Total(), t
		} else if at >= end {
			return false, nil
		}
		select {
		case <-time.After(time.Until(d.Zero.Add(min(at, end)))):
			if at < end {
				return true, nil
			}
			if way.Over(end) {
				return false, nil
			}
		case <-turned:
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// plan is users -> api -> db over three phases of 10 s, with a latency of the given stretches on api-1:db-1 in the second.
func plan(stretches ...[2]time.Duration) *topology.Plan {
	api := &scenarios.Node{Name: "api", Kind: scenarios.KindService}
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase}
	p := &topology.Plan{
		Scenario: &scenarios.Scenario{
			Name: "fake", Nodes: []*scenarios.Node{api, db},
			Loads: []*scenarios.Load{{Name: "users", To: "api", Rate: 100, Timeout: time.Second}},
		},
		Seed:      1,
		Instances: []topology.Instance{{Name: "db-1", Node: db, Replica: 1}, {Name: "api-1", Node: api, Replica: 1, Level: 1}},
		Edges: []topology.Edge{
			{Name: "api-1:db-1", From: "api-1", To: "db-1", FromNode: "api", ToNode: "db"},
			{Name: "users:api-1", From: "users", To: "api-1", FromNode: "users", ToNode: "api", Client: true},
		},
		Total: 30 * time.Second,
	}
	for i, name := range []string{"steady", "slow", "recovery"} {
		p.Phases = append(p.Phases, topology.Span{Name: name, Start: time.Duration(i) * 10 * time.Second, End: time.Duration(i+1) * 10 * time.Second})
	}
	for i, s := range stretches {
		fault := faults.Latency{Delay: 100 * time.Millisecond}
		targets := faults.Targets{Edges: []string{"api-1:db-1"}}
		p.Faults = append(p.Faults, topology.ResolvedFault{
			Fault: faults.Fault{Kind: fault, On: faults.Selector{Edge: &faults.EdgeSelector{From: faults.Selector{Name: "api"}, To: faults.Selector{Name: "db"}}}},
			Phase: "slow", Start: s[0], End: s[1], Targets: targets, Primitives: fault.Compile(targets),
		})
		p.Schedule = append(p.Schedule, topology.Event{At: s[0], Begin: true, Fault: i}, topology.Event{At: s[1], Fault: i})
	}
	slices.SortStableFunc(p.Schedule, func(a, b topology.Event) int { return int(a.At - b.At) })
	return p
}

package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/runner/authority"
	"github.com/squallhq/squall/runner/chronicle"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/hooks"
	"github.com/squallhq/squall/runner/instant"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/lookout"
	"github.com/squallhq/squall/runner/monitoring"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/runner/traces"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// Options is one run as it was asked for.
type Options struct {
	Plan   *topology.Plan
	Engine Engine
	// EngineWhy says why this engine was taken.
	EngineWhy string
	Loader    Loader
	// AllowExternal lets it send to what is outside this machine.
	AllowExternal bool
	// Run is the run's id, Dir its folder (logs go to Dir/logs).
	Run, Dir string
	// Watch is told how the run goes, at least once a second, from one goroutine at a time; nil: nobody watches.
	Watch func(record.Status)
	// Results takes vegeta's gob stream; nil: none is written.
	Results io.Writer
	// Events takes each event as it happens, as a line of JSON in one Write, one at a time: who reads it after a kill has all until then. Those that are worked
	// out at the end are in the result alone. nil: nobody does.
	Events io.Writer
	// ReadWrites reads back how often each write is there, over connections that dial makes past all
	// edges. nil: the writes are not checked, and the result says so.
	ReadWrites ReadBack
	// ReadOutbox reads back how many events of each id a database's outbox holds, as ReadWrites does.
	ReadOutbox ReadBack
	// ReadWritten reads back the writes of loads that say how. nil: they are not checked, and the result says so.
	ReadWritten ReadWritten
	// Ready is told where the parts answer, as in Held, when all is launched; they do until the run ends. nil: nobody asks.
	Ready func(context.Context, []Address, error)
	// Hold is called with the result when everything is measured and the system still stands; it is taken down when
	// Hold returns. Run returns the same result. nil: at once.
	Hold func(context.Context, Held)
	// Hands are what people steer the run with, one run each. nil: nobody can.
	Hands *Hands
	Hook  hooks.Run // carries out the scenario's hooks; nil: they are not run, and the result says so
	// AlertsAt is where an alert manager can send alerts to, for the record; "": nowhere.
	AlertsAt string
	// Version is the program's, for the record.
	Version string
}

// ReadBack reads how often each id is there, over connections that dial makes past all edges.
type ReadBack func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error)

// The bounds of every wait that the conductor makes on its own account.
const (
	// lead is the time between the end of launching and the first request: the loader's start.
	lead = 100 * time.Millisecond
	// injectTimeout bounds putting one fault on, undoTimeout one attempt to take it off (which may be a restart).
	injectTimeout = 30 * time.Second
	undoTimeout   = 60 * time.Second
	// observeTimeout bounds one reading of all counters.
	observeTimeout = 10 * time.Second
	// readTimeout bounds reading all writes back, readTimeoutCut when somebody waits for the end.
	readTimeout    = 60 * time.Second
	readTimeoutCut = 10 * time.Second
	downTimeout    = 90 * time.Second
	// drainMargin is how much longer than the longest user's timeout draining may take.
	drainMargin = 15 * time.Second
)

// StageError is a run that could not go on: Stage is check, launch, load, tear down, or run (its surroundings failed).
type StageError struct {
	Stage string
	Err   error
}

func (e *StageError) Error() string { return e.Stage + ": " + e.Err.Error() }
func (e *StageError) Unwrap() error { return e.Err }

// Run carries out a plan: check, launch, warm up, phases with their faults, drain, read back, tear down.
//
//	check -> launch -> warm-up -> phases, faults on and off -> lift what is on -> drain -> observe -> read back -> tear down
//
// Whatever way it ends, every fault is undone and everything that was launched is taken down before it
// returns; errors of that are joined behind the first cause. Without a result nothing was driven (a
// *StageError of check or launch). With a result and an error the run was cut short (its context ended:
// the cause is the error; or the load failed: a *StageError of load) and the result is partial, or
// it could not be torn down (a *StageError of tear down) and the result is whole. Faults that could
// not be applied or undone, and instances that died, are no errors: the result tells, and the judge weighs them.
func Run(ctx context.Context, o Options) (*record.Result, error) {
	surroundings, ok := o.Engine.(Enclosing)
	if !ok {
		return conduct(ctx, o)
	}
	began := time.Now()
	var result *record.Result
	var err error
	if failed := surroundings.Enclose(ctx, func(ctx context.Context) { result, err = conduct(ctx, o) }); failed != nil {
		err = errors.Join(err, &StageError{"run", failed})
	}
	if result != nil {
		result.Started = began // by the clock on the wall
	}
	return result, err
}

func conduct(ctx context.Context, o Options) (*record.Result, error) {
	r := newRun(o)
	r.say("launching", "checking that "+o.Engine.Name()+" can run this")
	if err := o.Engine.Check(o.Plan); err != nil {
		return nil, &StageError{"check", err}
	}
	if err := o.refuseWaits(); err != nil {
		return nil, &StageError{"check", err}
	}
	if err := r.launch(ctx); err != nil {
		return nil, err
	}
	defer r.ready(ctx)()
	if err := r.stage(ctx); err != nil {
		return nil, errors.Join(&StageError{"launch", err}, r.down(ctx))
	}
	err := r.drive(ctx)
	r.heard.keep(&r.final, r.observe(ctx))
	r.traceRest(ctx)
	r.readTouched(ctx)
	r.readBack(ctx)
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx) // while reading back
	}
	result := r.result(err)
	if err == nil && o.Hold != nil {
		r.hold(ctx, result)
	}
	if down := r.down(ctx); down != nil {
		err = errors.Join(err, down)
	}
	r.say("done", "")
	return result, err
}

// run is one run under way.
type run struct {
	o      Options
	system System
	keep   instant.Keep // the system's; nil: no two things happen at one instant
	// authority makes the run's certificates; nil: nobody has or trusts one.
	authority *authority.Authority
	// zero is when the first phase begins; every offset counts from it.
	zero     time.Time
	started  time.Time
	recorder *record.Recorder

	injections []*injection
	acting     sync.Mutex   // guards acts, which only the loop adds to
	acts       []*injection // what people put on
	orders     <-chan wish
	alerts     []record.Alert     // the loop's
	monitored  monitoring.Account // what was answered to who asked for alerts; the loop's
	aborted    error              // why a person ended it; the loop's
	// course says when what the plan has comes; turns are what people did to it, held the one that is on. They are the loop's.
	course *course.Course
	turns  []*turn
	// lookout judges the conditions that end and hold the run, those that end it first; trips are those that were met, the loop's.
	lookout    *lookout.Lookout
	trips      []record.Trip
	held       *turn
	kept       bool                     // everything is measured, and the system is left up; the loop's
	ran        ran                      // known when the phases are over
	latest     map[string]chan struct{} // by target: closed when the last operation on it is over
	latestTurn *instant.Turn            // of the operation that was ordered last; the loop's
	operations sync.WaitGroup

	tick   time.Duration // the next time to report
	driven chan driven
	load   *driven
	stop   context.CancelCauseFunc // ends the load
	// start, quiet and final are the counters at zero, at the end of the last phase before a fault, and at the end.
	start, quiet, final *Observation
	// turned are the counters at the begin of each phase (the first one's are start), and at the end of the last one; nil: they could not
	// be read.
	turned []*Observation
	// sampled are the counters of every second between, for the series; nil: they were not read.
	sampled []**Observation
	heard   heard         // the last two of them all
	reading chan struct{} // closed when the last reading that was ordered is done
	// due is when by the course is due what the loop does just now, latestReading the one that it ordered last for itself.
	due           time.Duration
	latestReading *sharedReading
	hooks         *hooks.Caller
	// traces are the requests that are kept hop by hop; tracing is closed when the last question about them is answered.
	traces  *traces.Collector
	tracing chan struct{}
	ended   time.Duration // of the phases: when the plan was over, or when the run was cut short
	writes  record.Writes
	written []record.Written // those of loads that say how they are read back
	// touched is what others did to the system; seen are the events of what the loop was told of as it happened.
	touched []Touch
	seen    []record.Event
	usage   usage // the harness's own, at zero
	// lacked counts the loads' connections for which there was nothing left to make them with.
	lacked atomic.Int64
	// calm is what the loads saw before the first fault.
	calm overlap
	// asked is what the loads are, and loader drives them; unstage ends what was started for that, nil: nothing was.
	asked   order.Order
	loader  Loader
	unstage func(context.Context) error
	// notices are what the loads are told of their edges, as that one is to be left alone.
	notices order.Notices
	// lookedUp counts the lookups that other processes make as those say; nil: none does.
	lookedUp func(edge string)

	chronicle *chronicle.Chronicle
	mu        sync.Mutex // guards what operations and progress write
	deaths    []death
	state     string
}

func newRun(o Options) *run {
	c := newCourse(o.Plan)
	phases, faults := spans(o.Plan, c.Way())
	r := &run{
		o:         o,
		started:   time.Now(),
		course:    c,
		lookout:   lookout.New(slices.Concat(o.Plan.Scenario.AbortWhen, o.Plan.Scenario.PauseWhen)...),
		recorder:  record.NewRecorder(phases, faults...),
		latest:    map[string]chan struct{}{},
		driven:    make(chan driven, 1),
		chronicle: chronicle.New(o.Events),
		traces:    newTraces(o.Plan, phases),
		turned:    make([]*Observation, len(o.Plan.Phases)+1),
	}
	r.hooks = r.newHooks()
	r.calm.until.Store(int64(calmEnd(o.Plan)))
	for n, f := range o.Plan.Faults {
		r.injections = append(r.injections, &injection{fault: f, number: n})
	}
	return r
}

func (r *run) launch(ctx context.Context) error {
	var err error
	if r.o.Plan.Scenario.Certified() {
		if r.authority, err = authority.New(r.o.Run); err != nil {
			return &StageError{"launch", err}
		}
	}
	system, err := r.o.Engine.Launch(ctx, Launch{AllowExternal: r.o.AllowExternal, Authority: r.authority,
		Plan: r.o.Plan, Run: r.o.Run, Dir: r.o.Dir, Withdraw: r.withdrawFrom,
		Progress: func(m string) { r.say("launching", m) },
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil && !errors.Is(err, cause) {
			err = errors.Join(cause, err)
		}
		return &StageError{"launch", err}
	}
	r.system, r.keep = system, keepOf(system)
	return nil
}

// drive sends the load and carries out the phases; the error is why it was cut short. On every way
// out the faults are undone first, then the load ends.
func (r *run) drive(ctx context.Context) (err error) {
	warmUp := r.o.Plan.Scenario.WarmUpTime()
	r.zero = time.Now().Add(lead + warmUp)
	r.tick = -warmUp.Truncate(time.Second)
	loadCtx, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	r.stop = stop
	steerable := r.course
	if r.o.Hands == nil {
		steerable = nil
	}
	go func() {
		g, err := r.loader.Drive(loadCtx, Drive{
			Order: r.asked, Zero: r.zero, Course: steerable, Notices: &r.notices, LookedUp: r.lookedUp, Dial: r.dial, Keep: r.keep, Record: r.take, Results: r.o.Results,
		})
		r.driven <- driven{g, err}
	}()
	r.say("warming up", "")
	orders, noMore := r.o.Hands.open()
	r.orders = orders
	err = r.phases(ctx)
	noMore()
	r.ended = min(time.Since(r.zero), r.course.Way().Total())
	r.lift(ctx)
	if err != nil {
		if r.load == nil { // it went on while faults were undone
			r.ended = min(time.Since(r.zero), r.course.Way().Total())
		}
		stop(err)
	} else {
		r.say("", "waiting for the last answers")
	}
	r.ran = asRan(r.o.Plan, r.course.Onward(r.ended))
	return errors.Join(err, r.drain(ctx, err != nil))
}

// drain waits until the load has had its last answers; the end of ctx cuts that short, with its cause. A load that
// does not end in time is told to; one that does not end even then is left behind, which is an error.
func (r *run) drain(ctx context.Context, cut bool) error {
	if cut {
		return r.stopped(nil)
	}
	longest := scenarios.DefaultClientTimeout
	for _, l := range r.o.Plan.Scenario.Loads {
		longest = max(longest, l.Timeout)
	}
	longest += drainMargin
	switch ended := r.loadEnds(ctx, longest); {
	case ended:
		return r.loadError(false)
	case ctx.Err() != nil:
		r.stop(context.Cause(ctx))
		return r.stopped(context.Cause(ctx))
	default:
		late := &StageError{"load", fmt.Errorf("it did not end within %s", longest)}
		r.stop(late)
		return r.stopped(late)
	}
}

// stopped waits for a load that was told to end.
func (r *run) stopped(cause error) error {
	if r.loadEnds(context.Background(), drainMargin) {
		return errors.Join(cause, r.loadError(true))
	}
	return errors.Join(cause, &StageError{"load", fmt.Errorf("it did not end within %s of being told to", drainMargin)})
}

func (r *run) loadEnds(ctx context.Context, within time.Duration) bool {
	if r.load != nil {
		return true
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		select {
		case <-again.C:
			r.trace(ctx)
		case d := <-r.driven:
			r.load = &d
			return true
		case err := <-r.system.Died():
			r.died(err)
		case t := <-r.system.Touches():
			r.sees(t)
		case <-ctx.Done():
			return false
		case <-timer.C:
			return false
		}
	}
}

// loadError is the load's own failure; the end of a load that was cut short is none.
func (r *run) loadError(cut bool) error {
	if r.load.err == nil || cut {
		return nil
	}
	return &StageError{"load", r.load.err}
}

// down takes everything down, whatever became of ctx.
func (r *run) down(ctx context.Context) error {
	r.say("tearing down", "")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	var err error
	if r.unstage != nil { // who sends goes before what is sent to
		err = r.unstage(ctx)
	}
	if err = errors.Join(err, r.system.Down(ctx)); err != nil {
		return &StageError{"tear down", err}
	}
	return nil
}

package remote_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/load/remote"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// uneven answers after a time that is each request's own, wherever it comes from.
func uneven() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		took := time.Duration(1)
		for _, c := range r.Header.Get("Squall-Request") {
			took = took*31 + time.Duration(c)
		}
		time.Sleep(took % (150 * time.Millisecond))
		if took%13 == 0 {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = rw.Write([]byte("ok"))
	})
}

func loads() []*scenarios.Load {
	poisson, sessions, users, steps := open(150), open(20), open(0), open(10)
	poisson.Arrivals = "poisson"
	sessions.Name, sessions.Session, sessions.Think = "sessions", &scenarios.Session{Requests: 4}, &scenarios.Work{Mean: 30 * time.Millisecond, Shape: "exponential"}
	users.Name, users.Users, users.Think = "closed", 13, &scenarios.Work{Mean: 50 * time.Millisecond}
	steps.Name, steps.Requests = "steps", []scenarios.Request{{Send: "GET /in"}, {Send: "PUT /w/{write}", Write: &scenarios.Write{ID: "{write}"}}}
	steps.Session = &scenarios.Session{Steps: steps.Requests}
	return []*scenarios.Load{poisson, sessions, users, steps}
}

func sorted(samples []record.Sample) []record.Sample {
	slices.SortFunc(samples, func(a, b record.Sample) int {
		return cmp.Or(cmp.Compare(a.Load, b.Load), cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Request, b.Request))
	})
	return samples
}

// However many generators there are, every sample is what one would have taken, and so are rates, lag and stalls. Only how many requests
// were in flight at once is known to some ms.
func TestSeveralTellWhatOneDoes(t *testing.T) {
	t.Parallel()
	all := loads()
	one := (&world{serve: uneven()}).drives(t, 0, all, 6*time.Second, nil)
	if one.err != nil || len(one.samples) < 1500 {
		t.Fatalf("%d samples, %v", len(one.samples), one.err)
	}
	want := sorted(one.samples)
	for _, n := range []int{1, 2, 4, 8} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			got := (&world{serve: uneven(), there: 3 * time.Millisecond, back: 2 * time.Millisecond}).drives(t, n, all, 6*time.Second, nil)
			if got.err != nil {
				t.Fatal(got.err)
			}
			if samples := sorted(got.samples); !reflect.DeepEqual(samples, want) {
				t.Errorf("%d samples, want %d; the first that differs:\n%s", len(samples), len(want), firstOther(want, samples))
			}
			a, b := one.Generator, got.Generator
			if off := b.MaxInFlight - a.MaxInFlight; off < -5 || off > 15 {
				t.Errorf("%d in flight at most, one has %d", b.MaxInFlight, a.MaxInFlight)
			}
			if a.MaxInFlight, b.MaxInFlight = 0, 0; !reflect.DeepEqual(a, b) {
				t.Errorf("the generator (-one +%d):\n%s", n, gocmp.Diff(a, b))
			}
			sent := int64(0)
			for _, g := range got.Each {
				sent += g.Sent
				if g.Ended != "done" || n > 1 && g.Sent < a.Sent/int64(2*n) || math.Abs(g.OffsetMs) > g.UncertaintyMs || g.UncertaintyMs != 2.5 || g.SilentMs > 1100 {
					t.Errorf("%+v", g)
				}
			}
			if len(got.Each) != n || sent != a.Sent {
				t.Errorf("%d of them sent %d, one sent %d", len(got.Each), sent, a.Sent)
			}
		})
	}
}

func firstOther(want, got []record.Sample) string {
	for i := range min(len(want), len(got)) {
		if !reflect.DeepEqual(want[i], got[i]) {
			return gocmp.Diff(want[i], got[i])
		}
	}
	return "one is longer"
}

// Vegeta reads what several have sent as it reads one's: numbers without gaps, in the order of the times, and the same figures.
func TestResultsOfSeveralAreNumberedAsOnes(t *testing.T) {
	t.Parallel()
	read := func(generators int) (numbers map[string][]time.Time, lines []string) {
		var out bytes.Buffer
		got := (&world{serve: uneven(), there: time.Millisecond, back: 4 * time.Millisecond}).drives(t, generators, loads(), 4*time.Second, func(d *runner.Drive) { d.Results = &out })
		if got.err != nil {
			t.Fatal(got.err)
		}
		numbers = map[string][]time.Time{}
		of := map[string]map[uint64]time.Time{}
		zero := time.Time{}
		for decode := vegeta.NewDecoder(&out); ; {
			var r vegeta.Result
			if err := decode(&r); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			if of[r.Attack] == nil {
				of[r.Attack] = map[uint64]time.Time{}
			}
			of[r.Attack][r.Seq] = r.Timestamp
			if zero.IsZero() || r.Timestamp.Before(zero) {
				zero = r.Timestamp
			}
			r.Seq = 0
			lines = append(lines, fmt.Sprintf("%s %s %s %d %s %d %d %s %q", r.Attack, r.Timestamp.UTC(), r.Latency, r.Code, r.URL, r.BytesOut, r.BytesIn, r.Method, r.Error))
		}
		for attack, seen := range of {
			for i := range uint64(len(seen)) {
				if at, is := seen[i]; !is {
					t.Errorf("%d generators: %s has no number %d of %d", generators, attack, i, len(seen))
				} else {
					numbers[attack] = append(numbers[attack], at)
				}
			}
		}
		slices.Sort(lines)
		return numbers, lines
	}
	_, want := read(0)
	numbers, got := read(3)
	if !slices.Equal(want, got) {
		t.Errorf("%d results, want %d: %s", len(got), len(want), gocmp.Diff(want, got))
	}
	for attack, times := range numbers {
		if !slices.IsSortedFunc(times, time.Time.Compare) {
			t.Errorf("%s is not numbered in the order of its times", attack)
		}
	}
}

// What people do to the course reaches all: they send what one would.
func TestSeveralAreSteered(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]*scenarios.Load{"open": loads()[0], "closed": loads()[2]} {
		drive := func(generators int) drove {
			return (&world{serve: uneven()}).drives(t, generators, []*scenarios.Load{l}, 4*time.Second, func(d *runner.Drive) {
				d.Course = course.New([]course.Phase{{Name: "a", End: 2 * time.Second}, {Name: "b", Start: 2 * time.Second, End: 4 * time.Second}})
				go func() {
					for _, turn := range []func(at time.Duration) error{
						func(at time.Duration) error { return d.Course.Hold(at) },
						func(at time.Duration) error { return d.Course.Pace(at, course.Pace{Times: 2}, l.Name) },
						func(at time.Duration) error { return d.Course.Go(at) },
						func(at time.Duration) error { return d.Course.End(at) },
						func(at time.Duration) error { return d.Course.Hold(at) },
						func(at time.Duration) error { return d.Course.Go(at) },
					} {
						time.Sleep(1300 * time.Millisecond)
						if err := turn(time.Since(d.Zero)); err != nil {
							t.Error(err)
						}
					}
				}()
			})
		}
		one := drive(0)
		want := sorted(one.samples)
		for _, n := range []int{2, 5} {
			got := drive(n)
			if samples := sorted(got.samples); !reflect.DeepEqual(samples, want) {
				t.Errorf("%s, %d generators: %d samples, want %d; the first that differs:\n%s", name, n, len(samples), len(want), firstOther(want, samples))
			}
			if got.err != nil || got.Generator.IntendedRate != one.Generator.IntendedRate {
				t.Errorf("%s, %d generators: %v, %v/s, want %v/s", name, n, got.err, got.Generator.IntendedRate, one.Generator.IntendedRate)
			}
		}
	}
}

// Edges that are withdrawn are left alone by all from then on, and are taken again in turn when they are back.
func TestNoticesReachAll(t *testing.T) {
	t.Parallel()
	ways := func(generators int, between time.Duration) map[string]int {
		w := &world{serve: serves(time.Millisecond)}
		var notices order.Notices
		withdraw := func(out bool) { notices.Change("users:web-1", func(n *order.Notice) { n.Withdrawn = out }) }
		withdraw(true)
		got := w.drives(t, generators, []*scenarios.Load{open(100)}, 3*time.Second, func(d *runner.Drive) {
			d.Notices = &notices
			d.Edges["users"] = []order.Edge{{Name: "users:web-1"}, {Name: "users:web-2"}}
			time.AfterFunc(time.Until(d.Zero.Add(between)), func() { withdraw(false) })
		})
		if got.err != nil || len(got.samples) != 300 {
			t.Errorf("%d samples, %v", len(got.samples), got.err)
		}
		return w.dialled
	}
	for _, n := range []int{0, 3} {
		if all := ways(n, time.Hour); all["users:web-1"] > 0 || all["users:web-2"] == 0 {
			t.Errorf("%d generators dialled %v", n, all)
		}
		if all := ways(n, time.Second); all["users:web-1"] == 0 {
			t.Errorf("%d generators dialled %v after it was back", n, all)
		}
	}
}

// The clock of a generator may be wrong by hours: its requests go out when they are due, its times are right to half of what a question to it takes, and that
// is said.
func TestAClockThatIsWrongIsCorrected(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	came := map[string]time.Time{}
	var zero time.Time
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		came[r.Header.Get("Squall-Request")] = time.Now()
		mu.Unlock()
		_, _ = rw.Write([]byte("ok"))
	})
	w := &world{serve: handler, clocks: []time.Duration{0, 3 * time.Hour, -time.Minute}, there: time.Millisecond, back: 9 * time.Millisecond}
	got := w.drives(t, 3, []*scenarios.Load{open(100)}, 3*time.Second, func(d *runner.Drive) { zero = d.Zero })
	if got.err != nil || len(got.samples) != 300 {
		t.Fatalf("%d samples, %v", len(got.samples), got.err)
	}
	for i, g := range got.Each {
		off := g.OffsetMs - record.Milliseconds(w.clocks[i])
		// Answers take longer than questions here, so that every clock seems to be 4 ms behind; that is within what is said.
		if math.Abs(off+4) > .01 || g.UncertaintyMs != 5 || g.DriftMs == nil || math.Abs(*g.DriftMs) > .001 || g.LagMs.Max != 0 {
			t.Errorf("clock %s ahead: %+v", w.clocks[i], g)
		}
	}
	for _, s := range got.samples {
		truly := came[fmt.Sprintf("users-%d", s.Seq)].Sub(zero)
		if off := truly - s.Sent; off.Abs() > 5*time.Millisecond {
			t.Fatalf("request %d says that it was sent at %s, and came at %s", s.Seq, s.Sent, truly)
		}
	}
}

// A clock that is set while the drive goes on shows in its drift, and widens what its times may be off by.
func TestAClockThatIsSetShows(t *testing.T) {
	t.Parallel()
	w := &world{serve: serves(time.Millisecond), there: time.Millisecond, back: time.Millisecond}
	got := w.drives(t, 2, []*scenarios.Load{open(100)}, 5*time.Second, func(*runner.Drive) {
		time.AfterFunc(3*time.Second, func() { w.links[1].clock.Plant(-700 * time.Millisecond) })
	})
	if got.err != nil {
		t.Fatal(got.err)
	}
	if g := got.Each[1]; g.DriftMs == nil || math.Abs(*g.DriftMs+700) > .01 || math.Abs(g.UncertaintyMs-701) > .01 {
		t.Errorf("%+v", g)
	}
	if g := got.Each[0]; g.UncertaintyMs != 1 {
		t.Errorf("the other: %+v", g)
	}
}

// A generator that is killed is named, and all of its requests are accounted for: what it told, what nobody knows, and what it would have sent,
// which is unsent. The others go on.
func TestAKilledGeneratorIsAccountedFor(t *testing.T) {
	t.Parallel()
	for _, killed := range []time.Duration{1500 * time.Millisecond, 3*time.Second + 7*time.Millisecond} {
		plan := []*scenarios.Load{open(200), loads()[1], loads()[2]}
		one := (&world{serve: uneven()}).drives(t, 0, plan, 5*time.Second, nil)
		w := &world{serve: uneven(), there: time.Millisecond, back: time.Millisecond}
		got := w.drives(t, 3, plan, 5*time.Second, func(d *runner.Drive) {
			time.AfterFunc(time.Until(d.Zero.Add(killed)), func() { w.links[1].killed() })
		})
		if got.err != nil {
			t.Fatal(got.err)
		}
		theirs := func(s record.Sample) bool { // of the open load
			return s.Load == "users" && s.Seq%3 == 1
		}
		var sent, unsent int64
		seen := map[uint64]bool{}
		for _, s := range got.samples {
			if s.Load == "users" {
				seen[s.Seq] = true
			}
			switch {
			case !theirs(s):
				if s.Unsent && s.Load == "users" {
					t.Fatalf("another's is unsent: %+v", s)
				}
			case s.Unsent:
				if unsent++; s.Intended < killed || s.Error != record.ErrUnsent {
					t.Fatalf("%+v is unsent, killed at %s", s, killed)
				}
			default:
				if sent++; s.Sent > killed {
					t.Fatalf("%+v was sent after it was killed at %s", s, killed)
				}
			}
		}
		missing := int64(0)
		for _, s := range one.samples {
			if theirs(s) && !seen[s.Seq] {
				missing++
				if s.Intended > killed || s.Intended < killed-200*time.Millisecond {
					t.Errorf("of the request of %s nobody knows, killed at %s", s.Intended, killed)
				}
			}
		}
		g := got.Each[1]
		if want := "lost: its process ended: signal: killed; what its 4 users of closed and sessions of sessions that had begun would have sent is not known"; g.Ended != want {
			t.Errorf("it ended: %s", g.Ended)
		}
		if g.Unknown < missing || g.Unknown > missing+20 || missing == 0 || g.Unsent < unsent || g.Sent < sent || g.Intended != g.Sent+g.Unsent+g.Unknown {
			t.Errorf("%+v; of the open load %d were sent, %d not, of %d nobody knows", g, sent, unsent, missing)
		}
		if sum := got.Generator; sum.Unknown != g.Unknown || sum.Intended != sum.Sent+sum.Unsent+sum.Unknown || sum.Unsent < unsent {
			t.Errorf("all: %+v", sum)
		}
		if want := int64(5 * 200 / 3); sent+unsent+missing < want-1 || sent+unsent+missing > want+1 {
			t.Errorf("%d + %d + %d requests of its part, want %d", sent, unsent, missing, want)
		}
		for _, other := range []int{0, 2} {
			if got.Each[other].Ended != "done" || got.Each[other].Unsent != 0 {
				t.Errorf("%+v", got.Each[other])
			}
		}
		if got.took > 8*time.Second {
			t.Errorf("it took %s", got.took)
		}
	}
}

// One that is stopped and goes on is late, and says so; one that stays silent is lost after a while.
func TestASilentGenerator(t *testing.T) {
	t.Parallel()
	stopped := func(lasts time.Duration) drove {
		w := &world{serve: serves(time.Millisecond)}
		return w.drives(t, 2, []*scenarios.Load{open(100)}, 20*time.Second, func(d *runner.Drive) {
			time.AfterFunc(time.Until(d.Zero.Add(2*time.Second)), func() { w.links[1].stop() })
			time.AfterFunc(time.Until(d.Zero.Add(2*time.Second+lasts)), func() { w.links[1].cont() })
		})
	}
	// Its frames alone are held up here, so that it is not late itself.
	if got := stopped(4 * time.Second); got.err != nil || got.Each[1].Ended != "done" || got.Each[1].SilentMs < 3500 || len(got.samples) != 2000 {
		t.Errorf("silent for 4 s: %v, %+v, %d samples", got.err, got.Each[1], len(got.samples))
	}
	got := stopped(time.Hour)
	if g := got.Each[1]; got.err != nil || !strings.HasPrefix(g.Ended, "lost: nothing was heard of it for 1") || g.Unknown < 500 || g.Unknown > 700 || g.Unsent < 300 {
		t.Errorf("silent for ever: %v, %+v", got.err, g)
	}
	if got.took > 25*time.Second {
		t.Errorf("it took %s", got.took)
	}
}

// Where none is left the drive has failed, and says of each why.
func TestNobodyIsLeft(t *testing.T) {
	t.Parallel()
	w := &world{serve: serves(time.Millisecond)}
	got := w.drives(t, 2, []*scenarios.Load{open(100)}, 3*time.Second, func(d *runner.Drive) {
		for i := range 2 {
			time.AfterFunc(time.Until(d.Zero.Add(time.Second)), func() { w.links[i].killed() })
		}
	})
	if got.err == nil || !strings.Contains(got.err.Error(), "every generator was lost: generator-1: lost: its process ended: signal: killed; generator-2: lost") {
		t.Errorf("%v", got.err)
	}
}

// The conductor's end of it ends all at once, with what they had sent.
func TestStopEndsAll(t *testing.T) {
	t.Parallel()
	w := &world{serve: serves(3 * time.Second), there: 2 * time.Millisecond, back: 2 * time.Millisecond}
	ctx, cancel := context.WithCancel(context.Background())
	got := w.drivesUnder(t, ctx, 3, []*scenarios.Load{open(100)}, time.Minute, func(d *runner.Drive) {
		time.AfterFunc(time.Until(d.Zero.Add(5*time.Second+time.Millisecond)), cancel)
	})
	classes := map[string]int{}
	for _, s := range got.samples {
		classes[string(s.Outcome)+" "+s.Error]++
	}
	if !errors.Is(got.err, context.Canceled) || got.took > 6100*time.Millisecond || classes["ok "]+classes["failed cancelled"] != len(got.samples) || len(got.samples) < 500 || len(got.samples) > 502 {
		t.Errorf("%v after %s: %v", got.err, got.took, classes)
	}
	for _, g := range got.Each {
		if g.Ended != "stopped" {
			t.Errorf("%+v", g)
		}
	}
}

// What is wrong with an order is said once, by whose it is, and nothing is sent.
func TestARefusedOrder(t *testing.T) {
	t.Parallel()
	wrong := open(100)
	wrong.Requests[0].Send = "GET"
	got := (&world{serve: serves(0)}).drives(t, 2, []*scenarios.Load{wrong}, time.Second, nil)
	if got.err == nil || !strings.Contains(got.err.Error(), `generator-1: drive load "users": request "GET": want METHOD /path`) || len(got.samples) > 0 {
		t.Errorf("%v, %d samples", got.err, len(got.samples))
	}
	few := open(100)
	few.MaxInFlight = 3
	if got := (&world{serve: serves(0)}).drives(t, 4, []*scenarios.Load{few}, time.Second, nil); got.err == nil || !strings.Contains(got.err.Error(), "max_in_flight 3 can't be divided among 4 generators") {
		t.Errorf("%v", got.err)
	}
}

// Who can't be started, is another version or is nobody of ours ends what was begun, and is named.
func TestAGeneratorThatIsNone(t *testing.T) {
	t.Parallel()
	failing := errors.New("no such pod")
	l := remote.New(remote.Options{Generators: 2, Start: func(context.Context, runner.Stage, int) (remote.Link, error) { return nil, failing }})
	if _, _, err := l.Stage(t.Context(), runner.Stage{}); !errors.Is(err, failing) || !strings.Contains(err.Error(), "generator-2: start it: no such pod") {
		t.Errorf("%v", err)
	}
	for said, want := range map[string]string{
		`{"squall_load":9,"squall":"v9"}` + "\n": "use the same squall on both",
		"HTTP/1.1 400 Bad Request\r\n\r\n":       "does not say hello",
		"":                                       "its connection has ended",
	} {
		l := remote.New(remote.Options{Generators: 1, Squall: "test", Start: func(context.Context, runner.Stage, int) (remote.Link, error) {
			return &speaker{Reader: strings.NewReader(said)}, nil
		}})
		if _, _, err := l.Stage(t.Context(), runner.Stage{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("who says %q: %v", said, err)
		}
	}
}

// speaker says one thing, and hears nothing.
type speaker struct{ io.Reader }

func (*speaker) Write(b []byte) (int, error) { return len(b), nil }
func (*speaker) Close() error                { return nil }
func (*speaker) Why() string                 { return "" }

// Generators that have driven once drive again, another order: as a run that is kept up goes on with its load. One that was lost meanwhile stays so.
func TestASecondDrive(t *testing.T) {
	t.Parallel()
	w := &world{serve: serves(time.Millisecond), there: time.Millisecond, back: time.Millisecond}
	var again runner.Driven
	var samples []record.Sample
	var err error
	w.then = func(l runner.Loader, d runner.Drive) {
		var mu sync.Mutex
		d.Loads, d.Until, d.WriteSeed = []*scenarios.Load{open(50)}, 2*time.Second, 9
		d.Zero = time.Now().Add(time.Second)
		d.Record = func(s record.Sample) {
			mu.Lock()
			defer mu.Unlock()
			samples = append(samples, s)
		}
		again, err = l.Drive(context.Background(), d)
		w.links[0].killed()
		samples = nil
		d.Zero = time.Now().Add(time.Second)
		again, err = l.Drive(context.Background(), d)
	}
	got := w.drives(t, 2, []*scenarios.Load{open(100)}, time.Second, nil)
	if got.err != nil || len(got.samples) != 100 {
		t.Errorf("the first: %v, %d samples", got.err, len(got.samples))
	}
	unsent := 0
	for _, s := range samples {
		if s.Unsent != (s.Seq%2 == 0) {
			t.Errorf("%+v", s)
		}
		if s.Unsent {
			unsent++
		}
	}
	if err != nil || len(samples) != 100 || unsent != 50 || again.Each[0].Unsent != 50 || again.Each[0].Unknown != 0 || again.Each[1].Ended != "done" {
		t.Errorf("the third: %v, %d samples, %+v", err, len(samples), again.Each)
	}
}

// A generator that is lost while it takes the order of a further drive, or says what time it has, is lost to that drive, whose others go on: when its
// end is heard of decides nothing.
func TestLostWhileItIsOrdered(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, time.Millisecond, 3 * time.Millisecond, 5 * time.Millisecond, 9 * time.Millisecond} {
		w := &world{serve: serves(time.Millisecond), there: time.Millisecond, back: time.Millisecond}
		var again runner.Driven
		var err error
		w.then = func(l runner.Loader, d runner.Drive) {
			d.Zero = time.Now().Add(time.Second)
			d.Record = func(record.Sample) {}
			if after == 0 {
				w.links[0].stop() // the order does not arrive
			}
			killed := time.AfterFunc(after+100*time.Microsecond, w.links[0].killed)
			defer killed.Stop()
			again, err = l.Drive(context.Background(), d)
		}
		w.drives(t, 2, []*scenarios.Load{open(100)}, time.Second, nil)
		if err != nil || again.Each[0].Unsent != 50 || again.Each[1].Sent != 50 || !strings.Contains(again.Each[0].Ended, "signal: killed") {
			t.Errorf("killed after %s: %v, %+v", after, err, again.Each)
		}
	}
}

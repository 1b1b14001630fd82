package load_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/load/order"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// asked are all requests as the system got them: what was asked, by its number, with its draws in it.
type asked struct {
	mu   sync.Mutex
	text []string
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.text = append(a.text, fmt.Sprintf("%s %s %s %q %v", r.Header.Get("Squall-Request"), r.Method, r.URL, body, r.Header))
	a.mu.Unlock()
	time.Sleep(3 * time.Millisecond)
	w.Header().Set("Set-Cookie", "visitor=1")
	_, _ = w.Write([]byte(`{"id": 7}`))
}

// loadsOfEveryKind is each kind of load, with all that is drawn for a request.
func loadsOfEveryKind() map[string]*scenarios.Load {
	requests := []scenarios.Request{
		{Send: "GET /a/{k}?n={n}", Weight: 3, Params: map[string]scenarios.Param{"k": {Zipf: 1.1, Of: 50}, "n": {Sequence: true}}},
		{Send: "POST /b/{k}", Body: "{n} {people.name}", Params: map[string]scenarios.Param{"k": {Uniform: true, Of: 9}, "n": {Sequence: true, Of: 5}}},
		{Send: "PUT /w/{write}", Body: "x", Write: &scenarios.Write{ID: "{write}"}},
	}
	people := []*scenarios.Data{{Name: "people", Columns: []string{"name"}, Rows: [][]string{{"ann"}, {"bob"}, {"cyd"}}, By: "random"}}
	load := func(change func(*scenarios.Load)) *scenarios.Load {
		l := open(200)
		l.Requests, l.Data = requests, people
		l.Tenant = &scenarios.Tenant{Param: scenarios.Param{Zipf: 1.2, Of: 20}}
		l.Think = &scenarios.Work{Mean: 20 * time.Millisecond, Shape: "exponential"}
		change(l)
		return l
	}
	steps := []scenarios.Request{{Send: "GET /login"}, {Send: "POST /items/{n}", Body: "{people.name}", Params: map[string]scenarios.Param{"n": {Uniform: true, Of: 1000}}}, {Send: "GET /out"}}
	recorded := make([]scenarios.Recorded, 300)
	for i := range recorded {
		recorded[i] = scenarios.Recorded{At: time.Duration(i/3) * 20 * time.Millisecond, Kind: i % 3, Method: "GET", Target: fmt.Sprint("/r/", i)}
	}
	return map[string]*scenarios.Load{
		"constant": load(func(*scenarios.Load) {}),
		"poisson":  load(func(l *scenarios.Load) { l.Arrivals = "poisson" }),
		"bursty":   load(func(l *scenarios.Load) { l.Arrivals, l.Burst = "bursty", 7 }),
		"ramp":     load(func(l *scenarios.Load) { l.Stages = []scenarios.Stage{{For: 2 * time.Second, From: 10, To: 400}} }),
		"sessions": load(func(l *scenarios.Load) {
			l.Rate, l.Arrivals, l.Session = 40, "poisson", &scenarios.Session{Requests: 5}
		}),
		"steps": load(func(l *scenarios.Load) {
			l.Rate, l.Requests, l.Session = 40, steps, &scenarios.Session{Steps: steps}
		}),
		"users": load(func(l *scenarios.Load) { l.Rate, l.Users = 0, 11 }),
		"user steps": load(func(l *scenarios.Load) {
			l.Rate, l.Users, l.Requests, l.Session = 0, 11, steps, &scenarios.Session{Steps: steps}
		}),
		"replay": load(func(l *scenarios.Load) {
			l.Rate, l.Data, l.Replay = 0, nil, &scenarios.Replay{Requests: recorded}
			l.Requests = []scenarios.Request{{Send: "GET /r/1"}, {Send: "GET /r/2"}, {Send: "GET /r/3"}}
		}),
	}
}

// divided drives a load as so many generators would, each for itself, and gives all that was sent, in the order of the requests' numbers.
func divided(t *testing.T, l *scenarios.Load, generators int, with turns) (text []string, samples []record.Sample) {
	t.Helper()
	for index := range generators {
		var a asked
		got := virtually(t, []*scenarios.Load{l}, 4*time.Second, &a, func(d *runner.Drive, _ *pipes) {
			d.Shard, d.WriteSeed = order.Shard{Of: generators, Index: index}, 7
			d.Edges["users"] = []order.Edge{{Name: "a"}, {Name: "b"}, {Name: "c"}}
			if with == nil {
				return
			}
			d.Course = course.New([]course.Phase{{Name: "a", End: 2 * time.Second}, {Name: "b", Start: 2 * time.Second, End: 4 * time.Second}})
			go func() {
				for _, one := range with {
					time.Sleep(time.Until(d.Zero.Add(one.at)))
					if err := one.do(d.Course, one.at); err != nil {
						t.Errorf("at %s: %v", one.at, err)
					}
				}
			}()
		})
		if got.err != nil {
			t.Fatal(got.err)
		}
		if sent := got.generator.Sent; sent != int64(len(got.samples)) {
			t.Errorf("generator %d of %d says that it sent %d, and gave %d samples", index+1, generators, sent, len(got.samples))
		}
		text, samples = append(text, a.text...), append(samples, got.samples...)
	}
	slices.Sort(text)
	slices.SortFunc(samples, func(a, b record.Sample) int { return cmp.Compare(a.Seq, b.Seq) })
	return text, samples
}

// However many generators there are, the same requests are sent, with the same draws, at the same times, each by one of them; where people steer,
// too.
func TestTheNumberOfGeneratorsChangesNoRequest(t *testing.T) {
	t.Parallel()
	steered := turns{{700*time.Millisecond + 100*time.Microsecond, hold}, {1900*time.Millisecond + 100*time.Microsecond, func(c *course.Course, at time.Duration) error {
		return c.Pace(at, course.Pace{Times: 2}, "users")
	}}, {2500*time.Millisecond + 100*time.Microsecond, goOn}, {3*time.Second + 100*time.Microsecond, end}}
	for name, l := range loadsOfEveryKind() {
		for how, with := range map[string]turns{"straight": nil, "steered": steered} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				want, wanted := divided(t, l, 1, with)
				if len(want) < 200 {
					t.Fatalf("%d requests", len(want))
				}
				for _, n := range []int{2, 4, 8} {
					got, samples := divided(t, l, n, with)
					if !slices.Equal(got, want) {
						t.Errorf("%d generators sent other requests: %d, want %d%s", n, len(got), len(want), firstDifference(want, got))
					}
					for i := range min(len(samples), len(wanted)) {
						a, b := wanted[i], samples[i]
						if a.Seq != b.Seq || a.Intended != b.Intended || a.Request != b.Request || a.Sent != b.Sent || (a.Write != nil && a.Write.ID != b.Write.ID) {
							t.Fatalf("%d generators: request %d is %+v, want %+v", n, i, b, a)
						}
					}
				}
			})
		}
	}
}

func firstDifference(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("; the first other one:\n%s\nwant\n%s", got[i], want[i])
		}
	}
	return ""
}

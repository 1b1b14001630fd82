package engine

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/wire"
)

// What all injections want together is the sum of their behaviours and the least of their limits, and each can be taken
// back on its own.
func TestWishesTogether(t *testing.T) {
	var w wishes
	behave := func(b faults.Behaviour) []faults.Primitive {
		return []faults.Primitive{{Op: faults.OpBehave, Behaviour: &b}}
	}
	w.add("a", behave(faults.Behaviour{Errors: 0.5, Status: 500, Slow: time.Second}))
	w.add("b", behave(faults.Behaviour{Errors: 0.5, Status: 503, Slow: time.Second, Factor: 2}))
	w.add("c", behave(faults.Behaviour{Factor: 3}))
	w.add("d", []faults.Primitive{{Op: faults.OpCPU, CPUs: 0.5}, {Op: faults.OpStop, Untold: true}})
	w.add("e", []faults.Primitive{{Op: faults.OpCPU, CPUs: 0.25}})
	if got, want := w.behaviour(), (faults.Behaviour{Errors: 0.75, Status: 503, Slow: 2 * time.Second, Factor: 6}); got != want {
		t.Errorf("behaviour %+v, want %+v", got, want)
	}
	if got := w.least(2); got != 0.25 {
		t.Errorf("least %g of 2 cores and limits to 0.5 and 0.25", got)
	}
	if !w.want(faults.OpStop) || w.want(faults.OpKill) || w.announced() {
		t.Errorf("a stop that nobody is told of: %+v", w)
	}
	w.drop("e")
	w.drop("a")
	w.drop("a")
	if got, want := w.behaviour(), (faults.Behaviour{Errors: 0.5, Status: 503, Slow: time.Second, Factor: 6}); got != want {
		t.Errorf("without the first: behaviour %+v, want %+v", got, want)
	}
	w.drop("d")
	if got := w.least(0); got != 0 || w.want(faults.OpStop) {
		t.Errorf("without limits: %g cores, %+v", got, w)
	}
}

// Counters add up over an instance's incarnations, gauges are the present one's. An image counts nothing, which is not zero.
func TestCountersOverIncarnations(t *testing.T) {
	i := &instance{}
	read := func(n int64, cpu time.Duration) {
		i.last = runner.NodeCounters{
			Calls:    map[string]wire.CallCounters{"db-1": {Attempts: n, Organic: n, Retries: 1, Failures: 2}},
			Counters: map[string]float64{"squall_requests_total": float64(n), `squall_x_total{a="b"}`: 1, "squall_in_flight": float64(n)},
			CPU:      cpu,
		}
	}
	again := func() {
		i.ended()
		i.restarts++
	}
	i.client = &http.Client{}
	read(3, 0)
	read(10, time.Second)
	again()
	read(5, 2*time.Second)
	again()
	again() // an incarnation that nobody saw
	read(1, time.Second)
	want := runner.NodeCounters{
		Restarts: 3,
		Calls:    map[string]wire.CallCounters{"db-1": {Attempts: 16, Organic: 16, Retries: 3, Failures: 6}},
		Counters: map[string]float64{"squall_requests_total": 16, `squall_x_total{a="b"}`: 3, "squall_in_flight": 1},
		CPU:      4 * time.Second,
	}
	if diff := cmp.Diff(want, i.counters()); diff != "" {
		t.Errorf("counted (-want +got):\n%s", diff)
	}
	image := &instance{before: runner.NodeCounters{CPU: time.Second}, last: runner.NodeCounters{CPU: time.Second}}
	if diff := cmp.Diff(runner.NodeCounters{CPU: 2 * time.Second}, image.counters()); diff != "" {
		t.Errorf("an image counted (-want +got):\n%s", diff)
	}
}

package call

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

// Each letter is one attempt: f failed, s succeeded, x was not let through, a was let through and abandoned; . is a second of waiting.
func TestBreakerSequences(t *testing.T) {
	for _, r := range []struct {
		name     string
		failures float64
		of       int
		sequence string
	}{
		{"one failure of every four is less than half", 0.5, 4, "fsssfsssfsssfsss"},
		{"two of the last four open it", 0.5, 4, "fsssfsfxx"},
		{"it opens before the window is full", 0.5, 4, "ffxx"},
		{"old failures leave the window", 0.5, 4, "fssssfs"},
		{"after its rest one probe", 0.5, 2, "fx..sss"},
		{"a probe that fails starts a new rest", 0.5, 2, "fx..fx.x.fx"},
		{"a closed breaker has forgotten", 0.5, 4, "ffx..sfss"},
		{"an abandoned probe lets the next one try", 0.5, 2, "f..as"},
		{"a share of nothing still needs a failure", 0, 10, "sssfx"},
		{"a share of more than all is all", 2, 2, "fsfsffx"},
	} {
		t.Run(r.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breakerOf(&scenarios.Breaker{Failures: r.failures, Of: r.of, OpenFor: 2 * time.Second}, host.NewMetrics())
				for n, c := range r.sequence {
					if c == '.' {
						time.Sleep(time.Second)
						continue
					}
					leave, ok := b.allow()
					if ok == (c == 'x') {
						t.Fatalf("attempt %d (%c) of %s: let through: %t", n, c, r.sequence, ok)
					}
					switch {
					case !ok:
					case c == 'a':
						b.release(leave)
					default:
						b.record(leave, strings.ContainsRune("f", c))
					}
				}
			})
		})
	}
}

// While a probe is on its way nothing else passes.
func TestBreakerProbesOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breakerOf(&scenarios.Breaker{Failures: 1, Of: 1, OpenFor: time.Second}, host.NewMetrics())
		leave, _ := b.allow()
		b.record(leave, true)
		time.Sleep(time.Second)
		probe, ok := b.allow()
		if !ok {
			t.Fatal("the probe was not let through")
		}
		if _, ok := b.allow(); ok {
			t.Error("a second attempt was let through beside the probe")
		}
		b.record(probe, false)
		if _, ok := b.allow(); !ok {
			t.Error("it stayed open after a good probe")
		}
	})
}

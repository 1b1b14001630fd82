package topology

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/scenarios"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWriteText(t *testing.T) {
	rich := with(
		faults.Fault{Name: "slow payments", Kind: faults.Latency{Delay: 800 * time.Millisecond, Jitter: 200 * time.Millisecond}, On: between(named("orders"), named("payments")), At: 5 * time.Second, For: 10 * time.Second},
		faults.Fault{Kind: faults.Partition{How: "refuse"}, On: faults.Selector{Edge: &faults.EdgeSelector{From: named("catalog"), To: named("db"), Both: true}}},
		faults.Fault{Kind: faults.Crash{RestartAfter: 2500 * time.Millisecond}, On: faults.Selector{Name: "catalog", Share: 0.5}},
		faults.Fault{Kind: faults.CPU{Share: 0.25}, On: named("orders")},
		faults.Fault{Kind: faults.Errors{Share: 0.3}, On: named("payments-2")},
		faults.Fault{Kind: faults.Pause{}, On: named("api"), At: 29 * time.Second, For: 3 * time.Second},
	)
	rich.About, rich.Variant = "Everything goes wrong at once, which a plan has to show without losing anybody on the way to its last line.", "worst"
	rich.Phases[2].Faults = []faults.Fault{{Kind: faults.Slow{Factor: 3}, On: faults.Selector{Role: "service"}, At: 5 * time.Second}}
	rich.Loads = append(rich.Loads,
		&scenarios.Load{Name: "visitors", To: "edge", Session: &scenarios.Session{Requests: 5}, Think: &scenarios.Work{Mean: time.Second}, Arrivals: "poisson",
			Stages:   []scenarios.Stage{{For: 20 * time.Second, Rate: 2}, {For: 20 * time.Second, To: 12}},
			Requests: []scenarios.Request{{Send: "GET /catalog/{item}"}}},
		&scenarios.Load{Name: "robots", To: "api", Users: 4, Requests: []scenarios.Request{{Send: "GET /catalog/{item}"}}})
	tests := map[string]*scenarios.Scenario{"plain": shop(), "rich": rich}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := plan(t, s).WriteText(&got); err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(got.String(), "\n") {
				if n := len([]rune(line)); n > width {
					t.Errorf("line %d is %d characters long: %s", i+1, n, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("line %d ends with blanks", i+1)
				}
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestManyPhasesFitALine: where a column for each phase would not fit, the table has the whole run only.
func TestManyPhasesFitALine(t *testing.T) {
	s := shop()
	for range 20 {
		s.Phases = append(s.Phases, &scenarios.Phase{Name: "one more", For: time.Second})
	}
	var got bytes.Buffer
	if err := plan(t, s).WriteText(&got); err != nil {
		t.Fatal(err)
	}
	want := "  load      request              share    all\n  shoppers  GET /catalog/{item}    90%  8,100\n  shoppers  POST /orders/{id}      10%    900\n"
	if !strings.Contains(got.String(), want) {
		t.Error(got.String())
	}
}

// A warm-up of 0s is none; one that is not given is 2s.
func TestWarmUp(t *testing.T) {
	for _, test := range []struct {
		given *time.Duration
		want  time.Duration
	}{{nil, 2 * time.Second}, {new(time.Duration(0)), 0}, {new(-time.Second), 0}, {new(3 * time.Second), 3 * time.Second}} {
		s := shop()
		s.WarmUp = test.given
		if got := s.WarmUpTime(); got != test.want {
			t.Errorf("%v: %s, want %s", test.given, got, test.want)
		}
		var text strings.Builder
		if err := plan(t, s).WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text.String(), "warm-up") != (test.want > 0) {
			t.Errorf("a warm-up of %s is planned as\n%s", test.want, text.String())
		}
	}
}

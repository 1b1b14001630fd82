package sweep

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/squallhq/squall/report/answer"
	"github.com/squallhq/squall/scenarios/metric"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"a.rate=80/s..400/s:5":  "80/s 160/s 240/s 320/s 400/s",
		"a.work=500us..2ms:4":   "500µs 1ms 1.5ms 2ms",
		"a.replicas=3..1:3":     "3 2 1",
		"a.loss=0%..1%:3":       "0% 0.5% 1%",
		"a.work=0.1s..0.3s:3":   "100ms 200ms 300ms",
		"GET /a.b=0.1/s..1/s:4": "0.1/s 0.4/s 0.7/s 1/s",
	} {
		r, is, err := Parse(set)
		var got []string
		for _, v := range r.Values {
			got = append(got, v.Text)
		}
		if !is || err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v, %v, want %s", set, got, is, err, want)
		}
	}
	for _, set := range []string{"a=1..2", "a=1..2:1", "a=1..2:201", "a=1/s..2:3", "a=1..1:3", "a=x..2:3", "a=1ms..2:3", "a=1..2:x"} {
		if _, is, err := Parse(set); !is || err == nil || !strings.Contains(err.Error(), "write PATH=FROM..TO:COUNT") {
			t.Errorf("%s: %v, %v", set, is, err)
		}
	}
	for _, set := range []string{"a=1", "a={b: c}", "a"} {
		if _, is, err := Parse(set); is || err != nil {
			t.Errorf("%s is a range: %v", set, err)
		}
	}
}

func points(rounds ...[]float64) (line []Point) {
	for i := range rounds[0] {
		var p Point
		for _, r := range rounds {
			if math.IsNaN(r[i]) {
				p.Rounds = append(p.Rounds, nil)
			} else {
				p.Rounds = append(p.Rounds, &r[i])
			}
		}
		line = append(line, p)
	}
	return line
}

func latency(limit float64, line []Point) *Curve {
	return &Curve{Name: "p99 of all in steady", Metric: metric.P99, Limit: &limit, Op: "<", Lines: [][]Point{line}}
}

// A crossing lies on the straight line between two medians, with where single rounds cross beside it; next to what is unknown there is none.
func TestCrossings(t *testing.T) {
	t.Parallel()
	along, _, _ := Parse("load.users.rate=100/s..400/s:4")
	c := latency(.1, points([]float64{.02, .04, .16, .9}, []float64{.02, .05, .17, .9}, []float64{.02, .08, .18, .9}))
	got := c.Crossings(c.Lines[0], along.Values)
	if len(got) != 1 || math.Abs(got[0].At-(200+100*(.05/.12))) > 1e-9 || got[0].After != 200 || got[0].Before != 300 || !got[0].Breaks || got[0].In != 3 ||
		math.Abs(got[0].Low-220) > 1e-9 || math.Abs(got[0].High-250) > 1e-9 {
		t.Errorf("%+v", got)
	}
	if said := c.sentence(c.Lines[0], along, ""); said != "p99 of all in steady breaks < 100 ms from 241.7/s on (between 200/s and 300/s; single rounds: 220/s to 250/s, in 3 of 3)" {
		t.Error(said)
	}
	for said, line := range map[string][]Point{
		"keeps to < 100 ms from 100/s to 400/s":                     points([]float64{.01, .02, .03, .04}),
		"never keeps to < 100 ms from 100/s to 400/s":               points([]float64{.2, .2, .3, .4}),
		"can't be told: unknown at 1 of 4 values":                   points([]float64{.01, math.NaN(), .2, .2}),
		"from 150/s on (between 100/s and 200/s); then it keeps to": points([]float64{0, .2, 0, 0}),
	} {
		if got := latency(.1, line).sentence(line, along, ""); !strings.Contains(got, said) {
			t.Errorf("%s, want %s", got, said)
		}
	}
}

// A grid has a table for each figure and a line of its curve for each value of the second range; what is unknown is no 0.
func TestGrid(t *testing.T) {
	t.Parallel()
	along, _, _ := Parse("load.users.rate=100/s..400/s:4")
	across, _, _ := Parse("topology.shop.replicas=1..2:2")
	c := latency(.1, points([]float64{.02, .04, .16, .9}))
	c.Lines = append(c.Lines, points([]float64{.01, .02, .03, math.NaN()}))
	s := &Sweep{Scenario: "shop", Along: along, Across: &across, Seeds: []uint64{1}, Curves: []*Curve{c}}
	var out bytes.Buffer
	if err := answer.Terminal(&out, s.Answer(), 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"p99 of all in steady at topology.shop.replicas=1 breaks < 100 ms from 250/s on (between 200/s and 300/s)",
		"topology.shop.replicas=2 against < 100 ms can't be told: unknown at 1 of 4", "✗ 900 ms", "unknown", "┊", "─", "b topology.shop.replicas=2"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
	d := s.Document()
	if len(d.Axes) != 2 || len(d.Curves[0].Points) != 8 || d.Curves[0].Points[7].Median != nil || d.Curves[0].Points[7].Holds != nil || len(d.Curves[0].Crossings) != 1 {
		t.Errorf("%+v", d)
	}
}

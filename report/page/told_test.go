package page

import (
	"strings"
	"testing"
)

// What an image tells itself is drawn under its own names: what only grows by the second, by its type where its name does not say so, what
// stands as it is; what never moves stands in the table alone, with what was left out.
func TestWhatImagesTellIsDrawn(t *testing.T) {
	t.Parallel()
	r := small.result(t)
	n := &r.Nodes[0]
	n.Types = map[string]string{"visits": "counter"}
	n.LeftOut, n.Absent = []string{"go_threads"}, []string{"nowhere"}
	n.Counters = map[string]float64{`visits{page="a"}`: 10, "depth": 3, "still": 7}
	for i := range r.Series {
		of := r.Series[i].Nodes[n.Instance]
		of[`visits{page="a"}`], of["depth"], of["still"] = float64(2+i%3), float64(i%5), 7
	}
	text := rendered(t, r)
	for _, want := range []string{`visits{page=&#34;a&#34;}`, ">depth<", "go_threads", "never told nowhere"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	m := members(r)[0]
	line, err := newTimeline(r)
	if err != nil {
		t.Fatal(err)
	}
	charts := m.told(readings{line, r.Series}, &sheet{})
	var titles []string
	for _, c := range charts {
		titles = append(titles, c.title)
		if unit := c.series[0].unit; (unit == "/s") != strings.HasPrefix(c.title, "visits") {
			t.Errorf("%s is drawn in %q", c.title, unit)
		}
	}
	if got := strings.Join(titles, " "); got != `depth visits{page="a"}` {
		t.Errorf("drawn are %s", got)
	}
}

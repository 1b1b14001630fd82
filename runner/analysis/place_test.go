package analysis_test

import (
	"testing"
	"time"

	"github.com/squallhq/squall/internal/passage"
	"github.com/squallhq/squall/runner/analysis"
)

// Each violation is found, and named.
func TestPlaces(t *testing.T) {
	good := analysis.Place{
		Where:  "api-1 in steady",
		Stays:  passage.Reading{In: 100, Out: 97, Inside: 2, Lost: 1, Area: 100 * time.Second, Took: 90 * time.Second, LostAges: 4 * time.Second, Ages: 6 * time.Second},
		Counts: []analysis.Count{{What: "its metric counts requests:", N: 100, Least: 100, Most: 100}, {What: "requests are", N: 100, Least: 99, Most: 103}},
	}
	change := func(f func(*analysis.Place)) analysis.Place {
		p := good
		p.Counts = append([]analysis.Count{}, good.Counts...)
		f(&p)
		return p
	}
	elsewhere := 97 * time.Second
	for _, c := range []struct {
		name         string
		place        analysis.Place
		flow, little string // what is said, "" where it holds
	}{
		{"good", good, "", ""},
		{"one left twice", change(func(p *analysis.Place) { p.Stays.Out++ }), "api-1 in steady: 100 came, 98 left, 2 more are inside, 1 were lost in a crash", ""},
		{"one is nowhere", change(func(p *analysis.Place) { p.Stays.Inside-- }), "api-1 in steady: 100 came, 97 left, 1 more are inside, 1 were lost in a crash", ""},
		{"another counts one more", change(func(p *analysis.Place) { p.Counts[0].N++ }), "api-1 in steady: its metric counts requests: 101, which is not 100", ""},
		{"which may be, on sockets", change(func(p *analysis.Place) { p.Counts[0].N++; p.Skewed = 1 }), "", ""},
		{"fewer came than were answered", change(func(p *analysis.Place) { p.Counts[1].Least = 101 }), "api-1 in steady: requests are 100, which is not 101 to 103", ""},
		{"more came than the mesh saw", change(func(p *analysis.Place) { p.Counts[1].Most = 99 }), "api-1 in steady: requests are 100, which is not 99", ""},
		{"the integral is 3 % more", change(func(p *analysis.Place) { p.Stays.Area += 3100 * ms }), "", "api-1 in steady: the number inside adds up to 103.100 s over time, the stays of each one to 100.000 s"},
		{"1.9 % is within", change(func(p *analysis.Place) { p.Stays.Area += 1900 * ms }), "", ""},
		{"the stays of others are 7 % more", change(func(p *analysis.Place) { p.Took = &elsewhere }), "", "api-1 in steady: the number inside adds up to 100.000 s over time, the stays of each one to 107.000 s"},
		{"a place that nobody came to", analysis.Place{Where: "idle"}, "", ""},
	} {
		for what, check := range map[string]struct {
			got  func([]analysis.Place) (bool, string)
			want string
		}{
			"flow": {func(all []analysis.Place) (bool, string) { f := analysis.PlacesCheck(all); return f.OK, f.Text }, c.flow},
			"Little": {func(all []analysis.Place) (bool, string) {
				f := analysis.LittlePlacesCheck(all)
				return f.OK, f.Text
			}, c.little},
		} {
			ok, text := check.got([]analysis.Place{good, c.place})
			if ok != (check.want == "") || !ok && text != check.want {
				t.Errorf("%s, %s: %t, %q, want %q", c.name, what, ok, text, check.want)
			}
		}
	}
	if analysis.PlacesCheck(nil) != nil || analysis.LittlePlacesCheck(nil) != nil {
		t.Error("there is a check without a place")
	}
}

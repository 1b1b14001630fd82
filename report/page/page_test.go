package page

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/squallhq/squall/runner/record"
)

var small = run{seconds: 30, kinds: 2, nodes: 3, replicas: 2, rate: 40}

// part is one start tag of a page and the text right below it.
type part struct {
	name       string
	attributes map[string]string
	text       string
}

// parts reads a page as a browser does, and fails where an element is not closed where it was opened.
func parts(t *testing.T, page string) []part {
	t.Helper()
	var all []part
	var open []int
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("the page ends within <%s>", all[open[len(open)-1]].name)
			}
			return all
		case html.StartTagToken:
			token := z.Token()
			p := part{name: token.Data, attributes: map[string]string{}}
			for _, a := range token.Attr {
				if _, twice := p.attributes[a.Key]; twice {
					t.Errorf("<%s> has %s twice", p.name, a.Key)
				}
				p.attributes[a.Key] = a.Val
			}
			all = append(all, p)
			if !empty[token.Data] {
				open = append(open, len(all)-1)
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || all[open[len(open)-1]].name != name {
				t.Fatalf("</%s> closes nothing that was opened last", name)
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if len(open) > 0 {
				all[open[len(open)-1]].text += z.Token().Data
			}
		}
	}
}

func TestThePageHasEverySectionAndChart(t *testing.T) {
	var ids, headings []string
	seen := map[string]bool{}
	for _, p := range parts(t, rendered(t, small.result(t))) {
		id := p.attributes["id"]
		if seen[id] && id != "" {
			t.Errorf("two elements have the id %q", id)
		}
		seen[id] = true
		switch {
		case p.name == "section" && p.attributes["class"] == "", p.name == "figure" && id != "":
			ids = append(ids, id)
		case p.name == "h2":
			headings = append(headings, p.text)
		}
	}
	want := []string{"findings", "summary", "time", "users-0", "users-1", "goodput", "outcomes", "latency", "heat", "edge-0", "edge-1",
		"inside-0-0", "inside-0-1", "inside-0-2", "inside-0-3", "inside-1-0", "inside-1-1", "inside-1-2", "inside-1-3", "inside-2-0", "inside-2-1", "inside-2-2", "inside-2-3",
		"topology", "blast", "hops", "requests", "edges", "receipts", "honesty", "events", "scenario", "environment"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("sections and charts, in order (-want +got):\n%s", diff)
	}
	wantHeadings := []string{"Why", "What was done, and what users felt", "Expectations", "Over time", "Topology", "Who felt what", "Hop by hop", "Requests by phase", "Edges, queues and caches", "Receipts",
		"Can it be believed?", "What happened", "The scenario as run", "Environment"}
	if diff := cmp.Diff(wantHeadings, headings); diff != "" {
		t.Errorf("headings, in order (-want +got):\n%s", diff)
	}
}

// Whatever a run calls its things, they are text: the same elements with the same attributes as with plain names.
func TestNamesStayText(t *testing.T) {
	shape := func(names string) (shape []string, text string) {
		s := small
		s.names = names
		for _, p := range parts(t, rendered(t, s.result(t))) {
			keys := make([]string, 0, len(p.attributes))
			for key, value := range p.attributes {
				keys = append(keys, key)
				text += value + "\n"
			}
			slices.Sort(keys)
			shape = append(shape, p.name+" "+strings.Join(keys, " "))
			if p.name != "script" && p.name != "style" {
				text += p.text + "\n"
			}
		}
		return shape, text
	}
	plain, _ := shape("Q")
	got, text := shape(nasty)
	if diff := cmp.Diff(plain, got); diff != "" {
		t.Errorf("names changed the page's elements (-plain +nasty):\n%s", diff)
	}
	for _, said := range []string{"made up" + nasty, "node0" + nasty, "GET /0/" + nasty, "outage" + nasty, "503" + nasty, "it retries" + nasty, "3.0 attempts" + nasty, "by hand (toxiproxy's API" + nasty, "scenario: made up" + nasty, "note" + nasty} {
		if !strings.Contains(text, said) {
			t.Errorf("the page does not say %q", said)
		}
	}
}

func TestThePolicyLetsInThisPageAlone(t *testing.T) {
	s := small
	s.names = nasty
	page := rendered(t, s.result(t))
	var policy, style, script string
	count := map[string]int{}
	for _, p := range parts(t, page) {
		count[p.name]++
		switch {
		case p.attributes["http-equiv"] == "Content-Security-Policy":
			policy = p.attributes["content"]
		case p.name == "style":
			style = p.text
		case p.name == "script":
			script = p.text
		}
		for name, value := range p.attributes {
			if name == "style" || strings.HasPrefix(name, "on") || name == "src" || name == "srcset" || name == "action" {
				t.Errorf("<%s %s=%q>: the page's policy forbids it", p.name, name, value)
			}
			if (name == "href" || name == "xlink:href") && !strings.HasPrefix(value, "#") {
				t.Errorf("<%s> leads to %q, out of the page", p.name, value)
			}
		}
	}
	hash := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash(style) + "; script-src " + hash(script) + "; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("policy\n%s\nwant that of what is in the page\n%s", policy, want)
	}
	if count["style"] != 1 || count["script"] != 1 || count["link"]+count["img"]+count["iframe"]+count["object"]+count["base"] != 0 {
		t.Errorf("elements %v; want one style, one script and nothing that loads", count)
	}
	for _, outside := range regexp.MustCompile(`(?i)@import|url\(|https?://[^"'\s]*|fetch\(|XMLHttpRequest|sendBeacon|import\(|\beval\b|new Function`).FindAllString(style+script, -1) {
		if outside != "http://www.w3.org/2000/svg" { // a name, not an address that is asked
			t.Errorf("style or script has %q", outside)
		}
	}
	if strings.Contains(script, "</") && strings.Contains(strings.ToLower(script), "</script") {
		t.Error("the script would end itself")
	}
}

// An artifact goes with every run of a pipeline: however long the run was, the page stays small.
func TestThePageStaysSmall(t *testing.T) {
	for _, s := range []run{
		{seconds: 600, kinds: 5, nodes: 12, replicas: 2, rate: 200}, // 10 minutes at 1,000/s
		{seconds: 3600, kinds: 3, nodes: 12, replicas: 3, rate: 20},
	} {
		most := 1_000_000
		if s.seconds > 600 {
			most = 1_200_000
		}
		if testing.Short() && s.seconds > 600 {
			continue // minutes under the race detector
		}
		r := s.result(t)
		r.Traced = slices.Repeat(r.Traced, 100) // as many as a run keeps
		size := len(rendered(t, r))
		t.Logf("%d s, %d kinds of request, %d instances: %d bytes", s.seconds, s.kinds, s.nodes*s.replicas, size)
		if size > most {
			t.Errorf("the page of a run of %d s has %d bytes, more than %d", s.seconds, size, most)
		}
	}
}

// A record that has next to nothing (a run that was interrupted at once, one from before series) has a page too.
func TestLittleIsEnough(t *testing.T) {
	bare := small.result(t)
	bare.Windows, bare.Series, bare.Faults, bare.Actions, bare.Expectations, bare.AsRun = nil, nil, nil, nil, nil, ""
	for i := range bare.Phases {
		bare.Phases[i].Edges = nil
	}
	for name, r := range map[string]*record.Result{"nothing": {Verdict: record.Inconclusive}, "no series": bare} {
		page := rendered(t, r)
		parts(t, page)
		if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
			t.Errorf("%s: the page has a figure that is none", name)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	for name, s := range map[string]run{
		"1min":  {seconds: 60, kinds: 5, nodes: 12, replicas: 2, rate: 200},
		"10min": {seconds: 600, kinds: 5, nodes: 12, replicas: 2, rate: 200},
		"60min": {seconds: 3600, kinds: 5, nodes: 12, replicas: 2, rate: 200},
	} {
		b.Run(name, func(b *testing.B) {
			r := s.result(b)
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				size = len(rendered(b, r))
			}
			b.ReportMetric(float64(size), "page-bytes")
		})
	}
}

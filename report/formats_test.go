package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// hostile is a run whose names hold what each format uses itself.
func hostile() *record.Result {
	r := healthy()
	r.Scenario, r.Variant, r.File, r.Command = "a|b <x> & \"c\"", "v_1*", "in/shop.yaml", "squall run `x`"
	r.About = "line one\nline | two @team #7"
	for range markdownMost + 2 {
		r.Findings = append(r.Findings, record.Finding{Kind: "retry amplification", Where: "a|b", Lost: 7, Evidence: []string{"3.0 attempts | each"},
			Who: []string{"users: GET /a|b"}, Spread: []record.Worsened{{Where: "a|b", AtS: 3, What: "slow"}}, Because: "each <layer> retries", Try: []record.Remedy{{Pattern: "retry-budget", About: "bounds it"}}})
	}
	r.Phases[0].Requests[0].Request = "GET /a|b`c\x01\n"
	Judge(r, &scenarios.Scenario{Expect: []scenarios.Expectation{
		{Text: "in: steady, success >= 1%", In: "steady", Bounds: bound(metric.Success, ">=", .01), Line: 3, Column: 5},
		{Text: "in: slow, p99 < 1ms | \"x\"", In: "slow", Bounds: bound(metric.P99, "<", .001), Line: 4, Column: 5},
		{Text: "in: nowhere, p99 < 1ms", In: "nowhere", Bounds: bound(metric.P99, "<", .001), Line: 5, Column: 5},
	}})
	return r
}

// Every report for people, and CI's, says what a scenario says of itself, and what people did to its run.
func TestReportsTellOfGameDays(t *testing.T) {
	t.Parallel()
	r := healthy()
	r.Hypothesis, r.Owner, r.Runbook = "users notice nothing", "team-shop", "https://wiki.example.com/shop"
	r.Actions = []record.Action{{AtS: 3, Who: record.ByHand, Person: "ann", Door: "squall ctl", What: "hold", On: "phase slow", Phase: "slow", UndoneS: ref(9.)}}
	r.Events = append(r.Events, record.Event{AtS: 4, Kind: "mark", Text: "failover (by ann, squall ctl)"})
	Judge(r, &scenarios.Scenario{})
	var drawn bytes.Buffer
	if err := htmlFormat.Render(&drawn, r); err != nil || !strings.Contains(drawn.String(), `class="border mark"`) || !strings.Contains(drawn.String(), "<title>failover (by ann, squall ctl)</title>") {
		t.Errorf("the page does not draw the mark: %v", err)
	}
	for name, render := range map[string]Renderer{"terminal": Terminal, "markdown": Markdown, "page": htmlFormat.Render, "junit": junitFormat.Render} {
		var b bytes.Buffer
		if err := render(&b, r); err != nil {
			t.Fatal(err)
		}
		words := regexp.MustCompile(`<[^>]*>|\\|\s+`).ReplaceAllString(b.String(), " ")
		if name == "junit" {
			words = b.String()
		}
		for _, want := range []string{r.Hypothesis, r.Owner, "wiki.example.com", "ann", "hold"} {
			if !strings.Contains(words, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
}

// Every line of a table has as many cells as its header, whatever names hold, and nothing in them is markup.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Markdown(&b, hostile()); err != nil {
		t.Fatal(err)
	}
	cells, tables := 0, 0
	unescaped := regexp.MustCompile(`(^|[^\\])\|`)
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := len(unescaped.FindAllString(line, -1))
		if cells == 0 {
			cells, tables = n, tables+1
		}
		if n != cells || !strings.HasSuffix(line, "|") {
			t.Errorf("%d cells, the header has %d: %s", n, cells, line)
		}
	}
	if tables != 3 {
		t.Errorf("%d tables of expectations, phases and faults in\n%s", tables, b.String())
	}
	for _, want := range []string{"### ❌ fail: a\\|b &lt;x&gt; &amp; \"c\" / v\\_1\\*\n", "&#64;team", "&#35;7", "line one<br>line", "| ✗ | in: slow, p99 &lt; 1ms \\| \"x\" |", "Again: `` squall run `x` ``",
		"\n**retry amplification: a\\|b** 7 requests lost or late over the whole run, of `GET /a|b`, because each &lt;layer&gt; retries\n\n- 3.0 attempts \\| each\n- spread: a\\|b at 3.0 s (slow)\n- try `retry-budget`: bounds it\n", "\nand 2 more findings"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %q in\n%s", want, b.String())
		}
	}
	if n := strings.Count(b.String(), "spread:"); n != 1 {
		t.Errorf("how it spread is said %d times of %d findings by which it did in one way", n, markdownMost)
	}
}

// The rules of the schema that Jenkins publishes (junit-10.xsd of its xUnit plugin): of each element that we may write its attributes, those of
// them that it needs, and what may stand in it.
var junitRules = map[string]struct{ attributes, needed, within []string }{
	"testsuites": {[]string{"name", "time", "tests", "failures", "errors"}, nil, []string{"testsuite"}},
	"testsuite": {[]string{"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
		[]string{"name", "tests", "failures", "errors"}, []string{"testsuite", "properties", "testcase", "system-out", "system-err"}},
	"properties": {nil, nil, []string{"property"}},
	"property":   {[]string{"name", "value"}, []string{"name", "value"}, nil},
	"testcase": {[]string{"name", "time", "classname", "group"}, []string{"name"},
		[]string{"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out", "system-err"}},
	"failure":    {[]string{"type", "message"}, nil, nil},
	"error":      {[]string{"type", "message"}, nil, nil},
	"skipped":    {[]string{"type", "message"}, nil, nil},
	"system-out": {}, "system-err": {},
}

// Of these alone the schema says how their time is written.
var junitTimes = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)

// validJUnit tells what breaks the schema's rules.
func validJUnit(t *testing.T, data []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var open []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, data)
		}
		switch e := token.(type) {
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.StartElement:
			name := e.Name.Local
			rule, known := junitRules[name]
			if !known || len(open) == 0 && name != "testsuites" || len(open) > 0 && !slices.Contains(junitRules[open[len(open)-1]].within, name) {
				t.Errorf("<%s> in %v", name, open)
			}
			var has []string
			for _, a := range e.Attr {
				has = append(has, a.Name.Local)
				if !slices.Contains(rule.attributes, a.Name.Local) {
					t.Errorf("<%s> has no attribute %s", name, a.Name.Local)
				}
				if a.Name.Local == "time" && name != "testcase" && !junitTimes.MatchString(a.Value) {
					t.Errorf("<%s time=%q>", name, a.Value)
				}
			}
			for _, needed := range rule.needed {
				if !slices.Contains(has, needed) {
					t.Errorf("<%s> needs %s", name, needed)
				}
			}
			open = append(open, name)
		}
	}
}

// A case an expectation and one for the run; what does not hold is a failure, what can't be told an error, and GitLab, which does not show
// message=, finds both in the text.
func TestJUnit(t *testing.T) {
	t.Parallel()
	doubtful := healthy()
	doubtful.Checks[0].OK = false
	Judge(doubtful, &scenarios.Scenario{Expect: []scenarios.Expectation{{Text: "in: steady, success >= 1%", Bounds: bound(metric.Success, ">=", .01)}}})
	var b bytes.Buffer
	if err := JUnit(&b, hostile(), doubtful); err != nil {
		t.Fatal(err)
	}
	validJUnit(t, b.Bytes())
	var got junitSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 6 || got.Failures != 1 || got.Errors != 2 || got.Suites[0].Tests != 4 || got.Suites[1].Errors != 1 {
		t.Errorf("%d tests, %d failures, %d errors in\n%s", got.Tests, got.Failures, got.Errors, b.String())
	}
	cases := got.Suites[0].Cases
	if f := cases[1].Failure; f == nil || f.Message != "measured p99 812 ms" || f.Text != "in/shop.yaml:4:5: measured p99 812 ms" {
		t.Errorf("the failure is %+v", f)
	}
	if e := cases[2].Error; e == nil || !strings.HasPrefix(e.Text, "in/shop.yaml:5:5: can't be told: ") || cases[3].Error != nil {
		t.Errorf("what can't be told is %+v, the run's own %+v", e, cases[3].Error)
	}
	if e := got.Suites[1].Cases[1].Error; e == nil || e.Message != "generator: late by 1 ms at p99" {
		t.Errorf("a run in doubt is %+v", e)
	}
}

// Each sample is a name, labels and a number, those of a family stand together under its type, and EOF ends it. What is unknown is absent.
func TestOpenMetrics(t *testing.T) {
	t.Parallel()
	r := hostile()
	r.Phases[0].Requests[0].AnswerMs = &record.Latency{Count: 60, P50: 5, P90: 6, P99: 20}
	r.Phases[1].Requests[0].AnswerMs.Count = 60
	r.Faults[0].RecoveredAfterS = nil
	var b bytes.Buffer
	if err := OpenMetrics(&b, r); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	sample := regexp.MustCompile(`^([a-z_]+)\{([a-z]+="([^"\\]|\\["\\n])*"(,|\}))+ -?[0-9.e+-]+$`)
	family := ""
	for _, line := range lines[:len(lines)-1] {
		if named, is := strings.CutPrefix(line, "# TYPE "); is {
			family = strings.TrimSuffix(named, " gauge")
			continue
		}
		if strings.HasPrefix(line, "# UNIT ") || strings.HasPrefix(line, "# HELP ") {
			continue
		}
		if m := sample.FindStringSubmatch(line); m == nil || m[1] != family {
			t.Errorf("under %s: %s", family, line)
		}
	}
	if lines[len(lines)-1] != "# EOF" {
		t.Errorf("it ends with %q", lines[len(lines)-1])
	}
	for _, want := range []string{
		`squall_verdict{scenario="a|b <x> & \"c\"",variant="v_1*",engine="process",verdict="fail"} 1`, `outcome="degraded"} 0.09`, `quantile="0.99"} 0.02`, `expectation="in: steady, success >= 1%",number="1"} 1`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("there is no %s in\n%s", want, b.String())
		}
	}
	for _, unknown := range []string{"nowhere", "squall_recovered_after_seconds", `"0.999"`} {
		if strings.Contains(b.String(), unknown) {
			t.Errorf("%s is unknown, and is in\n%s", unknown, b.String())
		}
	}
}

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/report/words"
	"github.com/squallhq/squall/runner/record"
)

var junitFormat = Format{Name: "junit", File: "junit.xml", Render: func(w io.Writer, r *record.Result) error { return JUnit(w, r) }}

// The elements of JUnit's reports that Jenkins' schema (junit-10.xsd of its xUnit plugin) has, as far as they are used. Their order and
// names are that schema's.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Time     string       `xml:"time,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure,omitempty"`
		Error   *junitProblem `xml:"error,omitempty"`
		Out     string        `xml:"system-out,omitempty"`
	}
	// junitProblem says the same in its attribute and its text: GitLab shows the text alone, Jenkins both.
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes runs as JUnit's XML: a suite a run, a case an expectation, and one for the run itself. An expectation that does not hold is a
// failure, one that can't be told an error and never skipped: what CI skips is green, and nothing was shown.
func JUnit(w io.Writer, runs ...*record.Result) error {
	all := junitSuites{Name: "squall"}
	var seconds float64
	for _, r := range runs {
		s := junitSuiteOf(r)
		all.Suites = append(all.Suites, s)
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
		seconds += r.DurationS
	}
	all.Time = junitSeconds(seconds)
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitSuiteOf(r *record.Result) junitSuite {
	s := junitSuite{Name: words.Title(r), Time: junitSeconds(r.DurationS), Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), File: r.File,
		Properties: []junitProperty{{"engine", r.Engine}, {"seed", strconv.FormatUint(r.Seed, 10)}, {"run", r.Run}, {"verdict", string(r.Verdict)}, {"command", r.Command}}}
	for _, p := range words.Particulars(r) {
		s.Properties = append(s.Properties, junitProperty{p[0], p[1]})
	}
	class := strings.ReplaceAll(r.Scenario, ".", "_") // a dot makes a package of what stands before it
	if r.Variant != "" {
		class += "." + strings.ReplaceAll(r.Variant, ".", "_")
	}
	for _, e := range r.Expectations {
		c := junitCase{Class: class, Name: e.Text, Time: junitSeconds(junitTime(r, e)), Out: words.Measured(e)}
		switch place := placeOf(r, e); {
		case e.Holds == nil:
			c.Error = junitSays("inconclusive", "can't be told: "+words.Measured(e), place)
		case !*e.Holds && r.ShouldFail:
			c.Out = "did not hold, as it should: " + words.Measured(e)
		case !*e.Holds:
			c.Failure = junitSays("expectation", "measured "+words.Measured(e), place)
		}
		s.add(c)
	}
	itself := junitCase{Class: class, Name: "the run shows what it measured", Time: "0"}
	if trip := r.Aborted(); trip != nil && r.ShouldFail {
		itself.Out = "ended as its abort_when says, and should fail: " + cutShort(r.PartialWhy)
	} else if trip != nil {
		place := ""
		if r.File != "" && trip.Line > 0 {
			place = fmt.Sprintf("%s:%d:%d", r.File, trip.Line, trip.Column)
		}
		itself.Failure = junitSays("abort_when", cutShort(r.PartialWhy), place)
	} else if doubts := doubts(r); len(doubts) > 0 {
		itself.Error = junitSays("inconclusive", strings.Join(doubts, "; "), "")
	} else if len(r.Expectations) == 0 {
		itself.Error = junitSays("inconclusive", strings.Join(r.Reasons, "; "), "")
	}
	s.add(itself)
	if r.ShouldFail {
		c := junitCase{Class: class, Name: "the variant fails, as it should (expect: fail)", Time: "0"}
		if exit, why := (Group{Runs: []*record.Result{r}}).Exit(); exit == ExitFail {
			c.Failure = junitSays("expectation", why, "")
		} else if exit != ExitPass {
			c.Error = junitSays("inconclusive", why, "")
		}
		s.add(c)
	}
	return s
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
}

func junitSays(kind, message, place string) *junitProblem {
	text := message
	if place != "" {
		text = place + ": " + message
	}
	return &junitProblem{Type: kind, Message: message, Text: text}
}

// placeOf is where an expectation stands, as file:line:column.
func placeOf(r *record.Result, e record.Expectation) string {
	if r.File == "" || e.Line == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d:%d", r.File, e.Line, e.Column)
}

// junitTime is how long the phases took that an expectation is about.
func junitTime(r *record.Result, e record.Expectation) float64 {
	var sum float64
	for _, p := range r.Phases {
		if within(e.In, p.Name) {
			sum += p.EndS - p.StartS
		}
	}
	return sum
}

func junitSeconds(s float64) string {
	return strconv.FormatFloat(time.Duration(s*float64(time.Second)).Round(time.Millisecond).Seconds(), 'f', 3, 64)
}

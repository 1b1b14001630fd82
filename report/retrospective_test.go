package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// gameDay is a run that people took part in, whose names hold what Markdown uses itself.
func gameDay() *record.Result {
	r := hostile()
	r.Hypothesis, r.Owner, r.Runbook = "users | notice nothing", "team-shop", "docs/shop.md"
	r.Events = []record.Event{{AtS: 0, Kind: "phase", Text: "phase steady, for 10s"}, {AtS: 10, Kind: "fault", Text: "lag: on"}, {AtS: 20, Kind: "undo", Text: "lag: off"},
		{AtS: 12.5, Kind: "said", Text: "the pager rang | at last (by ann, squall ctl)"}, {AtS: 13, Kind: "node", Text: `instance "b-1" ended by itself`}}
	r.Actions = []record.Action{{AtS: 14, Who: record.ByHand, Person: "ann", Door: "squall ctl", What: "refuse", On: "a -> b", UndoneS: ref(15.)}}
	r.Findings = r.Findings[:2]
	r.Findings[0].Spread = nil
	r.Findings[0].When = record.Stretch{Phase: "slow", FromS: 12, ToS: 20}
	r.Findings[1].Spread = []record.Worsened{{Where: "b", AtS: 11, What: "queues"}}
	Judge(r, &scenarios.Scenario{})
	return r
}

// A retrospective tells what happened in its order, and asks what only people know; every line of its tables is whole.
func TestRetrospective(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Retrospective(&b, gameDay()); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	cells, unescaped := 0, regexp.MustCompile(`(^|[^\\])\|`)
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			cells = 0
			continue
		}
		n := len(unescaped.FindAllString(line, -1))
		if cells == 0 {
			cells = n
		}
		if n != cells {
			t.Errorf("%d cells, the header has %d: %s", n, cells, line)
		}
	}
	last := -1
	for _, want := range []string{"# Retrospective: a\\|b", "- hypothesis: users \\| notice nothing\n", "- owner: team-shop\n", "- runbook: docs/shop.md\n", "- took part: ann\n", "\n## Verdict\n",
		"\n## Time line\n", "| 10.00 s | fault | lag: on |", "| 11.00 s | users | feel lag: latency 800ms on a -&gt; b |", "| 11.00 s | first sign | retry amplification at a\\|b: b, queues |",
		"| 12.00 s | finding | retry amplification at a\\|b, somewhere until 20.00 s |", "| 12.50 s | note | the pager rang \\| at last (by ann, squall ctl) |", "| 13.00 s | node |", "| 20.00 s | undo |", "| 22.00 s | users | are as well off as before",
		"\n## What users felt\n", "\n## What was done\n", "\n## Findings\n", "\n## To fill in\n", "### Did the hypothesis hold?", "### What surprised us?",
		"| 14.00 s | refuse (by ann, squall ctl) on a -&gt; b |  |  |", "### Actions", "try retry-budget | team-shop |  |"} {
		at := strings.Index(text[last+1:], want)
		if at < 0 {
			t.Fatalf("there is no %q after what comes before it in\n%s", want, text)
		}
		last += 1 + at
	}
}

// Only runs that somebody took part in have one in their folder.
func TestWhoKeepsARetrospective(t *testing.T) {
	t.Parallel()
	kept := func(r *record.Result) bool {
		for _, f := range Kept(r) {
			if f.File == "report.md" {
				return true
			}
		}
		return false
	}
	noted := healthy()
	noted.Events = []record.Event{{Kind: "said", Text: "look"}}
	restarted := healthy()
	restarted.Actions = []record.Action{{Who: record.ByItself, What: "started again"}}
	if kept(healthy()) || kept(restarted) || !kept(noted) || !kept(gameDay()) {
		t.Errorf("kept of a run alone %v, of one that restarted something %v, of one with a note %v, of a game day %v", kept(healthy()), kept(restarted), kept(noted), kept(gameDay()))
	}
}

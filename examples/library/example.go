package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
)

// without is the variant that every example has: the scenario less its pattern.
const without = "without"

// example is one file of examples/patterns.
type example struct {
	name, file string
	about      string
	// hash is the file's sha256, less comments and empty lines: what was measured stays true when a comment changes.
	hash string
	// covers are the ids of the practices that it shows, the first the one that it is grouped by.
	covers []string
	// exits are how its variants are to end, "" for the file itself.
	exits map[string]report.Exit
	// ladder lists the steps of an example that adds one pattern after another, from nothing to all of them; nil in others.
	ladder []string
	// busiest is the most requests a second that its loads send, as far as the file tells.
	busiest float64
}

// What an example says about itself in comment lines.
var (
	coversLine = regexp.MustCompile(`(?m)^# covers: *(.+)$`)
	exitLine   = regexp.MustCompile(`(?m)^# variant ([a-z0-9-]+): exit (\d)$`)
	ladderLine = regexp.MustCompile(`(?m)^# ladder: *(.+)$`)
	separator  = regexp.MustCompile(` *, *`)
)

func readExamples(files []string) ([]*example, error) {
	var all []*example
	for _, file := range files {
		e, err := readExample(file)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

func readExample(file string) (*example, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := language.Parse(file, data, "")
	if err != nil {
		return nil, err
	}
	e := &example{
		name: strings.TrimSuffix(filepath.Base(file), ".yaml"), file: file, about: s.About, hash: hashOf(data),
		exits: exits(data), covers: listed(coversLine, data), ladder: listed(ladderLine, data), busiest: busiest(s.Scenario),
	}
	if len(e.covers) == 0 {
		return nil, fmt.Errorf("%s does not say what it shows: add the line # covers: with ids as G6", file)
	}
	return e, nil
}

// sides are the variants to run: the file as it stands and without, or the file and each step of its ladder. In virtual time, where it
// costs little, also what a ladder leads to less each step alone.
func (e *example) sides(engine string) []string {
	if e.ladder == nil {
		return []string{"", without}
	}
	out := append([]string{""}, e.ladder...)
	for _, step := range e.ladder {
		if _, there := e.exits[less(step)]; there && engine == virtual {
			out = append(out, less(step))
		}
	}
	return out
}

// less is the variant that has all of a ladder but one step.
func less(step string) string { return "no-" + step }

// naive is the side that has none of what the example adds.
func (e *example) naive() string {
	if e.ladder != nil {
		return e.ladder[0]
	}
	return without
}

func exits(data []byte) map[string]report.Exit {
	out := map[string]report.Exit{"": report.ExitPass, without: report.ExitFail}
	for _, found := range exitLine.FindAllSubmatch(data, -1) {
		out[string(found[1])] = report.Exit(found[2][0] - '0')
	}
	return out
}

func listed(line *regexp.Regexp, data []byte) []string {
	found := line.FindSubmatch(data)
	if found == nil {
		return nil
	}
	return separator.Split(strings.TrimSpace(string(found[1])), -1)
}

func hashOf(data []byte) string {
	sum := sha256.New()
	for line := range strings.Lines(string(data)) {
		if text := strings.TrimSpace(line); text != "" && !strings.HasPrefix(text, "#") {
			fmt.Fprintln(sum, strings.TrimRight(line, " \t\r\n"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// busiest counts a closed load's users as one request a second each: who thinks for less is not known here.
func busiest(s *scenarios.Scenario) float64 {
	sum := 0.
	for _, l := range s.Loads {
		most := max(l.Rate, float64(l.Users))
		for _, stage := range l.Stages {
			most = max(most, stage.Rate, stage.From, stage.To)
		}
		sum += most
	}
	return sum
}

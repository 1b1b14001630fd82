package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const costsPreface = `# What each pattern costs

The other side of [what each pattern buys](README.md): what a request pays for it while nothing fails. Written by ` + "`make costs`" + ` from the
benchmarks of runner/node, the fastest of several rounds on a shared machine with two cores. *Off* is the same code with the pattern off, a nil
check: tests hold that it allocates nothing. One hop over a loopback socket takes 30 to 60 µs, so what is below 1 µs nobody could feel. What a
pattern costs in requests and in staleness is in the table of what it buys: hedges and retries are amplification, stale copies are degraded.
≈ 0 is less than the rounds differ by themselves (10 %).

| of | pattern | off | on | more | more allocations |
|---|---|--:|--:|--:|--:|
`

// round is one line of go test -bench -benchmem: nanoseconds and allocations an operation.
type round struct{ ns, allocs float64 }

// benchmark is one with rounds by name, in the order in which they ran.
type benchmark struct {
	name   string
	order  []string
	rounds map[string][]round
}

// benchmarkLine is as in: BenchmarkGuard/off-2  4082230  64.81 ns/op  0 B/op  0 allocs/op
var benchmarkLine = regexp.MustCompile(`^Benchmark(\w+)/(\S+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op.*?\s([\d.]+) allocs/op`)

// writeCosts writes the benchmarks that have rounds named off as a table, each of the others against those.
func writeCosts(w io.Writer, r io.Reader) error {
	all, err := readBenchmarks(r)
	if err != nil {
		return err
	}
	fmt.Fprint(w, costsPreface)
	written := 0
	for _, b := range all {
		without := b.without()
		if without == "" {
			continue
		}
		of, off := spaced(b.name), fastest(b.rounds[without])
		for _, name := range b.order {
			if name == without {
				continue
			}
			on := fastest(b.rounds[name])
			fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", of, strings.ReplaceAll(name, "_", " "),
				nanoseconds(off.ns), nanoseconds(on.ns), more(off.ns, on.ns), strings.TrimPrefix(fmt.Sprintf("%+.0f", on.allocs-off.allocs), "+0"))
			of = ""
			written++
		}
	}
	if written == 0 {
		return errors.New("no benchmark has a round named off: give the output of go test -bench -benchmem")
	}
	return nil
}

// without is the name of the rounds in which the pattern is off, "" where there are none.
func (b *benchmark) without() string {
	for _, name := range []string{"off", "none"} {
		if b.rounds[name] != nil {
			return name
		}
	}
	return ""
}

func readBenchmarks(r io.Reader) ([]*benchmark, error) {
	var all []*benchmark
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		found := benchmarkLine.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		i := slices.IndexFunc(all, func(b *benchmark) bool { return b.name == found[1] })
		if i < 0 {
			i = len(all)
			all = append(all, &benchmark{name: found[1], rounds: map[string][]round{}})
		}
		b := all[i]
		if b.rounds[found[2]] == nil {
			b.order = append(b.order, found[2])
		}
		ns, err := strconv.ParseFloat(found[3], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		allocs, err := strconv.ParseFloat(found[4], 64)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		b.rounds[found[2]] = append(b.rounds[found[2]], round{ns, allocs})
	}
	return all, lines.Err()
}

// fastest is the least of the times: whatever else the machine does can only add to one. Allocations do not differ by more than their rounding.
func fastest(rounds []round) round {
	out := rounds[0]
	for _, r := range rounds {
		out.ns, out.allocs = min(out.ns, r.ns), min(out.allocs, r.allocs)
	}
	return out
}

// nanoseconds writes a time: 1.3 ns, 65 ns, 2.4 µs, 1.58 ms.
func nanoseconds(ns float64) string {
	switch {
	case ns < 10:
		return fmt.Sprintf("%.1f ns", ns)
	case ns < 1000:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e5:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	case ns < 1e6:
		return fmt.Sprintf("%.0f µs", ns/1e3)
	}
	return fmt.Sprintf("%.2f ms", ns/1e6)
}

// noise is the share of a time that rounds differ by with nothing changed, even the fastest.
const noise = .1

func more(off, on float64) string {
	switch d := on - off; {
	case math.Abs(d) < noise*off:
		return "≈ 0"
	case d < 0:
		return "−" + nanoseconds(-d)
	default:
		return "+" + nanoseconds(d)
	}
}

// hump is where a name's next word begins.
var hump = regexp.MustCompile(`([a-z])([A-Z])`)

// spaced is a benchmark's name in words: RequestToCDN is "request to CDN".
func spaced(name string) string {
	words := strings.Fields(hump.ReplaceAllString(name, "$1 $2"))
	for i, word := range words {
		if word != strings.ToUpper(word) {
			words[i] = strings.ToLower(word)
		}
	}
	return strings.Join(words, " ")
}

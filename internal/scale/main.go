// Command scale works out what a run of 1,000 nodes and a million requests a second comes to, from the unit costs that benchmarks have measured: it
// reads what `go test -bench` has printed, and prints docs/scale.md (`make scale` does both).
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	m, err := read(os.Stdin)
	if err == nil {
		err = write(os.Stdout, m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// measured are the benchmarks' figures by name and unit; the last of a name counts.
type measured map[string]map[string]float64

// line is as in: BenchmarkHear/40_generators,_results_true-2  2  2389056342 ns/op  2417 cpu-ns/request
var line = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+(.*)$`)

func read(r io.Reader) (measured, error) {
	m := measured{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		found := line.FindStringSubmatch(lines.Text())
		if found == nil {
			continue
		}
		words := strings.Fields(found[2])
		units := map[string]float64{}
		for n := 0; n+1 < len(words); n += 2 {
			value, err := strconv.ParseFloat(words[n], 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %q is no figure", found[1], words[n])
			}
			units[words[n+1]] = value
		}
		m[found[1]] = units
	}
	return m, nil
}

// of is one figure: where it was measured, and how much it is.
func (m measured) of(benchmark, unit string) (float64, error) {
	value, is := m[benchmark][unit]
	if !is {
		return 0, fmt.Errorf("nothing has measured %s of Benchmark%s: give what `make scale` runs", unit, benchmark)
	}
	return value, nil
}

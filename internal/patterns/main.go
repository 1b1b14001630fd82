// Command patterns runs every scenario of examples/patterns with and without its pattern in virtual time, and
// writes what the pattern bought as the Markdown table that examples/README.md holds. `make patterns` calls it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/squallhq/squall/runner/record"
)

func main() {
	squall := flag.String("squall", "bin/squall", "the program")
	flag.Parse()
	if err := write(os.Stdout, *squall, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "patterns:", err)
		os.Exit(1)
	}
}

const preface = `# Examples

Scenarios to start from, one a fault family: [quickstart](quickstart.yaml), [latency](latency.yaml), [partition](partition.yaml),
[region-outage](region-outage.yaml), [crash](crash.yaml). Each has a variant without what protects it, and a test runs both.

## Patterns

One scenario a pattern in [patterns/](patterns). As it stands it passes; its variant ` + "`without`" + ` differs by the pattern alone and
fails. The table is written by ` + "`make patterns`" + ` from runs in virtual time (seed 1): the expectation that the pattern decides, and what was
measured with it and without.

| scenario | what to expect | decided by | with | without |
|---|---|---|---|---|
`

func write(w io.Writer, squall string, files []string) error {
	fmt.Fprint(w, preface)
	for _, file := range files {
		with, err := run(squall, file, "")
		if err != nil {
			return err
		}
		without, err := run(squall, file, "without")
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		i, err := decided(with, without)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(w, "| [%s](patterns/%s.yaml) | %s | %s | %s | %s |\n", name, name, cell(with.About),
			cell(with.Expectations[i].Text), cell(with.Expectations[i].Measured), cell(without.Expectations[i].Measured))
	}
	return nil
}

// decided is the first expectation that holds with the pattern and does not without.
func decided(with, without *record.Result) (int, error) {
	for i, e := range without.Expectations {
		if e.Holds != nil && !*e.Holds && i < len(with.Expectations) && with.Expectations[i].Holds != nil && *with.Expectations[i].Holds {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the pattern decides nothing: %s with it, %s without", with.Verdict, without.Verdict)
}

// cell is a text that a Markdown table can hold.
func cell(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", `\|`)), " ")
}

// run runs a scenario in virtual time and reads its result, whatever its verdict.
func run(squall, file, variant string) (*record.Result, error) {
	dir, err := os.MkdirTemp("", "patterns-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "run")
	output, runErr := exec.Command(squall, "run", "--quiet", "--engine", "virtual", "--out", out, "--variant", variant, file).CombinedOutput()
	r, err := record.Read(out)
	if err != nil {
		return nil, fmt.Errorf("run %s: %v: %s", file, runErr, output)
	}
	return r, nil
}

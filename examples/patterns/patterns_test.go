// Package patterns holds a scenario for each pattern. Its test runs every one with the pattern and without it.
package patterns

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// without is the variant that every example has: the scenario less its pattern.
const without = "without"

// listed is a comment line that says how a further variant is to end.
var listed = regexp.MustCompile(`(?m)^# variant ([a-z0-9-]+): exit (\d)$`)

// What each pattern buys shows in virtual time: with it every expectation holds, without it one does not, by a clear
// margin, or the example shows nothing. Further variants end as a comment of their file says.
func TestPatterns(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("find the examples: %v", err)
	}
	why := &diagnoses{of: map[[2]string][]record.Finding{}}
	t.Cleanup(func() { why.judge(t) })
	for n, file := range files {
		ends, err := exits(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(file, ".yaml"), func(t *testing.T) {
			t.Parallel()
			breadth.Today(t, n, 8)
			t.Run(quietDay, func(t *testing.T) {
				t.Parallel()
				why.add(file, quietDay, run(t, healthy(t, file), "", report.ExitPass))
			})
			for variant, want := range ends {
				t.Run(cmp.Or(variant, "with"), func(t *testing.T) {
					t.Parallel()
					first := run(t, file, variant, want)
					why.add(file, variant, first)
					again(t, file, variant, want, first)
				})
			}
		})
	}
}

// exits is how each variant of a file is to end, "" for the file itself.
func exits(file string) (map[string]report.Exit, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	s, err := language.Parse(file, data, "")
	if err != nil {
		return nil, err
	}
	ends := map[string]report.Exit{"": report.ExitPass, without: report.ExitFail}
	for _, match := range listed.FindAllStringSubmatch(string(data), -1) {
		code, err := strconv.Atoi(match[2])
		if err != nil {
			return nil, err
		}
		ends[match[1]] = report.Exit(code)
	}
	for variant := range ends {
		if variant != "" && !slices.Contains(s.Variants, variant) {
			return nil, fmt.Errorf("%s has no variant %q", file, variant)
		}
	}
	for _, variant := range s.Variants {
		if _, ok := ends[variant]; !ok {
			return nil, fmt.Errorf("%s does not say how variant %q ends: add the line # variant %s: exit N", file, variant, variant)
		}
	}
	return ends, nil
}

func run(t *testing.T, file, variant string, want report.Exit) *record.Result {
	t.Helper()
	return runBy(t, squallbin.Path(t), file, variant, want)
}

func runBy(t *testing.T, program, file, variant string, want report.Exit, environment ...string) *record.Result {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "run")
	args := []string{"run", "--quiet", "--engine", "virtual", "--out", dir, file}
	if variant != "" {
		args = append(args, "--variant", variant)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Env = append(append(os.Environ(), "SQUALL_STATE="+t.TempDir()), environment...)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	err := command.Run()
	if got := report.Exit(command.ProcessState.ExitCode()); got != want {
		t.Fatalf("exit %d (%v), want %d:\n%s", got, err, want, out.String())
	}
	result, err := record.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

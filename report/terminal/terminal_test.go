package terminal

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/record"
)

var update = flag.Bool("update", false, "rewrite golden files")

func rendered(t *testing.T, r *record.Result, v View) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, r, v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestReportAtSeveralWidths(t *testing.T) {
	t.Parallel()
	for _, v := range []View{{Width: 80}, {Width: 100}, {Width: 160}, {Width: 160, Verbose: true}} {
		name := strconv.Itoa(v.Width)
		if v.Verbose {
			name += "-verbose"
		}
		golden := filepath.Join("testdata", "shop-"+name+".txt")
		got := rendered(t, shop(), v)
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", golden, diff)
		}
	}
}

// The first 40 lines say what broke, for whom, why, for how long, and what there is for it.
func TestFirstScreen(t *testing.T) {
	t.Parallel()
	for _, width := range []int{80, 100, 160} {
		lines := strings.Split(rendered(t, shop(), View{Width: width}), "\n")
		screen := strings.Join(strings.Fields(strings.Join(lines[:40], " ")), " ")
		for _, want := range []string{"FAIL", "success of POST /orders/{id} was 32.2% in hang", "unrelated requests taken down: shop -> payments",
			"GET /catalog/{item} and POST /orders/{id}", "because each request that waits for payments", "in hang (10 s to 20 s)", "10 of 10 s", "try bulkhead"} {
			if !strings.Contains(screen, want) {
				t.Errorf("%d columns: the first screen does not say %q:\n%s", width, want, strings.Join(lines[:40], "\n"))
			}
		}
	}
}

// Colour says nothing by itself: without its codes a coloured report is the plain one.
func TestColourAddsNothing(t *testing.T) {
	t.Parallel()
	codes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	plain, colored := rendered(t, shop(), View{}), rendered(t, shop(), View{Color: true})
	if strings.Contains(plain, "\x1b") {
		t.Error("a plain report has codes in it")
	}
	if !strings.Contains(colored, "\x1b[") {
		t.Error("a coloured report has no codes in it")
	}
	if diff := cmp.Diff(plain, codes.ReplaceAllString(colored, "")); diff != "" {
		t.Errorf("colour changes the report (-plain +coloured):\n%s", diff)
	}
}

// Whatever was run, with names however long, no line is wider than the terminal, and the shares of each row add up.
func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	t.Parallel()
	long := shop()
	long.Scenario = strings.Repeat("very long ", 12)
	long.Expectations[0].Text = strings.Repeat("x", 300)
	long.Phases[1].Name = strings.Repeat("phase", 30)
	long.Phases[1].Requests[0].Request = "GET /" + strings.Repeat("path/", 40)
	long.Edges[2].From, long.Edges[2].FromInst = strings.Repeat("node", 20), strings.Repeat("node", 20)+"-1"
	long.Faults[0].On = strings.Repeat("on ", 60)
	long.Findings[0].Who = []string{"users: " + strings.Repeat("日本", 60)}
	for name, r := range map[string]*record.Result{"shop": shop(), "long": long, "empty": {}} {
		fits(t, name, r)
	}
}

func fits(t *testing.T, name string, r *record.Result) {
	t.Helper()
	for _, width := range []int{40, 60, 79, 80, 89, 90, 99, 100, 120, 160, 250} {
		for _, verbose := range []bool{false, true} {
			for line := range strings.Lines(rendered(t, r, View{Width: width, Verbose: verbose})) {
				line = strings.TrimSuffix(line, "\n")
				if n := twwidth.Width(line); n > width {
					t.Errorf("%s: %d of %d columns: %s", name, n, width, line)
				}
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: blanks at the end of %q", name, line)
				}
			}
		}
	}
}

var percents = regexp.MustCompile(`ok ([0-9.]+)%, degraded ([0-9.]+)%, failed ([0-9.]+)%`)

// Real runs in virtual time: each fits every width, its shares add up, and what it says of each percentile there were enough answers for.
func TestReportsOfRealRuns(t *testing.T) {
	t.Parallel()
	squall := squallbin.Path(t)
	for _, run := range [][]string{
		{"quickstart.yaml"}, {"patterns/circuit-breaker.yaml"}, {"patterns/circuit-breaker.yaml", "--variant", "without"},
		{"patterns/backpressure.yaml", "--variant", "without"}, {"patterns/outbox.yaml", "--variant", "without"},
	} {
		run[0] = filepath.Join("..", "..", "examples", filepath.FromSlash(run[0]))
		dir := filepath.Join(t.TempDir(), "run")
		args := append([]string{"run"}, run...)
		c := exec.CommandContext(t.Context(), squall, append(args, "--engine", "virtual", "--quiet", "--out", dir)...)
		out, err := c.Output()
		if code := c.ProcessState.ExitCode(); code > 1 {
			t.Fatalf("%s: %v\n%s", run, err, out)
		}
		r, err := record.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		fits(t, run[0], r)
		if printed := rendered(t, r, View{}); !strings.HasPrefix(string(out), printed) {
			t.Errorf("%s: the report of the stored run is another one than the run's: %s", run, cmp.Diff(string(out), printed))
		}
		stacked := strings.Join(strings.Fields(rendered(t, r, View{Width: 60, Verbose: true})), " ")
		rows := percents.FindAllStringSubmatch(stacked, -1)
		if len(rows) == 0 {
			t.Errorf("%s: no row of shares in\n%s", run, stacked)
		}
		for _, row := range rows {
			if sum := sumOf(t, row[1:]); sum != "100.0000" {
				t.Errorf("%s: %s adds up to %s", run, row[0], sum)
			}
		}
	}
}

func sumOf(t *testing.T, figures []string) string {
	t.Helper()
	sum := 0.0
	for _, f := range figures {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return fmt.Sprintf("%.4f", sum)
}

// A percentile of fewer answers than its rank takes is no number, neither a row's own nor the steady one beside it.
func TestNoPercentileOfTooFew(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n    int64
		want []string // p50, p99 and p99.9
	}{{1, []string{"1.0 ms", "-", "-"}}, {49, []string{"1.0 ms", "-", "-"}}, {50, []string{"1.0 ms", "1.9 ms", "-"}}, {499, []string{"1.0 ms", "1.9 ms", "-"}},
		{500, []string{"1.0 ms", "1.9 ms", "1.9 ms"}}} {
		r := &record.Result{Phases: []record.Phase{{Name: "steady", EndS: 10, Requests: []record.Request{answered("GET /", c.n, c.n, 0, 0, 1)}}}}
		lines := strings.Split(rendered(t, r, View{Width: 200}), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, " PHASE") {
				cells := regexp.MustCompile(` {2,}`).Split(strings.TrimSpace(lines[i+1]), -1)
				if diff := cmp.Diff(c.want, cells[len(cells)-4:len(cells)-1]); diff != "" {
					t.Errorf("%d answers (-want +got):\n%s\n%s", c.n, diff, strings.Join(lines[i:i+2], "\n"))
				}
			}
		}
	}
	r := shop()
	r.Phases[0].Requests[1] = answered("POST /orders/{id}", 49, 49, 0, 0, 10)
	if out := rendered(t, r, View{Width: 160}); !strings.Contains(out, "1.58 s (10.0 ms)") || strings.Contains(out, "(19.0 ms)") {
		t.Errorf("the p99 of 49 steady answers is shown:\n%s", out)
	}
}

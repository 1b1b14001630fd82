package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// verdictsFolder is where a program that stands in for squall finds what its runs come to: a file for each variant, a word a run.
const verdictsFolder = "PATTERNS_TEST_VERDICTS"

func TestMain(m *testing.M) {
	if folder := os.Getenv(verdictsFolder); folder != "" {
		standIn(folder, os.Args)
		return
	}
	os.Exit(m.Run())
}

// standIn is called as squall run is: it takes the next verdict of the variant and writes a record of it.
func standIn(folder string, args []string) {
	after := func(flag string) string { return args[slices.Index(args, flag)+1] }
	file := filepath.Join(folder, named(after("--variant")))
	words, err := os.ReadFile(file)
	if err != nil {
		panic(err)
	}
	verdict, rest, _ := strings.Cut(string(words), " ")
	if err := os.WriteFile(file, []byte(rest), 0o644); err != nil {
		panic(err)
	}
	r := &record.Result{Version: record.Version, Verdict: record.Verdict(verdict), Reasons: []string{"said so"}, Expectations: []record.Expectation{{Text: "x"}}}
	if r.Verdict != record.Inconclusive {
		r.Expectations[0].Holds = ref(r.Verdict == record.Pass)
	}
	r.Phases = []record.Phase{{Name: "steady", EndS: 1, Requests: []record.Request{{Request: "GET /", Sent: 10, OK: 5}}}}
	if err := os.MkdirAll(after("--out"), 0o755); err != nil {
		panic(err)
	}
	if err := record.Save(after("--out"), r); err != nil {
		panic(err)
	}
}

// A side is run again until it comes out as it should, as often as is allowed; one that came out so is not run again, its verdicts
// are all kept, and a scenario that has changed is begun anew.
func TestMeasureGoesOnWhereItWas(t *testing.T) {
	dir, folder := t.TempDir(), t.TempDir()
	file := filepath.Join(dir, "steps.yaml")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Replace(scenario, "# ladder: without, half\n", "", 1)
	write(file, text)
	t.Setenv(verdictsFolder, folder)
	measured := func(engine, with, without string) *entry {
		t.Helper()
		write(filepath.Join(folder, "with"), with)
		write(filepath.Join(folder, "without"), without)
		e, err := readExample(file)
		if err != nil {
			t.Fatal(err)
		}
		m := measurement{squall: os.Args[0], engine: engine, rate: 400, tries: 2, log: io.Discard}
		if err := m.all(t.Context(), []*example{e}, filepath.Join(dir, "measured")); err != nil {
			t.Fatal(err)
		}
		table, err := readTable(filepath.Join(dir, "measured"), engine)
		if err != nil {
			t.Fatal(err)
		}
		return table.of(e)
	}
	check := func(when string, e *entry, confirmed bool, with, without []record.Verdict) {
		t.Helper()
		if e == nil || e.confirmed() != confirmed {
			t.Fatalf("%s: confirmed is not %v: %+v", when, confirmed, e)
		}
		if diff := cmp.Diff([][]record.Verdict{with, without}, [][]record.Verdict{e.side("").Runs, e.side("without").Runs}); diff != "" {
			t.Errorf("%s: -want +got:\n%s", when, diff)
		}
	}
	const p, f, i = record.Pass, record.Fail, record.Inconclusive
	check("in virtual time", measured(virtual, "pass", "fail"), true, []record.Verdict{p}, []record.Verdict{f})
	check("at first", measured(docker, "inconclusive pass", "pass inconclusive"), false, []record.Verdict{i, p}, []record.Verdict{p, i})
	check("then", measured(docker, "", "fail"), true, []record.Verdict{i, p}, []record.Verdict{p, i, f})
	check("once confirmed", measured(docker, "", ""), true, []record.Verdict{i, p}, []record.Verdict{p, i, f})

	write(file, strings.Replace(text, "1ms", "2ms", 1))
	measured(virtual, "pass", "fail")
	check("changed", measured(docker, "fail fail", "fail"), false, []record.Verdict{f, f}, []record.Verdict{f})
}

package record_test

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/record"
)

// fields lists every JSON path of a type, as in phases[].requests[].latency_ms.p50.
func fields(t reflect.Type, path string) []string {
	switch t.Kind() {
	case reflect.Pointer:
		return fields(t.Elem(), path)
	case reflect.Slice:
		return fields(t.Elem(), path+"[]")
	case reflect.Map:
		return fields(t.Elem(), path+"{}")
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return []string{path}
		}
	default:
		return []string{path}
	}
	var out []string
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		out = append(out, fields(f.Type, strings.TrimPrefix(path+"."+name, "."))...)
	}
	return out
}

// Others build on the names in result.json and windows.jsonl: they are added, never renamed or removed.
func TestFieldNamesAreAContract(t *testing.T) {
	t.Parallel()
	got := fields(reflect.TypeFor[record.Result](), "")
	got = append(got, fields(reflect.TypeFor[record.Window](), "window")...)
	got = append(got, fields(reflect.TypeFor[record.Moment](), "moment")...)
	got = append(got, fields(reflect.TypeFor[record.Trace](), "trace")...)
	data, err := os.ReadFile("testdata/fields.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(data)), "\n")
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%q is gone: it is part of the contract", name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("%q is new: add it to testdata/fields.txt", name)
		}
	}
}

func TestSaveAndRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := record.NewRecorder(twoPhases)
	for i := range 200 {
		r.Add(sample(time.Duration(i)*100*time.Millisecond, time.Duration(i)*time.Millisecond))
	}
	holds, at := true, 1.5
	res := &record.Result{
		Version: record.Version, Scenario: "a <b> & c", Verdict: record.Pass, Reasons: []string{}, Started: time.Unix(1, 0).UTC(),
		Phases: r.Phases(), Windows: r.Windows(), Expectations: []record.Expectation{{Text: "p99 < 1s", Holds: &holds}},
		Series: []record.Moment{{AtS: 0.5, Nodes: map[string]map[string]float64{"a-1": {"squall_in_flight": 2}},
			Edges: map[string]record.Crossing{"a-1:b-1": {Attempts: 3, Open: 1}}, Unread: []string{"b-1"}}},
		Traces: &record.Traces{Kept: 1, Unanswered: map[string]int{"b-1": 2}},
		Traced: []record.Trace{{Phase: "p", Load: "l", Seq: 7, Outcome: record.OK, Spans: []record.TraceSpan{{ID: 1, Kind: "server", EndMs: &at}}, Incomplete: []string{"b-1"}}},
		Faults: []record.Fault{{Name: "f", AppliedS: &at}}, Edges: []record.Edge{}, Nodes: []record.Node{}, Checks: []record.Check{}, Events: []record.Event{},
	}
	for range 2 { // the second time over what is there
		if err := record.Save(dir, res); err != nil {
			t.Fatal(err)
		}
	}
	got, err := record.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(res, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	first, err := os.ReadFile(filepath.Join(dir, record.ResultFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := record.Save(dir, got); err != nil {
		t.Fatal(err)
	}
	second, _ := os.ReadFile(filepath.Join(dir, record.ResultFile))
	if string(first) != string(second) {
		t.Error("the same result is written differently a second time")
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 4 {
		t.Errorf("%d files, want result.json, windows.jsonl, series.jsonl and traces.jsonl alone", len(entries))
	}
}

func TestSaveThatFailsLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := &record.Result{Version: record.Version, Scenario: "good"}
	if err := record.Save(dir, good); err != nil {
		t.Fatal(err)
	}
	zero := 0.0
	bad := &record.Result{Scenario: "bad", DurationS: 1 / zero}
	if err := record.Save(dir, bad); err == nil {
		t.Fatal("saved an infinite duration")
	}
	if got, err := record.Read(dir); err != nil || got.Scenario != "good" {
		t.Errorf("read %+v, %v; want the good one", got, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("%d files left, want 3", len(entries))
	}
}

func TestReadWhatIsNoRun(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"nothing":         {},
		"half a file":     {record.ResultFile: `{"version": 1, "scen`},
		"a newer version": {record.ResultFile: `{"version": 99}`},
		"bad series":      {record.ResultFile: `{"version": 1}`, record.SeriesFile: "{\"at_s\": 1}\n{\"at"},
		"bad windows":     {record.ResultFile: `{"version": 1}`, record.WindowsFile: "{\"second\": 1}\n{\"sec"},
	} {
		dir := t.TempDir()
		for f, text := range files {
			if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := record.Read(dir); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	w := record.Window{Histogram: "no histogram"}
	if _, err := w.Latencies(); err == nil {
		t.Error("decoded nonsense")
	}
	if _, err := record.MergeWindows(w); err == nil {
		t.Error("merged nonsense")
	}
}

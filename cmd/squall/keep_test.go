package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// A run that is kept has its record on disk, judged, before anybody waits; what it says is there to look at answers, and the
// load goes on. Ctrl-C then ends it with the verdict's exit code, the report printed once and nothing left.
func TestAKeptRunIsSavedBeforeItIsHeld(t *testing.T) {
	scenario, err := filepath.Abs("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Parallel()
	for _, engine := range engines(t) {
		t.Run(engine, func(t *testing.T) {
			t.Parallel() // each looks for what is left of its own run
			keeps(t, scenario, engine)
		})
	}
}

func keeps(t *testing.T, scenario, engine string) {
	s := start(t, t.TempDir(), "run", scenario, "--engine", engine, "--keep", "--out", "out")
	t.Cleanup(func() { _ = s.cmd.Process.Signal(os.Interrupt) }) // where the test gave up before it did
	s.await("stays up under its load until Ctrl-C")
	out := filepath.Join(s.dir, "out")
	held, err := record.Read(out)
	if err != nil {
		t.Fatalf("while the topology is held: %v", err)
	}
	if held.Partial || len(held.Expectations) != 1 || held.Command == "" {
		t.Errorf("while held the record is partial: %v, with expectations %+v and command %q", held.Partial, held.Expectations, held.Command)
	}
	if len(leftovers(t, s.run())) == 0 {
		t.Error("the topology does not stay up")
	}
	looks(t, s)
	takesPart(t, out)
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	code := s.end()
	if want := report.ExitCode(held); code != want || code == report.ExitInterrupted {
		t.Errorf("exit %d, want %d, that of verdict %s; it said:\n%s", code, want, held.Verdict, strings.Join(s.seen, "\n"))
	}
	after, err := record.Read(out)
	if err != nil || after.Verdict != held.Verdict {
		t.Errorf("after the end: %+v, %v; want the verdict %s", after, err, held.Verdict)
	}
	if n := strings.Count(s.output.String(), code.Meaning()); n != 1 {
		t.Errorf("the report was printed %d times:\n%s", n, s.output.String())
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v", s.run(), left)
	}
}

// takesPart puts something on what is kept up, and takes it off again: the events have it, and the record has not.
func takesPart(t *testing.T, out string) {
	t.Helper()
	client, err := control.Find(out)
	if err != nil {
		t.Fatal(err)
	}
	done, err := client.Do(t.Context(), "inject", control.Asked{Who: "ann", Fault: "latency: 5ms, on: users -> shop"})
	if err != nil || done.On == nil {
		t.Fatalf("injecting: %+v, %v", done, err)
	}
	if standing, err := client.Status(t.Context()); err != nil || standing.State != "kept" || len(standing.On) != 1 {
		t.Errorf("it stands so: %+v, %v", standing, err)
	}
	if done, err = client.Do(t.Context(), "clear", control.Asked{Who: "ann"}); err != nil || len(done.Off) != 1 {
		t.Errorf("clearing: %+v, %v", done, err)
	}
	if _, err := client.Do(t.Context(), "hold", control.Asked{Who: "ann"}); err == nil || !strings.Contains(err.Error(), "kept up") {
		t.Errorf("holding a phase: %v", err)
	}
	events, err := os.ReadFile(filepath.Join(out, record.EventsFile))
	if err != nil || strings.Count(string(events), "(by ann, squall ctl): o") != 2 {
		t.Errorf("%v, the events: %s", err, events)
	}
	if res, err := record.Read(out); err != nil || len(res.Actions) != 0 {
		t.Errorf("%v, its actions: %+v", err, res.Actions)
	}
}

// looks asks what a held run says is there to look at.
func looks(t *testing.T, s *squall) {
	t.Helper()
	said := strings.Join(s.seen, "\n")
	for what, want := range map[string]string{
		`load users to shop-1 +(\S+)`: "", `shop-1 +(http\S+)`: "", `shop-1 metrics +(\S+)`: "squall_requests_total", `toxiproxy's API +(\S+)`: "users:shop-1",
	} {
		m := regexp.MustCompile(what).FindStringSubmatch(said)
		if m == nil {
			t.Fatalf("it does not say %s:\n%s", what, said)
		}
		if status, body := get(t, m[1]); !strings.Contains(body, want) || want != "" && status != http.StatusOK {
			t.Errorf("%s answers %d %q; want %q in it", m[0], status, body, want)
		}
	}
	metrics := regexp.MustCompile(`shop-1 metrics +(\S+)`).FindStringSubmatch(said)[1]
	counted := func() string {
		_, body := get(t, metrics)
		return regexp.MustCompile(`(?m)^squall_requests_total.*`).FindString(body)
	}
	before := counted()
	for deadline := time.Now().Add(time.Minute); counted() == before; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the load does not go on: %s for a minute", before)
		}
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}

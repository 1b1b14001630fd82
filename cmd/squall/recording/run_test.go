package recording

import (
	"bytes"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// live is a run in which users are hurt by what people do, and by nothing else.
const live = `scenario: live
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}, {call: "stock GET /y", timeout: 100ms}]}}
  stock: {kind: service, replicas: 2, endpoints: {"GET /y": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 40/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases:
  - {name: steady, for: 3s}
  - {name: hurt, for: 4s} # by ann
  - {name: after, for: 2s}
expect:
  - {in: steady, success: ">= 90%"}
  - {in: hurt, success: ">= 90%"}
  - {in: after, success: ">= 90%"}
`

// A session is replayed without its people: the same faults at the same times, and the same expectations hold. What they did came by squall ctl
// and by toxiproxy's API.
func TestASessionIsReplayed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "live.yaml"), []byte(live), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := os.Create(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", "live.yaml", "--engine", "process", "--out", "session")
	run.Dir, run.Stdout, run.Stderr = dir, said, said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	takePart(t, dir)
	_ = run.Wait()
	session, err := record.Read(filepath.Join(dir, "session"))
	if err != nil || session.Partial || len(session.Actions) < 2 {
		t.Fatalf("%v: %+v\n%s", err, session, soFar(t, dir))
	}
	text, told := squall(t, dir, report.ExitPass, "record", "--from", "session")
	if told != "" || !strings.Contains(text, "# by ann\n") || !strings.Contains(text, "the pager rang (by ann, squall ctl)") {
		t.Errorf("told %q, wrote\n%s", told, text)
	}
	if err := os.WriteFile(filepath.Join(dir, "again.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for engine, tick := range map[string]float64{"virtual": .01, "process": .3} {
		_, _ = squall(t, dir, report.ExitFail, "run", "again.yaml", "--engine", engine, "--out", engine, "--quiet")
		again, err := record.Read(filepath.Join(dir, engine))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, session, again, tick)
	}
	if t.Failed() {
		t.Log(text)
	}
}

// takePart is what people do: an outage of one replica for a second, a slow edge from the first phase on into the second, a note, and a toxic by
// toxiproxy's API.
func takePart(t *testing.T, dir string) {
	t.Helper()
	await := func(elapsed float64) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
			if client, err := control.Find(filepath.Join(dir, "session")); err == nil {
				if standing, err := client.Status(t.Context()); err == nil && standing.ElapsedS >= elapsed {
					return
				}
			}
			if time.Now().After(deadline) {
				t.Fatalf("the run never came to %v s:\n%s", elapsed, soFar(t, dir))
			}
		}
	}
	ctl := func(args ...string) {
		t.Helper()
		_, _ = squall(t, dir, report.ExitPass, append([]string{"ctl", "--run", "session", "--who", "ann"}, args...)...)
	}
	await(2)
	ctl("inject", "latency: 20ms, on: users -> shop", "--for", "2s")
	await(3.5)
	ctl("inject", "refuse: shop -> stock", "--for", "10s")
	ctl("note", "the pager rang")
	await(5)
	ctl("clear", "2")
	proxies := regexp.MustCompile(`toxiproxy's API: (http://\S+)`).FindStringSubmatch(soFar(t, dir))
	if proxies == nil {
		t.Fatalf("no word of toxiproxy's API:\n%s", soFar(t, dir))
	}
	body := `{"name":"mine","type":"latency","stream":"downstream","attributes":{"latency":250}}`
	answer, err := http.Post(proxies[1]+"/proxies/shop-1:stock-2/toxics", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("the toxic: %s", answer.Status)
	}
	await(6.5)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, proxies[1]+"/proxies/shop-1:stock-2/toxics/mine", nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err = http.DefaultClient.Do(request); err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
}

// soFar is what the run has said until now.
func soFar(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "said"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// squall runs the program to its end, with the exit code that it is to have.
func squall(t *testing.T, dir string, want report.Exit, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	command := exec.CommandContext(t.Context(), squallbin.Path(t), args...)
	command.Dir, command.Stdout, command.Stderr = dir, &o, &e
	err := command.Run()
	if got := report.Exit(command.ProcessState.ExitCode()); got != want {
		t.Errorf("squall %s: exit %d (%v), want %d:\n%s%s", strings.Join(args, " "), got, err, want, o.String(), e.String())
	}
	return o.String(), e.String()
}

// compare holds a replay to its session.
func compare(t *testing.T, session, again *record.Result, tick float64) {
	t.Helper()
	if len(again.Faults) != len(session.Actions) || len(again.Actions) != 0 {
		t.Fatalf("%s: %d faults for %d actions, and actions %+v", again.Engine, len(again.Faults), len(session.Actions), again.Actions)
	}
	for i, f := range again.Faults {
		a := session.Actions[i]
		if f.AppliedS == nil || f.UndoneS == nil || a.UndoneS == nil || math.Abs(*f.AppliedS-a.AtS) > tick || math.Abs(*f.UndoneS-*a.UndoneS) > tick || !f.Receipt.Met {
			t.Errorf("%s: %s on %s is on from %v to %v (%s), and was from %v to %v: %s", again.Engine, f.Text, f.On, at(f.AppliedS), at(f.UndoneS), f.Receipt.Text, a.AtS, at(a.UndoneS), a.What)
		}
	}
	for i, e := range again.Expectations {
		was := session.Expectations[i]
		if e.Holds == nil || was.Holds == nil || *e.Holds != *was.Holds {
			t.Errorf("%s: %s came to %s, and had come to %s", again.Engine, e.Text, e.Measured, was.Measured)
		}
		t.Logf("%s: %s in %s: %s, was %s", again.Engine, e.Text, e.In, e.Measured, was.Measured)
	}
}

func at(s *float64) any {
	if s == nil {
		return "never"
	}
	return *s
}

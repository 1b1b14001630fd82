package gameday

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// long is a run that people have time to take part in.
const long = `scenario: long
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 40/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases: [{name: steady, for: 60s}]
guard: {blast: 50%}
expect: [{in: steady, success: ">= 50%"}]
`

// session is a run under way in a folder, and those who take part in it.
type session struct {
	t        *testing.T
	dir, out string
	run      *exec.Cmd
	said     bytes.Buffer
}

func begin(t *testing.T, engine string) *session { return beginWith(t, engine, long) }

func beginWith(t *testing.T, engine, scenario string) *session {
	t.Helper()
	s := &session{t: t, dir: t.TempDir()}
	s.out = filepath.Join(s.dir, "runs", "one")
	if err := os.WriteFile(filepath.Join(s.dir, "long.yaml"), []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run = exec.CommandContext(t.Context(), squallbin.Path(t), "run", "long.yaml", "--engine", engine, "--out", s.out, "--quiet")
	s.run.Dir, s.run.Stdout, s.run.Stderr = s.dir, &s.said, &s.said
	s.run.Cancel = func() error { return s.run.Process.Signal(os.Interrupt) }
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.run.Process.Signal(os.Interrupt) })
	return s
}

// ctl is `squall ctl`, with what it said; its exit code is to be want.
func (s *session) ctl(want report.Exit, args ...string) string {
	s.t.Helper()
	command := exec.CommandContext(s.t.Context(), squallbin.Path(s.t), append([]string{"ctl", "--who", "ann"}, args...)...)
	command.Dir = s.dir
	said, err := command.CombinedOutput()
	if got := report.Exit(command.ProcessState.ExitCode()); got != want {
		s.t.Fatalf("squall ctl %s: exit %d (%v), want %d: %s", strings.Join(args, " "), got, err, want, said)
	}
	return string(said)
}

// await asks for the run's standing until it is as it should be.
func (s *session) await(what string, is func(control.Standing) bool) control.Standing {
	s.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var standing control.Standing
		if client, err := control.Find(s.out); err == nil {
			if standing, err = client.Status(s.t.Context()); err == nil && is(standing) {
				return standing
			}
		}
		if time.Now().After(deadline) || s.run.ProcessState != nil {
			s.t.Fatalf("it never was %s, but %+v:\n%s", what, standing, s.said.String())
		}
	}
}

// People take part in a run: what they put on is felt, is in the record with who did it and what met it, and is undone when they stop
// the run; nothing of its control is left, and nobody gets in without its token.
func TestPeopleTakePart(t *testing.T) {
	for _, engine := range []string{"process"} { // what a hand does passes the port that all engines implement
		t.Run(engine, func(t *testing.T) {
			s := begin(t, engine)
			s.await("in its phase", func(st control.Standing) bool { return st.Phase == "steady" && st.ElapsedS > 1 })
			if said := s.ctl(report.ExitUsage, "inject", "latency: 1s, on: users -> nowhere"); !strings.Contains(said, `no node, instance or load is named "nowhere"; there are shop`) {
				t.Errorf("a node that is not there: %s", said)
			}
			if said := s.ctl(report.ExitUsage, "inject", "latncy: 1s, on: shop"); !strings.Contains(said, `fault:1:2: there is no fault "latncy"; did you mean "latency"?`) {
				t.Errorf("a fault that is not there: %s", said)
			}
			const reaches = "hits 1 of 1 connection users -> shop; up to 100% of the users' requests may meet it: 100% of GET /x (users)"
			if said := s.ctl(report.ExitPass, "inject", "latency: 300ms, on: users -> shop", "--dry-run"); said != reaches+"\n" {
				t.Errorf("what it would reach: %q", said)
			}
			if said := s.ctl(report.ExitUsage, "inject", "latency: 300ms, on: users -> shop"); !strings.Contains(said, "it "+reaches+"; the scenario's guard is 50%: say yes to it") {
				t.Errorf("over the guard: %q", said)
			}
			if said := s.ctl(report.ExitPass, "inject", "latency: 300ms, on: users -> shop", "--for", "50s", "--yes"); !strings.HasPrefix(said, reaches+"\nact 1: latency 300ms on users -> shop is on from ") {
				t.Errorf("inject says %q", said)
			}
			s.await("slow", func(st control.Standing) bool {
				return len(st.On) == 1 && st.On[0].Who == "ann" && slices.Equal(st.On[0].Hits, []string{"users:shop-1"}) &&
					len(st.Requests) == 1 && st.Requests[0].OK > 0 && st.Requests[0].P99Ms > 300
			})
			s.ctl(report.ExitPass, "note", "the pager", "rang")
			if said := s.ctl(report.ExitPass, "clear", "1"); said != "act 1 is off\n" {
				t.Errorf("clear says %q", said)
			}
			s.ctl(report.ExitPass, "inject", "outage: shop", "--yes")
			strangers(t, s.out)
			s.ctl(report.ExitPass, "abort", "customers notice")
			began := time.Now()
			_ = s.run.Wait()
			t.Logf("waited %s", time.Since(began))
			if got := report.Exit(s.run.ProcessState.ExitCode()); got != report.ExitInterrupted {
				t.Errorf("exit %d, want %d:\n%s", got, report.ExitInterrupted, s.said.String())
			}
			s.ctl(report.ExitUsage, "status")
			judged(t, s)
		})
	}
}

// phased is a run of four phases that people hold, end and leave out.
const phased = `scenario: phased
hypothesis: users notice nothing
owner: team-shop
runbook: docs/shop.md
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 40/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases:
  - {name: steady, for: 5s}
  - {name: slow, for: 5m, faults: [{latency: 20ms, on: users -> shop}]}
  - {name: slower, for: 5m, faults: [{latency: 40ms, on: users -> shop}]}
  - {name: after, until: go, for: 5m}
expect: [{in: after, success: ">= 50%"}]
`

// People steer a run's phases: one is held past its end, one ended before it, one left out; the record and the report tell all of it.
func TestPeopleSteer(t *testing.T) {
	s := beginWith(t, "process", phased)
	s.await("in its phase", func(st control.Standing) bool { return st.Phase == "steady" && st.ElapsedS > .3 })
	if said := s.ctl(report.ExitPass, "hold", "--for", "1m"); !strings.HasPrefix(said, "phase steady is held, until 6") {
		t.Errorf("hold says %q", said)
	}
	held := s.await("held past its end", func(st control.Standing) bool { return st.ElapsedS > 5.5 })
	if !held.Held || held.State != "held" || held.Phase != "steady" || held.Next != "slow" || held.HeldUntilS == nil || held.TotalS <= 905 {
		t.Errorf("held: %+v", held)
	}
	s.ctl(report.ExitUsage, "hold")
	s.ctl(report.ExitPass, "next")
	slow := s.await("slow", func(st control.Standing) bool {
		return st.Phase == "slow" && len(st.On) == 1 && len(st.Requests) == 1 && st.Requests[0].P99Ms > 20
	})
	if said := s.ctl(report.ExitPass, "load", "users=120/s"); said != "users: 120/s\n" {
		t.Errorf("load says %q", said)
	}
	s.await("faster", func(st control.Standing) bool { return len(st.Requests) == 1 && st.Requests[0].Sent > 100 })
	if said := s.ctl(report.ExitPass, "skip"); slow.Held || said != "phase slower will be left out\n" {
		t.Errorf("skip says %q, with %+v", said, slow)
	}
	if said := s.ctl(report.ExitPass, "next"); said != "phase after begins\n" {
		t.Errorf("next says %q", said)
	}
	s.await("waiting for go", func(st control.Standing) bool {
		return st.Phase == "after" && st.Waits && len(st.Requests) == 1 && st.Requests[0].OK > 20
	})
	if said := s.ctl(report.ExitPass, "go"); said != "the last phase is ended\n" {
		t.Errorf("go says %q", said)
	}
	_ = s.run.Wait()
	if got := report.Exit(s.run.ProcessState.ExitCode()); got != report.ExitInconclusive {
		t.Errorf("exit %d, want %d:\n%s", got, report.ExitInconclusive, s.said.String())
	}
	for _, want := range []string{"hypothesis: users notice nothing", "owner: team-shop", "runbook: docs/shop.md", "hold (by ann, squall ctl)", "slow (touched)"} {
		if !strings.Contains(s.said.String(), want) {
			t.Errorf("the report does not say %q:\n%s", want, s.said.String())
		}
	}
	res, err := record.Read(s.out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	last := 0.
	for _, p := range res.Phases {
		names = append(names, p.Name)
		if p.StartS != last {
			t.Errorf("phase %s begins at %v s, the one before ends at %v s", p.Name, p.StartS, last)
		}
		last = p.EndS
	}
	if !slices.Equal(names, []string{"steady", "slow", "after"}) || res.Phases[0].EndS < 5.5 || *res.Phases[0].PlannedEndS != 5 || res.DurationS > 60 || len(res.Actions) != 6 || !res.Actions[5].Planned {
		t.Errorf("phases %v, %v s, actions %+v", names, res.DurationS, res.Actions)
	}
	if f := res.Faults; f[0].UndoneS == nil || *f[0].UndoneS > res.Phases[1].EndS+.5 || f[1].AppliedS != nil {
		t.Errorf("faults %+v", f)
	}
	for _, c := range res.Checks {
		if !c.OK && c.Name != "steady state" && c.Name != "generator kept its schedule" {
			t.Errorf("check %s: %s", c.Name, c.Text)
		}
	}
}

// strangers ask the control without its token, and from a page of elsewhere.
func strangers(t *testing.T, out string) {
	t.Helper()
	var address control.Address
	data, err := os.ReadFile(filepath.Join(out, control.File))
	if err == nil {
		err = json.Unmarshal(data, &address)
	}
	if err != nil {
		t.Fatal(err)
	}
	if about, err := os.Stat(filepath.Join(out, control.File)); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("the token is for others to read: %v, %v", about.Mode(), err)
	}
	for what, c := range map[string]struct {
		header, value, host string
		want                int
	}{
		"no token": {"X", "", "", http.StatusUnauthorized}, "another": {"Authorization", "Bearer x", "", http.StatusUnauthorized},
		"a page elsewhere": {"Origin", "http://elsewhere.example", "", http.StatusForbidden}, "another name": {"X", "", "elsewhere.example", http.StatusForbidden},
	} {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address.URL+"/v1/abort", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if c.want == http.StatusForbidden {
			request.Header.Set("Authorization", "Bearer "+address.Token)
		}
		request.Header.Set(c.header, c.value)
		request.Host = c.host
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.want {
			t.Errorf("%s: %s, want %d", what, response.Status, c.want)
		}
	}
}

// judged holds the record of what people did.
func judged(t *testing.T, s *session) {
	t.Helper()
	res, err := record.Read(s.out)
	if err != nil {
		t.Fatal(err)
	}
	if res.PartialWhy != "aborted (by ann, squall ctl): customers notice" || len(res.Actions) != 2 {
		t.Fatalf("%q with actions %+v", res.PartialWhy, res.Actions)
	}
	slow, cut := res.Actions[0], res.Actions[1]
	if slow.Person != "ann" || slow.Act != 1 || slow.UndoneS == nil || slow.Receipt == nil || slow.Receipt.Requests == 0 || slow.Receipt.FullDelayMs < 300 || slow.Receipt.Coverage == nil {
		t.Errorf("the act that was cleared: %+v with %+v", slow, slow.Receipt)
	}
	if cut.Act != 2 || cut.UndoneS == nil || cut.What != "outage (hang)" {
		t.Errorf("the act that was on when the run was stopped: %+v", cut)
	}
	if !slices.ContainsFunc(res.Events, func(e record.Event) bool { return e.Kind == "said" && e.Text == "the pager rang (by ann, squall ctl)" }) {
		t.Errorf("no note among %+v", res.Events)
	}
	if _, err := os.Stat(filepath.Join(s.out, control.File)); !os.IsNotExist(err) {
		t.Errorf("the control's file is left: %v", err)
	}
}

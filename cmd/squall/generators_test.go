package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// divided is a run whose load can be divided, for so many seconds.
func divided(t *testing.T, seconds int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "divided.yaml")
	text := fmt.Sprintf(`scenario: divided
topology:
  shop: {kind: service, workers: 64, endpoints: {"GET /item/{n}": [{work: 1ms}], "PUT /item/{n}": [{work: 1ms}, {write: db}]}}
  db:   {kind: database}
load:
  users:
    to: shop
    rate: 60/s
    arrivals: poisson
    requests: [{send: "GET /item/{n}", weight: 3, n: {zipf: 1.1, of: 100}}, {send: "PUT /item/{n}", n: {sequence: true}}]
warm_up: 500ms
phases: [{name: steady, for: %ds}, {name: after, for: 1s}]
`, seconds)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sent are how many requests of each kind each phase had, which no machine changes.
func sent(r *record.Result) (out []string) {
	for _, p := range r.Phases {
		for _, q := range p.Requests {
			out = append(out, fmt.Sprintf("%s %s %d", p.Name, q.Request, q.Sent))
		}
	}
	slices.Sort(out)
	return out
}

// generatorsOf are the processes that drive a run's load, by name.
func generatorsOf(run string) map[string]int {
	pids := map[string]int{}
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(env, []byte("SQUALL_RUN="+run)) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if words := strings.Split(string(line), "\x00"); len(words) > 3 && words[1] == "generator" {
			pids[words[3]], _ = strconv.Atoi(filepath.Base(filepath.Dir(file)))
		}
	}
	return pids
}

// inPhase waits until a run is in a phase.
func inPhase(t *testing.T, s *squall, phase string) *control.Client {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if client, err := control.Find(filepath.Join(s.dir, "out")); err == nil {
			if standing, err := client.Status(t.Context()); err == nil && standing.Phase == phase {
				return client
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("it never came to %q; it said:\n%s", phase, strings.Join(s.seen, "\n"))
		}
	}
}

func ended(t *testing.T, s *squall) (report.Exit, *record.Result) {
	t.Helper()
	code := s.end()
	r, err := record.Read(filepath.Join(s.dir, "out"))
	if err != nil {
		t.Fatalf("exit %d: %v; it said:\n%s\n%s", code, err, strings.Join(s.seen, "\n"), s.output.String())
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v", s.run(), left)
	}
	return code, r
}

// Children of squall send the same requests as squall itself, on engines in real time too, and are gone with the run. Alone: up to seven
// processes each have a schedule to keep.
func TestGeneratorsOfTheirOwnSendTheSame(t *testing.T) {
	scenario := divided(t, 3)
	for _, engine := range engines(t) {
		t.Run(engine, func(t *testing.T) {
			breadth.Today(t, breadth.Name(t), 3)
			var want []string
			for _, n := range []int{0, 1, 3} {
				s := start(t, t.TempDir(), "run", scenario, "--engine", engine, "--out", "out", "--generators", strconv.Itoa(n))
				s.await("), run ")
				_, r := ended(t, s)
				if n == 0 {
					if want = sent(r); len(want) != 4 {
						t.Fatalf("%s: %v", engine, want)
					}
				}
				if got := sent(r); !slices.Equal(got, want) {
					t.Errorf("%s, %d generators sent %v, want %v", engine, n, got, want)
				}
				if len(r.Generators) != n {
					t.Fatalf("%s: %d generators, want %d", engine, len(r.Generators), n)
				}
				var all int64
				for i, g := range r.Generators {
					all += g.Intended
					if g.Ended != "done" || g.CPUs == nil || *g.CPUs <= 0 || g.Descriptors == nil || g.DriftMs == nil || g.UncertaintyMs <= 0 {
						t.Errorf("%s: %+v", engine, g)
					}
					if _, err := os.Stat(filepath.Join(s.dir, "out", "logs", fmt.Sprintf("generator-%d.log", i+1))); err != nil {
						t.Error(err)
					}
				}
				if n > 0 && all != r.Generator.Intended {
					t.Errorf("%s: they intended %d, all together %d", engine, all, r.Generator.Intended)
				}
				if !strings.Contains(s.output.String(), "generator-1: ") != (n == 0) {
					t.Errorf("%s, %d generators, the report says:\n%s", engine, n, s.output.String())
				}
			}
		})
	}
}

// One that is killed is named, the run is inconclusive, and every request is accounted for; one that stands still is named for being late.
func TestAGeneratorThatIsKilledOrStopped(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("generators are found by /proc")
	}
	scenario := divided(t, 6)
	whole := start(t, t.TempDir(), "run", scenario, "--engine", "process", "--out", "out")
	whole.await("), run ")
	_, want := ended(t, whole)
	for name, do := range map[string]func(pid int){
		"killed": func(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) },
		"stopped": func(pid int) {
			_ = syscall.Kill(pid, syscall.SIGSTOP)
			time.Sleep(3 * time.Second)
			_ = syscall.Kill(pid, syscall.SIGCONT)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, t.TempDir(), "run", scenario, "--engine", "process", "--out", "out", "--generators", "2")
			s.await("), run ")
			inPhase(t, s, "steady")
			pids := generatorsOf(s.run())
			if len(pids) != 2 {
				t.Fatalf("generators %v", pids)
			}
			do(pids["generator-2"])
			code, r := ended(t, s)
			if code != report.ExitInconclusive {
				t.Errorf("exit %d, %v", code, r.Reasons)
			}
			g, all := r.Generators[1], r.Generator
			if all.Intended != want.Generator.Intended || all.Intended != all.Sent+all.Unsent+all.Unknown {
				t.Errorf("%d intended, want %d: %d sent, %d not, %d unknown", all.Intended, want.Generator.Intended, all.Sent, all.Unsent, all.Unknown)
			}
			reasons := strings.Join(r.Reasons, "\n")
			switch name {
			case "killed":
				if !strings.Contains(reasons, "generator-2 was lost: its process ended: signal: killed") || g.Unsent < 30 || all.Unknown != g.Unknown {
					t.Errorf("%+v\n%s", g, reasons)
				}
			default:
				if !strings.Contains(reasons, "generator-2 ") || g.LagMs.Max < 2000 || g.SilentMs < 2000 || g.Ended != "done" {
					t.Errorf("%+v\n%s", g, reasons)
				}
			}
		})
	}
}

// A conductor that is killed leaves no generator behind, and one that is interrupted ends them.
func TestGeneratorsGoWithTheirConductor(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("generators are found by /proc")
	}
	scenario, state := divided(t, 600), t.TempDir()
	for _, signal := range []os.Signal{os.Kill, os.Interrupt} {
		s := start(t, state, "run", scenario, "--engine", "process", "--out", "out", "--generators", "3")
		t.Cleanup(func() { _ = s.cmd.Process.Kill() })
		s.await("), run ")
		inPhase(t, s, "steady")
		if pids := generatorsOf(s.run()); len(pids) != 3 {
			t.Fatalf("generators %v", pids)
		}
		if err := s.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		code := s.end()
		if signal == os.Interrupt && code != report.ExitInterrupted {
			t.Errorf("exit %d", code)
		}
		for deadline := time.Now().Add(time.Minute); len(generatorsOf(s.run())) > 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("after %s there are %v", signal, generatorsOf(s.run()))
			}
		}
		if code := start(t, state, "clean").end(); code != report.ExitPass {
			t.Errorf("clean: exit %d", code)
		}
		if left := leftovers(t, s.run()); len(left) > 0 {
			t.Errorf("after %s run %s left %v", signal, s.run(), left)
		}
	}
}

// What people order reaches every generator: a rate, a hold, the next phase.
func TestGeneratorsAreSteered(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), "run", divided(t, 600), "--engine", "process", "--out", "out", "--generators", "2")
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	s.await("), run ")
	client := inPhase(t, s, "steady")
	do := func(verb string, asked control.Asked) {
		t.Helper()
		asked.Who = "ann"
		if _, err := client.Do(t.Context(), verb, asked); err != nil {
			t.Fatalf("%s: %v", verb, err)
		}
	}
	time.Sleep(time.Second)
	do("load", control.Asked{Load: "x5"})
	time.Sleep(3 * time.Second) // of the new rate
	do("hold", control.Asked{})
	do("next", control.Asked{})
	_, r := ended(t, s)
	for _, g := range r.Generators {
		if share := float64(g.Sent) / float64(r.Generator.Sent); share < .4 || share > .6 || g.Ended != "done" {
			t.Errorf("%+v of %d", g, r.Generator.Sent)
		}
	}
	// Some second of 60/s, and 3 s at the least of five times that.
	rate := float64(r.Generator.Sent) / r.DurationS
	if rate < 120 || r.Phases[0].EndS > 60 || len(r.Phases) != 2 {
		t.Errorf("%.0f/s over %.1f s, phases %+v", rate, r.DurationS, r.Phases)
	}
}

// Faults that sit where a load dials, and not on a wire, are felt by generators of their own too: names that are not found, which are counted in the
// receipt, and instances that are withdrawn before they stop.
func TestFaultsWhereGeneratorsDial(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "dials.yaml")
	text := `scenario: dials
topology:
  shop: {kind: service, replicas: 2, workers: 64, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 100/s, requests: [{send: GET /x}]}
phases:
  - {name: steady, for: 1s}
  - {name: nameless, for: 2s, faults: [{dns: nxdomain, on: users -> shop}, {reset: users -> shop, connections: open, for: 200ms}]}
  - {name: between, for: 1s}
  - {name: restart, for: 3s, faults: [{stop: shop-1, at: 500ms, for: 1s}]}
  - {name: after, for: 1s}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"0", "2"} {
		s := start(t, t.TempDir(), "run", path, "--engine", "process", "--out", "out", "--generators", n)
		s.await("), run ")
		_, r := ended(t, s)
		if f, errs := r.Faults[0], r.Phases[1].Requests[0].Errors; !f.Receipt.Met || !strings.Contains(f.Receipt.Text, "lookups by users met it") || errs["dns"] < 100 {
			t.Errorf("%s generators: receipt %q, errors %v", n, f.Receipt.Text, errs)
		}
		if q := r.Phases[3].Requests[0]; q.Failed > q.Sent/50 {
			t.Errorf("%s generators: %d of %d failed while one of two was restarted: %v", n, q.Failed, q.Sent, q.Errors)
		}
		if q := r.Phases[4].Requests[0]; q.Failed > 0 {
			t.Errorf("%s generators: after it %v", n, q.Errors)
		}
	}
}

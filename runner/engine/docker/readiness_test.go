package docker

import (
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
)

// testedProgram serves at once and is well by its file after a second; its tests say so, fail or hang.
const testedProgram = `package main

import ("fmt"; "net/http"; "os"; "time")

func main() {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "well":
			_, err := os.Stat("/tmp/well")
			if err != nil { fmt.Println("not yet"); os.Exit(1) }
		case "fail": fmt.Println("no database"); os.Exit(7)
		case "hang": time.Sleep(time.Hour)
		case "end": fmt.Println("can't start"); os.Exit(4)
		}
		return
	}
	os.Remove("/tmp/well")
	fmt.Println("it listens")
	go func() { time.Sleep(1200 * time.Millisecond); os.WriteFile("/tmp/well", nil, 0o644) }()
	go http.ListenAndServe(":8081", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := os.Stat("/tmp/well"); err != nil || r.URL.Path != "/ready" { w.WriteHeader(503) }
	}))
	http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {}))
}
`

// An image is ready when its healthcheck says so, at its first start and after a kill, and not before.
func TestHealthcheckIsWaitedFor(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, testedProgram)
	interval := "2s"
	if testEngine(t, Options{}).testsEarly() {
		interval = "40s"
	}
	begin := time.Now()
	s := launch(t, Options{}, parsed(t, `
scenario: tested
topology:
  a: {kind: image, image: `+ref+`, healthcheck: {test: [CMD, /squall, well], interval: `+interval+`}}
  b: {kind: image, image: `+ref+`, healthcheck: {http: /ready, port: 8081, interval: 5s}}
`+rest, nil))
	well := func(instance string) {
		t.Helper()
		if got, code := s.inside(t, instance, "well"); code != 0 {
			t.Errorf("%s was taken for ready when it was not: %s", instance, got)
		}
	}
	well("a-1")
	well("b-1")
	if took := time.Since(begin); took > 35*time.Second {
		t.Errorf("the launch took %s: an interval is %s", took, interval)
	}
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "a-1"}))
	well("a-1")
	touched, err := s.Touched(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range touched { // the engine's test is the same command as ours of a-1; b-1 has none
		if one.On != "b-1" || one.What != "ran squall in it" {
			t.Errorf("told as somebody's doing: %s", one)
		}
	}
}

// What never gets healthy is told once, with how the test went and the last lines, and leaves nothing.
func TestNeverHealthy(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, testedProgram)
	for name, c := range map[string]struct {
		keys  string
		wants []string
	}{
		"fails":        {"healthcheck: {test: [CMD, /squall, fail], interval: 1s, retries: 2}", []string{"it never got healthy", "failed 2 times", "exit code 7: no database", "it listens"}},
		"hangs":        {"healthcheck: {test: [CMD, /squall, hang], interval: 1s, timeout: 1s, retries: 2}", []string{"it never got healthy", "exceeded timeout", "it listens"}},
		"is not there": {"healthcheck: {test: [CMD, /none], interval: 1s, retries: 1}", []string{"it never got healthy", "/none", "it listens"}},
		"ends":         {"command: end, healthcheck: {test: [CMD, /squall, well]}", []string{"it ended before it was healthy", "exit code 4", "can't start"}},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			e := testEngine(t, Options{Exe: squallbin.Path(t)})
			run := "tested-" + strings.ReplaceAll(name, " ", "-")
			cleanRun(t, e, run)
			begin := time.Now()
			plan := parsed(t, "scenario: tested\ntopology:\n  a: {kind: image, image: "+ref+", "+c.keys+"}"+rest, nil)
			_, err := e.Launch(t.Context(), runner.Launch{Plan: plan, Run: run, Dir: t.TempDir(), Progress: func(string) {}})
			if err == nil {
				t.Fatal("it was launched")
			}
			t.Log(err)
			for _, want := range append(c.wants, `"a-1"`) {
				if strings.Count(err.Error(), want) < 1 {
					t.Errorf("%q does not say %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("it is more than one error: %s", err)
			}
			if took := time.Since(begin); took > healthTimeout/2 {
				t.Errorf("it took %s to find out", took)
			}
			wantNothing(t, e, run)
		})
	}
}

package docker

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// A launch that fails says why and leaves nothing.
func TestFailedLaunchLeavesNothing(t *testing.T) {
	t.Parallel()
	// The engine answers for this name that it has no such image, without asking any registry.
	missing := &scenarios.Node{Name: "x", Kind: scenarios.KindImage, Image: "127.0.0.1:9/none:1"}
	dies := &scenarios.Node{Name: "x", Kind: scenarios.KindDatabase, Image: "set below", Container: scenarios.Container{Env: map[string]string{"POSTGRES_PASSWORD": ""}}}
	for _, c := range []struct {
		name  string
		node  *scenarios.Node
		image func(*testing.T) string
		wants []string
	}{
		{"an image that is not there", missing, func(*testing.T) string { return missing.Image }, []string{"127.0.0.1:9/none:1", `"x"`}},
		{"a container that ends at once", dies, strangerThatEnds, []string{"x-1", "exit code 3", "x-1.log", "no way"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.node.Image = c.image(t)
			e := testEngine(t, Options{Exe: squallbin.Path(t)})
			run := fmt.Sprintf("fail-%x", time.Now().UnixNano())
			cleanRun(t, e, run)
			begin := time.Now()
			_, err := e.Launch(t.Context(), runner.Launch{Plan: planOf(service("a", work(0)), c.node), Run: run, Dir: t.TempDir(), Progress: func(string) {}})
			if err == nil {
				t.Fatal("it was launched")
			}
			for _, want := range c.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %s", err, want)
				}
			}
			if took := time.Since(begin); took > healthTimeout/2 {
				t.Errorf("it took %s to find out", took)
			}
			wantNothing(t, e, run)
		})
	}
}

func strangerThatEnds(t *testing.T) string {
	return loadStranger(t, `package main

import ("fmt"; "os")

func main() { fmt.Println("no way"); os.Exit(3) }
`)
}

// What an instance writes is in its log, over a restart, each line once.
func TestLogsOverARestart(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, `package main

import ("fmt"; "net/http"; "os"; "time")

func main() {
	for i := range 100 { fmt.Println("line", i, time.Now().UnixNano()); fmt.Fprintln(os.Stderr, "also", i) }
	http.ListenAndServe(":7000", nil)
}
`)
	dir := t.TempDir()
	s := launchIn(t, dir, Options{}, planOf(&scenarios.Node{Name: "x", Kind: scenarios.KindImage, Image: ref, Container: scenarios.Container{Port: 7000}}))
	undo := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "x-1"})
	lift(t, undo)
	if err := s.Down(context.Background()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "logs", "x-1.log"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for line := range strings.Lines(string(data)) {
		seen[line]++
		if strings.HasPrefix(line, "line") && seen[line] > 1 {
			t.Errorf("twice: %q", line)
		}
	}
	if lines := bytes.Count(data, []byte("line ")); lines != 200 {
		t.Errorf("%d lines of output, want 100 of each of its two lives", lines)
	}
	if lines := bytes.Count(data, []byte("also ")); lines != 200 {
		t.Errorf("%d lines of errors, want 100 of each of its two lives", lines)
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "mesh.log")); err != nil {
		t.Error(err)
	}
}

// Where containers can't be dialled, everything works through the published port.
func TestPublishedPort(t *testing.T) {
	inParallel(t)
	s := launch(t, Options{Reach: ReachPublished}, load(planOf(service("a", work(0))), "users", "a"))
	if s.direct {
		t.Error("it is reached directly")
	}
	client := s.client("users:a-1")
	if status, _, err := once(t, client, "GET", "/"); err != nil || status != 200 {
		t.Fatalf("%d, %v", status, err)
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpOutage, Edge: "users:a-1", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}})
	if _, took, err := once(t, client, "GET", "/"); err == nil || took > 5*time.Second {
		t.Errorf("under an outage: %v after %s", err, took)
	}
	lift(t, undo)
	if status, _, err := once(t, client, "GET", "/"); err != nil || status != 200 {
		t.Errorf("after it: %d, %v", status, err)
	}
}

func TestCheck(t *testing.T) {
	e, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	image := &scenarios.Node{Name: "pg", Kind: scenarios.KindDatabase, Image: "postgres:16"}
	for _, c := range []struct {
		name, wrong string
		node        *scenarios.Node
		primitive   faults.Primitive
	}{
		{"all well", "", image, faults.Primitive{Op: faults.OpKill, Instance: "pg-1"}},
		{"an image can't misbehave", "postgres:16", image, faults.Primitive{Op: faults.OpBehave, Instance: "pg-1", Behaviour: &faults.Behaviour{}}},
		{"no such instance", `"pg-2"`, image, faults.Primitive{Op: faults.OpPause, Instance: "pg-2"}},
		{"no such action", `"melt"`, image, faults.Primitive{Op: "melt", Instance: "pg-1"}},
		{"too little CPU", "0.001", image, faults.Primitive{Op: faults.OpCPU, Instance: "pg-1", CPUs: 0.001}},
		{"too little memory", "6MB", &scenarios.Node{Name: "pg", Kind: scenarios.KindService, Memory: 1000}, faults.Primitive{Op: faults.OpKill, Instance: "pg-1"}},
		{"no image", "names none", &scenarios.Node{Name: "pg", Kind: scenarios.KindImage}, faults.Primitive{Op: faults.OpKill, Instance: "pg-1"}},
	} {
		p := planOf(c.node)
		p.Faults = []topology.ResolvedFault{{Fault: faults.Fault{Name: "f", Kind: faults.Latency{}}, Primitives: []faults.Primitive{c.primitive}}}
		err := e.Check(p)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.wrong)
		}
	}
	small, err := New(Options{Range: netip.MustParsePrefix("198.18.0.0/28")}) // two networks, and it takes three
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if err := small.Check(planOf(service("a"), service("b"))); err == nil || !strings.Contains(err.Error(), "198.18.0.0/28") {
		t.Errorf("a range that is too small: %v", err)
	}
}

package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/fleet"
	"github.com/squallhq/squall/faults/mesh/remote"
)

// The test binary plays a mesh process.
func TestMain(m *testing.M) {
	if os.Getenv("FLEET_TEST") != "mesh" {
		os.Exit(m.Run())
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	config := remote.Config{Control: "127.0.0.1:0", Token: "t", Seed: 1}
	err := remote.Serve(ctx, config, func(*mesh.Mesh) http.Handler { return http.NotFoundHandler() }, func(a remote.Addresses) {
		_ = json.NewEncoder(os.Stdout).Encode(a) // the test sees that nothing came
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// startMesh starts a mesh in a process of its own.
func startMesh(t *testing.T) (*remote.Client, *exec.Cmd) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env, c.Stderr = append(os.Environ(), "FLEET_TEST=mesh"), os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait() // some are killed
	})
	var at remote.Addresses
	if err := json.NewDecoder(out).Decode(&at); err != nil {
		t.Fatal(err)
	}
	client := remote.NewClient(at.Control, "t", nil)
	t.Cleanup(client.Disconnect)
	return client, c
}

// edgesTo opens an edge on each mesh to something that answers nothing and keeps connections.
func edgesTo(t *testing.T, f *fleet.Fleet, names []string) (at map[string]string) {
	t.Helper()
	callee, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			c, err := callee.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				_, _ = io.Copy(io.Discard, c) // until the edge ends it
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() { _ = callee.Close(); open.Wait() })
	var edges []mesh.Edge
	for _, name := range names {
		edges = append(edges, mesh.Edge{Name: name, Listen: "127.0.0.1:0", Upstream: callee.Addr().String()})
	}
	opened, err := f.Open(t.Context(), edges)
	if err != nil {
		t.Fatal(err)
	}
	at = map[string]string{}
	for _, e := range opened {
		at[e.Name] = e.Listen
	}
	return at
}

// Three meshes in processes of their own put a fault on at one time: connections over all of them break then, and new ones are refused. How
// far apart they say that they came is what the connections show, as far as the machine lets that be seen.
func TestThreeProcesses(t *testing.T) {
	names := []string{"a", "b", "c"}
	var members []fleet.Member
	for _, name := range names {
		client, _ := startMesh(t)
		members = append(members, fleet.Member{Name: name, Scheduled: client})
	}
	f, err := fleet.New(t.Context(), members, func(edge string) string { return edge })
	if err != nil {
		t.Fatal(err)
	}
	at := edgesTo(t, f, names)
	for round := range 5 {
		id := fmt.Sprint("f", round)
		broke := make([]time.Time, len(names))
		var waiting sync.WaitGroup
		for n, name := range names {
			c, err := net.Dial("tcp", at[name])
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Write([]byte("x")); err != nil {
				t.Fatal(err)
			}
			waiting.Go(func() {
				_, err := c.Read(make([]byte, 1))
				broke[n] = time.Now()
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("over %s: %v, want a reset", name, err)
				}
			})
		}
		began := time.Now()
		if err := f.Apply(t.Context(), id, refuseOn(names...)); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		for _, name := range names {
			if c, err := net.Dial("tcp", at[name]); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
				if err == nil {
					_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
					_, err = c.Read(make([]byte, 1))
					_ = c.Close()
				}
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("once it is on, a connection over %s: %v", name, err)
				}
			}
		}
		waiting.Wait()
		slices.SortFunc(broke, time.Time.Compare)
		r, err := f.Lift(t.Context(), id)
		if err != nil || r.Spread == nil || r.Spread.Meshes != 3 || r.Spread.On == nil || r.Spread.Off == nil || r.Reset+r.Closed+r.Connections < 3 {
			t.Fatalf("%+v, %v", r, err)
		}
		seen := broke[2].Sub(broke[0])
		t.Logf("on within %s ± %s (late %s), off within %s ± %s; the connections broke within %s; putting it on took %s",
			r.Spread.On.By, r.Spread.On.Uncertain, r.Spread.On.Late, r.Spread.Off.By, r.Spread.Off.Uncertain, seen, took)
		if broke[0].Before(began) {
			t.Error("a connection broke before the fault was asked for")
		}
		// Who reads may be woken late, but no connection breaks before its mesh has put the fault on: the last one breaks no sooner than the
		// last mesh says, as far as that is known, after the first.
		if late := began.Add(r.Spread.On.By - r.Spread.On.Uncertain); broke[2].Before(late) {
			t.Errorf("all had broken %s after it was asked for, and the meshes say that they were %s ± %s apart", broke[2].Sub(began), r.Spread.On.By, r.Spread.On.Uncertain)
		}
		stats, err := f.Stats(t.Context())
		if err != nil || len(stats) != 3 || stats[0].Name != "a" || stats[2].Connections < int64(round+1) {
			t.Errorf("counters %+v, %v", stats, err)
		}
	}
}

// A mesh that dies takes the fault nowhere: the others have nothing on, the error says whose it was, and what others carry can be hit still.
func TestAMeshDies(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c"}
	var members []fleet.Member
	var processes []*exec.Cmd
	for _, name := range names {
		client, c := startMesh(t)
		members, processes = append(members, fleet.Member{Name: name, Scheduled: client}), append(processes, c)
	}
	f, err := fleet.New(t.Context(), members, func(edge string) string { return edge })
	if err != nil {
		t.Fatal(err)
	}
	at := edgesTo(t, f, names)
	if err := f.Apply(t.Context(), "before", refuseOn("a", "b", "c")); err != nil {
		t.Fatal(err)
	}
	if err := processes[1].Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = processes[1].Wait() // it was killed
	if _, err := f.Lift(t.Context(), "before"); err == nil || !strings.Contains(err.Error(), "mesh b: ") || strings.Contains(err.Error(), "mesh a: ") {
		t.Errorf("lifting of a dead mesh: %v, want whose error it is", err)
	}
	if err := f.Apply(t.Context(), "after", refuseOn("a", "b", "c")); err == nil || !strings.Contains(err.Error(), "mesh b: ") {
		t.Errorf("applying to a dead mesh: %v, want whose error it is", err)
	}
	for _, name := range []string{"a", "c"} {
		c, err := net.Dial("tcp", at[name])
		if err == nil {
			_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
			_, err = c.Read(make([]byte, 1))
			_ = c.Close()
		}
		if wait := (net.Error)(nil); !errors.As(err, &wait) || !wait.Timeout() {
			t.Errorf("over %s, which has nothing on: %v, want a connection that stays", name, err)
		}
	}
	if err := f.Apply(t.Context(), "others", refuseOn("a", "c")); err != nil {
		t.Error(err)
	}
	if r, err := f.Lift(t.Context(), "others"); err != nil || r.Spread.Meshes != 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

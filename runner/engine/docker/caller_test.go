package docker

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/docker/nodeimage"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// strangerProgram is somebody else's image: a server on port 7000, and a client.
const strangerProgram = `package main

import ("fmt"; "io"; "net/http"; "os"; "time")

func main() {
	if len(os.Args) == 3 && os.Args[1] == "get" {
		c := http.Client{Timeout: 10 * time.Second}
		r, err := c.Get(os.Args[2])
		if err != nil { fmt.Println(err); os.Exit(1) }
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		fmt.Println(r.StatusCode, string(b))
		return
	}
	host, _ := os.Hostname()
	http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" { w.WriteHeader(204); return }
		fmt.Fprintf(w, "%s %s", host, os.Getenv("GREETING"))
	}))
}
`

// loadStranger loads a program as an image that is nothing that squall would clean up, and removes it when the test ends.
func loadStranger(t *testing.T, program string) string {
	t.Helper()
	return loadLabelled(t, program, "squall.test").Ref
}

// loadLabelled makes an image of a program with a label of its own in place of labelBinary.
func loadLabelled(t *testing.T, program, label string) *nodeimage.Image {
	t.Helper()
	e := testEngine(t, Options{})
	stranger, err := nodeimage.New(squallbin.Program(t, program, "0"), architecture(t, e))
	if err != nil {
		t.Fatal(err)
	}
	stranger.Config = bytes.Replace(stranger.Config, []byte(nodeimage.Label), []byte(label), 1)
	id := sha256.Sum256(stranger.Config)
	// A name of this test's own: another with the same program may end before, and removes its own.
	stranger.Ref = fmt.Sprintf("squall-test-stranger:%x-%s", id[:8], rand.Text())
	if err := e.load(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, err := e.api.ImageRemove(context.Background(), stranger.Ref, image.RemoveOptions{Force: true})
		if err != nil && !errdefs.IsNotFound(err) {
			t.Error(err)
		}
	})
	return stranger
}

func architecture(t *testing.T, e *Engine) string {
	t.Helper()
	info, err := e.api.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.Architecture
}

// An image knows its upstreams by their names and usual ports, two on the same port included, each
// name standing for all replicas; and it is an instance like others to its callers.
func TestImageCallsItsUpstreamsByName(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, strangerProgram)
	a, b, c := service("a", work(0)), service("b", work(0)), service("c", work(0))
	a.Replicas = 2
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase}
	stranger := &scenarios.Node{
		Name: "stranger", Kind: scenarios.KindImage, Image: ref, Container: scenarios.Container{Port: 7000, Health: "/ready",
			Env: map[string]string{"GREETING": "hello"}, Calls: []string{"a", "b", "c", "db"}},
	}
	asker := &scenarios.Node{Name: "asker", Kind: scenarios.KindImage, Image: ref, Container: scenarios.Container{Port: 7000, Calls: []string{"a", "b"}}}
	plan := load(planOf(a, b, c, db, stranger, asker), "users", "stranger")
	lookup := faults.Primitive{Op: faults.OpLookup, Edge: "asker-1:a-1", Lookup: &faults.NameLookup{Answer: faults.LookupNXDomain}}
	plan.Faults = append(plan.Faults, topology.ResolvedFault{Fault: faults.Fault{Kind: faults.DNS{Answer: "nxdomain"}}, Primitives: []faults.Primitive{lookup}})
	s := launch(t, Options{}, plan)
	if n := len(s.byName["stranger-1"].place.links); n != 3 {
		t.Errorf("it has %d networks, want one for each of the upstreams on port 8080", n)
	}
	for _, name := range []string{"a", "b", "c"} {
		for range 4 {
			if out, code := s.inside(t, "stranger-1", "get", "http://"+name+":8080/"); code != 0 || !strings.HasPrefix(out, "200") {
				t.Fatalf("%s: %q (exit code %d)", name, out, code)
			}
		}
	}
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for edge, want := range map[string]int64{"stranger-1:a-1": 2, "stranger-1:a-2": 2, "stranger-1:b-1": 4, "stranger-1:c-1": 4} {
		if got := o.Edges[edge].Requests; got != want {
			t.Errorf("%s carried %d requests, want %d", edge, got, want)
		}
	}
	testLookups(t, s)
	request, err := s.client("users:stranger-1").Get("http://stranger/")
	if err != nil {
		t.Fatal(err)
	}
	defer request.Body.Close()
	var host, greeting string
	if _, err := fmt.Fscan(request.Body, &host, &greeting); err != nil || host != "stranger-1" || greeting != "hello" {
		t.Errorf("it answers %q %q, %v", host, greeting, err)
	}
}

// testLookups has an image look up its upstreams by the mesh, as its plan has a fault of that, and another not.
func testLookups(t *testing.T, s launched) {
	get := func(name, want string) {
		t.Helper()
		if out, _ := s.inside(t, "asker-1", "get", "http://"+name+":8080/"); !strings.Contains(out, want) {
			t.Errorf("%s: %q, want %q", name, out, want)
		}
	}
	on := func(to faults.NameLookup) faults.Primitive {
		return faults.Primitive{Op: faults.OpLookup, Edge: "asker-1:a-1", Lookup: &to}
	}
	get("a", "200")
	get("b", "200")
	for answer, want := range map[faults.LookupAnswer]string{
		faults.LookupNXDomain: "no such host", faults.LookupServfail: "server misbehaving", faults.LookupOld: "no route to host",
	} {
		undo := s.inject(t, on(faults.NameLookup{Answer: answer}))
		get("a", want)
		get("b", "200")
		receipt := lift(t, undo)
		if len(receipt.Deeds) != 1 || receipt.Deeds[0].Instance != "asker-1" || receipt.Deeds[0].N < 1 || !receipt.Met() {
			t.Errorf("%s: receipt %+v", answer, receipt)
		}
		get("a", "200")
	}
	p := on(faults.NameLookup{Answer: faults.LookupNXDomain})
	p.Edge = "stranger-1:a-1"
	if _, err := s.Inject(t.Context(), []faults.Primitive{p}); err == nil || !strings.Contains(err.Error(), "stranger-1") {
		t.Errorf("a caller whose plan has no such fault: %v", err)
	}
}

package docker

import (
	"io"
	"strings"
	"testing"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
)

// Instances are replaced by those of another image, one at a time, and back; their volumes stay. An image that does not run is told, and
// leaves what was there.
func TestRollout(t *testing.T) {
	inParallel(t)
	old := loadStranger(t, versionProgram)
	fresh := loadStranger(t, strings.Replace(versionProgram, "version 1", "version 2", 1))
	s := launch(t, Options{Exe: squallbin.Path(t)}, parsed(t, `
scenario: rollout
topology:
  a: {kind: image, image: `+old+`, replicas: 2, user: root, volumes: ["data:/data"]}
load: {users: {to: a, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`, nil))
	want := func(instance, text string) {
		t.Helper()
		r, err := s.client("users:" + instance).Get("http://a/")
		if err != nil {
			t.Errorf("%s: %v", instance, err)
			return
		}
		defer r.Body.Close()
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != text {
			t.Errorf("%s: %q, %v; want %q", instance, body, err, text)
		}
	}
	want("a-1", "version 1, starts 1")
	replace := func(image string) []faults.Primitive {
		return []faults.Primitive{{Op: faults.OpReplace, Instance: "a-1", Image: image}, {Op: faults.OpReplace, Instance: "a-2", Image: image}}
	}
	undo := s.inject(t, replace(fresh)...)
	want("a-1", "version 2, starts 2")
	want("a-2", "version 2, starts 2")
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "a-2"}))
	want("a-2", "version 2, starts 3")
	receipt := lift(t, undo)
	if got := faults.DeedsText(receipt.Deeds); got != "replaced a-1, replaced a-2" {
		t.Errorf("receipt %q", got)
	}
	want("a-1", "version 1, starts 3")
	want("a-2", "version 1, starts 4")
	bad := strangerThatEnds(t)
	if _, err := s.Inject(t.Context(), replace(bad)); err == nil || !strings.Contains(err.Error(), "exit code 3") || !strings.Contains(err.Error(), "no way") {
		t.Errorf("an image that ends at once: %v", err)
	}
	want("a-1", "version 1, starts 4")
	want("a-2", "version 1, starts 4") // whose turn never came
	o, err := s.Observe(t.Context())
	if err != nil || o.Nodes["a-1"].Unread {
		t.Errorf("%+v, %v", o.Nodes["a-1"], err)
	}
}

// versionProgram says its version, and how often it was started.
const versionProgram = `package main

import ("fmt"; "net/http"; "os")

func main() {
	before, _ := os.ReadFile("/data/starts")
	starts := string(before) + "x"
	if err := os.WriteFile("/data/starts", []byte(starts), 0o644); err != nil { panic(err) }
	http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "version 1, starts %d", len(starts))
	}))
}
`

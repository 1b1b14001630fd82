package docker

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
)

// eatingProgram keeps what it is asked to, in itself or in a child that it survives.
const eatingProgram = `package main

import ("net/http"; "os"; "os/exec"; "strconv")

var kept [][]byte

func eat(mb string) {
	n, _ := strconv.Atoi(mb)
	for range n {
		b := make([]byte, 1<<20)
		for i := range b { b[i] = 1 }
		kept = append(kept, b)
	}
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == "eat" { eat(os.Args[2]); return }
	http.HandleFunc("/eat", func(w http.ResponseWriter, r *http.Request) { eat(r.FormValue("mb")) })
	http.HandleFunc("/child", func(w http.ResponseWriter, r *http.Request) {
		if err := exec.Command("/proc/self/exe", "eat", r.FormValue("mb")).Run(); err != nil { w.WriteHeader(500) }
	})
	http.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	http.ListenAndServe(":8080", nil)
}
`

const eatingScenario = `
topology:
  a: {kind: image, image: IMAGE, health: /, memory: 64MiB}
load: {users: {to: a, rate: 10/s, requests: [{send: GET /}]}}
phases: [{name: steady, for: 10s}]
`

// What the kernel kills for want of memory is told as that: an instance under a fault, which is back when the fault is over; a process
// of one that goes on; and one that no fault has limited.
func TestOutOfMemory(t *testing.T) {
	inParallel(t)
	ref := loadStranger(t, eatingProgram)
	s := launch(t, Options{Exe: squallbin.Path(t)}, parsed(t, "scenario: eats\n"+strings.ReplaceAll(eatingScenario, "IMAGE", ref), nil))
	client := s.client("users:a-1")
	client.Timeout = time.Minute
	get := func(path string) int {
		r, err := client.Get("http://a" + path)
		if err != nil {
			return 0
		}
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		return r.StatusCode
	}
	told := func() error {
		t.Helper()
		select {
		case err := <-s.Died():
			return err
		case <-time.After(time.Minute):
			t.Fatal("nothing was told")
			return nil
		}
	}
	starved := func() int64 {
		o, err := s.Observe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return o.Nodes["a-1"].Starved
	}
	if code := get("/child?mb=96"); code != 500 {
		t.Errorf("a child of it that needs more than it has: %d", code)
	}
	var planned *runner.ByFault
	var how *engine.Starved
	if err := told(); errors.As(err, &planned) || !errors.As(err, &how) || how.Limit != 64<<20 || !strings.Contains(err.Error(), `a process of instance "a-1" was killed: out of memory`) {
		t.Errorf("a child was killed: %v", err)
	}
	if code := get("/"); code != 200 || starved() != 1 {
		t.Errorf("it does not go on: %d, killed %d times", code, starved())
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpMemory, Instance: "a-1", Bytes: 24 << 20})
	if code := get("/"); code != 200 {
		t.Errorf("with enough memory: %d", code)
	}
	if code := get("/eat?mb=48"); code != 0 {
		t.Errorf("it ate more than its limit: %d", code)
	}
	if err := told(); !errors.As(err, &planned) || !errors.As(err, &how) || how.Limit != 24<<20 || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("it was killed under the fault: %v", err)
	}
	receipt := lift(t, undo)
	if got := faults.DeedsText(receipt.Deeds); got != "a-1 was killed for want of memory" || receipt.Requests == 0 {
		t.Errorf("receipt %q, %+v", got, receipt)
	}
	if code := get("/eat?mb=32"); code != 200 {
		t.Errorf("started again, with its own memory: %d", code)
	}
	if code := get("/eat?mb=64"); code != 0 {
		t.Errorf("it ate more than its own limit: %d", code)
	}
	if err := told(); errors.As(err, &planned) || !errors.As(err, &how) || how.Limit != 64<<20 || !strings.Contains(err.Error(), `"a-1" ended by itself: out of memory`) {
		t.Errorf("it was killed without a fault: %v", err)
	}
	if got := starved(); got != 3 {
		t.Errorf("killed %d times, want 3", got)
	}
}

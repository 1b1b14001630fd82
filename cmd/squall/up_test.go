package main

import (
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

// A topology that is up answers where it says, under its load, with nothing scheduled; people work on it; and when nobody was there for the
// lease it ends, with a record and nothing left.
func TestUp(t *testing.T) {
	t.Parallel()
	const scenario = `scenario: shop
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, requests: [{send: GET /x}], stages: [{for: 1s, from: 1/s, to: 20/s}]}
warm_up: 200ms
phases: [{name: bad, for: 1s, faults: [{crash: shop}]}]
expect: [{in: bad, success: "> 1%"}]
hooks: [{at: bad, run: [./page.sh]}]
`
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "shop.yaml"), []byte(scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startIn(t, dir, t.TempDir(), "up", "shop.yaml", "--engine", "process", "--out", "out", "--lease", "4s")
	t.Cleanup(func() { _ = s.cmd.Process.Signal(os.Interrupt) })
	s.await("it is up under its load")
	entry := regexp.MustCompile(`load users to shop-1 +(\S+)`).FindStringSubmatch(strings.Join(s.seen, "\n"))
	if entry == nil {
		t.Fatalf("it does not say where its entry is:\n%s", strings.Join(s.seen, "\n"))
	}
	client, err := control.Find(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if standing, err := client.Status(t.Context()); err == nil && standing.Phase == "up" && len(standing.Requests) == 1 && standing.Requests[0].Sent == 20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the load does not come to its rate")
		}
	}
	if _, err := client.Do(t.Context(), "inject", control.Asked{Who: "ann", Fault: "latency: 50ms, on: users -> shop", For: "1s"}); err != nil {
		t.Fatal(err)
	}
	for range 3 { // 6 s, of a lease of 4 s, by the entry alone
		time.Sleep(2 * time.Second)
		if status, _ := get(t, entry[1]+"/x"); status != http.StatusOK {
			t.Fatalf("the entry answers %d", status)
		}
	}
	last := time.Now()
	code := s.end()
	if lasted := time.Since(last); code != report.ExitPass || lasted < 3*time.Second {
		t.Errorf("exit %d, %s after the last request:\n%s", code, lasted, strings.Join(s.seen, "\n"))
	}
	res, err := record.Read(filepath.Join(dir, "out"))
	if err != nil || res.PartialWhy != "nobody was there for 4s" || len(res.Actions) != 1 || len(res.Faults) != 0 || !strings.HasPrefix(res.Command, "squall up ") {
		t.Errorf("%v: its record says %q, with actions %+v, faults %+v, made by %q", err, res.PartialWhy, res.Actions, res.Faults, res.Command)
	}
	if left := leftovers(t, s.run()); len(left) > 0 {
		t.Errorf("run %s left %v", s.run(), left)
	}
}

package docker

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/internal/squallbin"
)

// shopOf is one scenario; what stands for the database, the cache and the queue is filled in. The database is killed: reads of
// what the cache has go on, writes fail, and none that was acknowledged is lost.
const shopOf = `
scenario: shop
topology:
  api:
    kind: service
    timeout: 1s
    endpoints:
      GET /items/{item}: [{read: db, cache: {in: hot, ttl: 1m, timeout: 500ms}}]
      POST /items/{item}: [{write: db}]
      POST /orders/{item}: [{write: orders, timeout: 3s}]
  worker: {kind: service, endpoints: {POST /work: [{work: 1ms}]}}
  db: %s
  hot: %s
  orders: %s
load:
  users:
    to: api
    rate: 20/s
    requests:
      - {send: "GET /items/{item}", item: {uniform: true, of: 5}}
      - {send: "POST /items/{item}", item: {uniform: true, of: 1000}}
      - {send: "POST /orders/{item}", item: {uniform: true, of: 1000}}
phases:
  - {name: steady, for: 6s}
  - {name: no database, for: 5s, faults: [{crash: db}]}
  - {name: recovery, for: 10s}
expect:
  - {in: steady, of: all, success: ">= 95%%"}
  - {in: no database, of: "POST /items/{item}", success: "< 30%%"}
  - {in: no database, of: "POST /orders/{item}", success: ">= 80%%"}
  - {in: no database, of: "GET /items/{item}", success: ">= 80%%"}
  - {writes_lost: 0}
`

// The same scenario comes to the same with the built-in database, cache and queue in virtual time, and with MariaDB, Redis and
// RabbitMQ in their place in containers: each expectation holds or does not in both.
func TestTheSameVerdictOnRealParts(t *testing.T) {
	breadth.Today(t, 0, 4)
	inParallel(t)
	real := func(kind string, part debimage.Part) string {
		return fmt.Sprintf(`{kind: %s, part: %s, image: %q}`, kind, part, debimage.Ensure(t.Context(), t, part))
	}
	built := verdictOf(t, "virtual", fmt.Sprintf(shopOf, "{kind: database}", "{kind: cache}", "{kind: queue, to: worker POST /work}"))
	inContainers := verdictOf(t, "docker", fmt.Sprintf(shopOf,
		real("database", debimage.MariaDB), real("cache", debimage.Redis), real("queue", debimage.RabbitMQ)))
	// On a machine that is busy with other tests the generator may be late, and the run in real time no proof for people.
	if built.Verdict != "pass" || inContainers.Verdict == "fail" {
		t.Errorf("built in: %s, real: %s, want pass twice", built.Verdict, inContainers.Verdict)
	}
	if len(built.Expectations) != 5 || len(inContainers.Expectations) != 5 {
		t.Fatalf("%d and %d expectations, want 5", len(built.Expectations), len(inContainers.Expectations))
	}
	for n, one := range built.Expectations {
		other := inContainers.Expectations[n]
		t.Logf("%s: built in %v, real %v", one.Text, one.Measured, other.Measured)
		if one.Holds == nil || other.Holds == nil || !*one.Holds || !*other.Holds {
			t.Errorf("%s: built in %v, real %v", one.Text, one.Measured, other.Measured)
		}
	}
	if w := inContainers.Writes; w.Acknowledged < 40 || w.Lost == nil || *w.Lost != 0 {
		t.Errorf("writes of the real parts: %+v", w)
	}
}

type verdict struct {
	Verdict      string
	Expectations []struct {
		Text     string
		Measured any
		Holds    *bool
	}
	Writes struct {
		Acknowledged int
		Lost         *int
		Why          string
	}
}

// verdictOf runs a scenario as users do.
func verdictOf(t *testing.T, engine, text string) (v verdict) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "shop.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), squallbin.Path(t), "run", file, "--engine", engine, "--out", filepath.Join(dir, "out"))
	said, err := run.CombinedOutput()
	files, _ := filepath.Glob(filepath.Join(dir, "out", "*", "result.json"))
	if len(files) == 0 {
		files = []string{filepath.Join(dir, "out", "result.json")}
	}
	result, readErr := os.ReadFile(files[0])
	if readErr != nil {
		t.Fatalf("run on %s: %v: %v\n%s", engine, err, readErr, said)
	}
	if err := json.Unmarshal(result, &v); err != nil {
		t.Fatal(err)
	}
	if v.Verdict != "pass" {
		t.Logf("%s", said)
	}
	return v
}

package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/scenarios"
)

func shop() []*scenarios.Node {
	db := &scenarios.Node{Name: "db", Kind: scenarios.KindDatabase}
	orders := service("orders", work(time.Millisecond), scenarios.Step{Write: "db"})
	orders.Replicas = 2
	return []*scenarios.Node{db, orders, gateway("api", "orders")}
}

func TestLaunchServesAndLeavesNothing(t *testing.T) {
	inParallel(t)
	s := launch(t, Options{}, load(planOf(shop()...), "users", "api"))
	for range 10 {
		answer, err := s.client("users:api-1").Post("http://api/orders/", "", nil)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			t.Fatalf("status %s", answer.Status)
		}
	}
	o, err := s.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []string{"db-1", "orders-1", "api-1"} {
		if cpu := o.Nodes[i].CPU; cpu <= 0 || cpu > time.Minute {
			t.Errorf("%s used %s of CPU", i, cpu)
		}
	}
	if o.MeshCPU <= 0 {
		t.Error("the mesh used no CPU")
	}
	var both int64
	for _, edge := range []string{"api-1:orders-1", "api-1:orders-2"} {
		both += o.Edges[edge].Requests
	}
	if both != 10 {
		t.Errorf("the mesh saw %d requests from api to orders, want 10: %+v", both, o.Edges)
	}
	api := "http://" + s.toxiproxy
	if said := strings.Join(s.said(), "\n"); !strings.Contains(said, "toxiproxy's API: "+api+"\n") {
		t.Errorf("it did not say that toxiproxy's API is %s:\n%s", api, said)
	}
	answer, err := http.Get(api + "/proxies")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var proxies map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&proxies); err != nil || len(proxies) != len(o.Edges) || proxies["users:api-1"] == nil {
		t.Errorf("toxiproxy's API lists %v, %v; want all %d edges", proxies, err, len(o.Edges))
	}
}

// A system that was taken down leaves no goroutine, whatever was on when it went.
func TestDownLeavesNoGoroutines(t *testing.T) {
	exe := squallbin.Path(t)
	before := goleak.IgnoreCurrent()
	e := testEngine(t, Options{Exe: exe})
	run := fmt.Sprintf("leak-%x", time.Now().UnixNano())
	w := &watched{attempt: attempt{e, 1}}
	s, err := engine.Launch(t.Context(), w, runner.Launch{Plan: load(planOf(shop()...), "users", "api"), Run: run, Dir: t.TempDir(), Progress: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	l := launched{System: s, testbed: w.up}
	client := l.client("users:api-1")
	once(t, client, "POST", "/orders/")
	l.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "db-1"}, faults.Primitive{Op: faults.OpPause, Instance: "orders-1"})
	if _, err := s.Observe(t.Context()); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.Down(context.Background()); err != nil {
			t.Error(err)
		}
	}
	wantNothing(t, e, run)
	client.CloseIdleConnections()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

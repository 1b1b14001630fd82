package docker

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/breadth"
	"github.com/squallhq/squall/internal/debimage"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/parts"
)

// ask posts to a path under a request's id, and returns status, body and the writes that are named.
func ask(t *testing.T, c *http.Client, path, id string) (status int, body, wrote string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), "POST", "http://node"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(wire.HeaderRequest, id)
	answer, err := c.Do(request)
	if err != nil {
		return 0, err.Error(), ""
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body) // what came is looked at
	return answer.StatusCode, strings.TrimSpace(string(text)), answer.Header.Get(wire.HeaderWrote)
}

// endpoints are those of a service that has several.
func endpoints(name string, of map[string][]scenarios.Step) *scenarios.Node {
	n := &scenarios.Node{Name: name, Kind: scenarios.KindService}
	for match, steps := range of {
		n.Endpoints = append(n.Endpoints, &scenarios.Endpoint{Match: match, Steps: steps})
	}
	return n
}

// popStep takes a message within 3 s where there is one, and waits so long.
func popStep(from string, wait time.Duration) scenarios.Step {
	return scenarios.Step{Pop: scenarios.Pop{Pop: from, Wait: wait}, Policy: scenarios.Policy{Timeout: wait + 3*time.Second}}
}

func says(text string) scenarios.Step {
	return scenarios.Step{Respond: &scenarios.Respond{Body: scenarios.Content{Text: text}}}
}

func (l launched) counter(t *testing.T, instance, name string) float64 {
	t.Helper()
	seen, err := l.Observe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return seen.Nodes[instance].Counters[name]
}

// until asks until it is answered with a status.
func until(t *testing.T, c *http.Client, path, id string, want int) string {
	t.Helper()
	for n, deadline := 0, time.Now().Add(time.Minute); ; n++ {
		status, body, _ := ask(t, c, path, fmt.Sprint(id, n))
		if status == want {
			return body
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is answered %d after a minute: %s", path, status, body)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// From a real broker as from the built-in queue, at least once: what a request took that did not end well comes again, what was
// acknowledged does not, after kill -9 of the broker either, but where that is NATS, which writes its consumers' state down behind: it may
// come once more then; who waits gets what comes meanwhile; and what a service has taken
// that is killed comes again.
func TestPopFromRealBrokers(t *testing.T) {
	inParallel(t)
	for n, part := range []debimage.Part{"", debimage.RabbitMQ, debimage.NATS} {
		t.Run(string(part), func(t *testing.T) {
			breadth.Today(t, n, 3)
			inParallel(t)
			orders := &scenarios.Node{Name: "orders", Kind: scenarios.KindQueue}
			if part != "" {
				orders.Part, orders.Image = parts.Name(part), debimage.Ensure(t.Context(), t, part)
			}
			if part != debimage.RabbitMQ {
				orders.AckWithin = 4 * time.Second
			}
			api := endpoints("a", map[string][]scenarios.Step{
				"POST /orders/{order}": {{Write: "orders", Policy: scenarios.Policy{Timeout: 3 * time.Second}}},
				"POST /take":           {popStep("orders", 0), says("{key} {id}")},
				"POST /await":          {popStep("orders", 5*time.Second), says("{key}")},
				"POST /fail":           {popStep("orders", 0), {Respond: &scenarios.Respond{Status: 500}}},
			})
			worker := endpoints("w", map[string][]scenarios.Step{"POST /hang": {popStep("orders", 0), work(time.Minute)}})
			s := launch(t, Options{}, load(load(planOf(orders, api, worker), "users", "a"), "users", "w"))
			popThere(t, s, part == debimage.NATS)
		})
	}
}

func popThere(t *testing.T, s launched, forgets bool) {
	client := s.client("users:a-1")
	if status, body, _ := ask(t, client, "/take", "none"); status != 204 {
		t.Fatalf("an empty queue is answered %d: %s", status, body)
	}
	ids := map[string]string{}
	for n := range 5 {
		status, body, wrote := ask(t, client, fmt.Sprint("/orders/", n), fmt.Sprint("put", n))
		if status != 200 || !strings.HasPrefix(wrote, "orders/") {
			t.Fatalf("a message is answered %d and acknowledged as %q: %s", status, wrote, body)
		}
		ids[fmt.Sprint(n)] = strings.TrimPrefix(wrote, "orders/")
	}
	if status, body, _ := ask(t, client, "/fail", "fail"); status != 500 {
		t.Fatalf("a pop whose request fails is answered %d: %s", status, body)
	}
	if back := s.counter(t, "a-1", "squall_pop_returned_total"); back != 1 {
		t.Errorf("%g messages were given back, want 1", back)
	}
	for range 5 {
		key, id, _ := strings.Cut(until(t, client, "/take", "take", 200), " ")
		if ids[key] != id {
			t.Errorf("got order %q as %q, want %q: twice, or another's", key, id, ids[key])
		}
		delete(ids, key)
	}
	if again := s.counter(t, "a-1", "squall_popped_again_total"); again != 1 {
		t.Errorf("%g messages came again, want the one that was given back", again)
	}

	came := make(chan string, 1)
	go func() { came <- until(t, client, "/await", "await", 200) }()
	time.Sleep(500 * time.Millisecond)
	begin := time.Now()
	if status, body, _ := ask(t, client, "/orders/late", "late"); status != 200 {
		t.Fatalf("a message is answered %d: %s", status, body)
	}
	if key := <-came; key != "late" || time.Since(begin) > 3*time.Second {
		t.Errorf("who waits got %q after %s", key, time.Since(begin))
	}

	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "orders-1"}))
	until(t, client, "/take", "after the kill", 204) // nothing that was acknowledged comes again
	if status, body, _ := ask(t, client, "/orders/held", "held"); status != 200 {
		t.Fatalf("a message is answered %d: %s", status, body)
	}
	other, has := s.client("users:w-1"), make(chan struct{})
	var asking sync.WaitGroup
	defer asking.Wait()
	asking.Go(func() {
		for n := 0; ; n++ { // its way back to the broker may take some
			ask(t, other, "/hang", fmt.Sprint("hang", n))
			select {
			case <-has:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	for deadline := time.Now().Add(20 * time.Second); s.counter(t, "w-1", "squall_popped_total") < 1; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			close(has)
			t.Fatal("the other service takes nothing")
		}
	}
	close(has)
	if status, body, _ := ask(t, client, "/take", "held elsewhere"); status != 204 {
		t.Errorf("what another has is answered %d: %s", status, body)
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "w-1"})
	got := until(t, client, "/take", "of the dead", 200)
	for forgets && !strings.HasPrefix(got, "held ") {
		t.Logf("comes once more, and had been acknowledged before the broker was killed: %s", got)
		got = until(t, client, "/take", "of the dead, further", 200)
	}
	if !strings.HasPrefix(got, "held ") {
		t.Errorf("after the kill of who had it comes %q", got)
	}
	lift(t, undo)
}

// A real NATS over JetStream: what it has confirmed survives kill -9 and is read back, once where it carries a key; what could not
// be sent is acknowledged to nobody.
func TestRealJetStream(t *testing.T) {
	breadth.Today(t, 3, 4)
	inParallel(t)
	orders := &scenarios.Node{Name: "orders", Kind: scenarios.KindQueue, Image: debimage.Ensure(t.Context(), t, debimage.NATS), Part: "nats"}
	api := endpoints("a", map[string][]scenarios.Step{
		"POST /once":  {{Write: "orders", Idempotent: true, Policy: scenarios.Policy{Timeout: 3 * time.Second}}},
		"POST /twice": {{Write: "orders", Policy: scenarios.Policy{Timeout: 3 * time.Second}}},
	})
	s := launch(t, Options{}, load(planOf(orders, api), "users", "a"))
	client := s.client("users:a-1")
	want := map[string]int{}
	publish := func(path, id string) bool {
		status, _, wrote := ask(t, client, path, id)
		if status != 200 {
			return false
		}
		if id := strings.TrimPrefix(wrote, "orders/"); path == "/twice" {
			want[id]++
		} else {
			want[id] = 1
		}
		return true
	}
	for n := range 10 {
		if !publish("/once", fmt.Sprint("before", n)) {
			t.Fatal("a message is not accepted without a fault")
		}
	}
	if !publish("/once", "before1") || !publish("/twice", "same") || !publish("/twice", "same") {
		t.Fatal("a message is not accepted a second time")
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "orders-1"})
	if publish("/twice", "lost") {
		t.Error("a message without a broker is acknowledged")
	}
	lift(t, undo)
	n := 0
	for deadline := time.Now().Add(time.Minute); !publish("/once", fmt.Sprint("again", n)); n++ {
		if time.Now().After(deadline) {
			t.Fatal("the service does not find back to its broker")
		}
	}
	found, err := node.ReadBack(t.Context(), func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "orders-1") }, orders)
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 12 {
		t.Errorf("%d messages acknowledged, want 12: %v", len(want), want)
	}
	for id, times := range want {
		if found[id] != times {
			t.Errorf("the message %s is there %d times, want %d", id, found[id], times)
		}
	}
}

// Core NATS keeps nothing: what comes while who takes it is cut off is acknowledged all the same, and in nobody's account; the account
// outlives kill -9 of who has it; what was taken by a request that fails does not come again.
func TestRealCoreNATS(t *testing.T) {
	breadth.Today(t, 0, 4)
	inParallel(t)
	orders := &scenarios.Node{Name: "orders", Kind: scenarios.KindQueue, Image: debimage.Ensure(t.Context(), t, debimage.NATS), Part: "nats"}
	orders.Promise = scenarios.AtMostOnce
	api := endpoints("a", map[string][]scenarios.Step{"POST /orders": {{Write: "orders", Policy: scenarios.Policy{Timeout: 3 * time.Second}}}})
	worker := endpoints("w", map[string][]scenarios.Step{
		"POST /take": {popStep("orders", time.Second), says("{id}")},
		"POST /fail": {popStep("orders", time.Second), {Respond: &scenarios.Respond{Status: 500}}},
	})
	s := launch(t, Options{}, load(load(planOf(orders, api, worker), "users", "a"), "users", "w"))
	users, takers := s.client("users:a-1"), s.client("users:w-1")
	publish := func(id string) string {
		t.Helper()
		status, body, wrote := ask(t, users, "/orders", id)
		if status != 200 || wrote == "" {
			t.Fatalf("a message is answered %d and acknowledged as %q: %s", status, wrote, body)
		}
		return wrote
	}
	first, second, third := publish("first"), publish("second"), publish("third")
	if status, _, _ := ask(t, takers, "/fail", "fail"); status != 500 {
		t.Errorf("a pop whose request fails is answered %d", status)
	}
	if status, id, _ := ask(t, takers, "/take", "take"); status != 200 || "orders/"+id != second {
		t.Errorf("the next message is %d %q, want %q: the first one is gone", status, id, second)
	}
	if gone := s.counter(t, "w-1", "squall_pop_gone_total"); gone != 1 {
		t.Errorf("%g messages are gone with their requests, want 1", gone)
	}
	// The third one is with the subscriber and not taken; a kill takes it away.
	lift(t, s.inject(t, faults.Primitive{Op: faults.OpKill, Instance: "w-1"}))
	if body := until(t, takers, "/take", "after the kill", 204); body != "" {
		t.Errorf("after a kill comes %q", body)
	}
	undo := s.inject(t, faults.Primitive{Op: faults.OpOutage, Edge: "w-1:orders-1", Outage: &faults.EdgeOutage{New: faults.NewRefuse, Open: faults.OpenReset}})
	var lost []string
	for n := range 3 {
		lost = append(lost, publish(fmt.Sprint("lost", n)))
	}
	lift(t, undo)
	var last string
	for deadline := time.Now().Add(time.Minute); ; {
		last = publish(fmt.Sprint("last", time.Now().UnixNano()))
		if status, id, _ := ask(t, takers, "/take", "last"); status == 200 && "orders/"+id == last {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("who takes messages does not find back to the server")
		}
	}
	found, err := node.ReadBack(t.Context(), func(ctx context.Context) (net.Conn, error) { return s.DialInstance(ctx, "w-1") }, worker)
	if err != nil {
		t.Fatal(err)
	}
	for id, times := range map[string]int{first: 1, second: 1, third: 0, lost[0]: 0, lost[1]: 0, lost[2]: 0, last: 1} {
		if found[id] != times {
			t.Errorf("%s came %d times, want %d", id, found[id], times)
		}
	}
}

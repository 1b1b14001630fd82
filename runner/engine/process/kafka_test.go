package process_test

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/readback"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/topology"
)

// beKafka is a broker: franz-go's own test server, which keeps everything in memory.
func beKafka() {
	_, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.ListenFn(func(network, _ string) (net.Listener, error) {
		return net.Listen(network, net.JoinHostPort(os.Getenv("SQUALL_HOST"), os.Getenv("SQUALL_PORT")))
	}))
	check(err)
	select {}
}

const kafkaOrders = `scenario: orders
topology:
  shop:
    kind: service
    workers: 300
    retry: {attempts: 6, backoff: 300ms, most: 1s, jitter: equal}
    endpoints:
      POST /orders/{order}: [{write: orders, timeout: 1s}]
  orders: {kind: queue, part: kafka, local: [%[1]q, kafka]}
  worker:
    kind: service
    replicas: 2
    endpoints:
      POST /orders: [{pop: orders, wait: 500ms, timeout: 3s}, {write: db, idempotent: true, timeout: 1s}]
  db: {kind: database}
load:
  shoppers:
    to: shop
    stages: [{for: 13s, rate: 20/s}, {for: 2s, rate: 0/s}] # the crew takes what is left
    timeout: 10s
    requests: [{send: "POST /orders/{write}", write: {}}]
    read_back: {sql: db, query: SELECT key FROM squall_writes, within: 15s}
  crew: {to: worker, users: 8, think: 50ms, timeout: 5s, requests: [{send: POST /orders}]}
  # Their messages are looked for in the topic.
  direct: {to: shop, rate: 10/s, timeout: 10s, requests: [{send: "POST /orders/{n}"}]}
warm_up: 1s
phases:
  - {name: steady, for: 3s}
  - {name: no Kafka, for: 4s, faults: [{outage: orders, for: 2s}]}
  - {name: no database, for: 3s, faults: [{partition: [worker, db], how: refuse, for: 1s}]}
  - {name: recovery, for: 5s}
`

const kafkaForgets = `scenario: forgets
topology:
  shop: {kind: service, endpoints: {"POST /orders/{order}": [{write: orders, timeout: 3s}]}}
  orders: {kind: queue, part: kafka, local: [%[1]q, kafka]}
  worker: {kind: service, endpoints: {POST /orders: [{pop: orders, wait: 300ms, timeout: 3s}]}}
load:
  shoppers: {to: shop, rate: 20/s, timeout: 10s, requests: [{send: "POST /orders/{n}"}]}
  crew: {to: worker, users: 2, think: 50ms, timeout: 5s, requests: [{send: POST /orders}]}
warm_up: 1s
phases:
  - {name: steady, for: 2s}
  - {name: dead, for: 3s, faults: [{crash: orders, for: 500ms}]}
  - {name: after, for: 2s}
`

func kafkaRun(t *testing.T, scenario, run string) *record.Result {
	t.Helper()
	if testing.Short() {
		t.Skip("takes up to 20 s; not with -short")
	}
	exe, err := os.Executable()
	check(err)
	res, err := runner.Run(t.Context(), runner.Options{
		Plan: shopPlan(t, scenario, exe), Engine: newEngine(t), Loader: load.New(load.Options{FineWait: true}),
		Run: run, Dir: t.TempDir(),
		ReadWrites: func(ctx context.Context, dial func(context.Context) (net.Conn, error), i topology.Instance) (map[string]int, error) {
			return node.ReadBack(ctx, dial, i.Node)
		},
		ReadWritten: readback.Read,
	})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// Orders go through a Kafka that is a command of this machine: an outage of the broker, and one of what its takers write to, lose none
// of what was acknowledged, neither in the topic nor in what was made of its messages.
func TestOrdersThroughKafka(t *testing.T) {
	t.Parallel()
	res := kafkaRun(t, kafkaOrders, "test-kafka")
	for _, p := range res.Phases {
		for _, q := range p.Requests {
			if q.Load != "crew" && 10*q.OK < 9*q.Sent {
				t.Errorf("%s in %s: %d of %d are answered well: %v", q.Load, p.Name, q.OK, q.Sent, q.Errors)
			}
		}
	}
	if !res.Writes.Checked || res.Writes.Acknowledged < 300 || res.Writes.Lost != 0 {
		t.Errorf("writes: %+v", res.Writes)
	}
}

// A broker that has nothing after a crash of what it had before has lost that much, and services find back to it.
func TestAKafkaThatForgets(t *testing.T) {
	t.Parallel()
	res := kafkaRun(t, kafkaForgets, "test-kafka-forgets")
	const steady, all = 3 * 20, 8 * 20 // with the warm-up
	if w := res.Writes; !w.Checked || w.Lost < steady-2 || w.Lost > steady+10 || w.Acknowledged < all-20 {
		t.Errorf("writes: %+v, want the %d lost of before the crash", w, steady)
	}
}

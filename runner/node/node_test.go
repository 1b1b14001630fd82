package node_test

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// start serves one instance until the test ends and returns where it listens.
func start(t testing.TB, network wire.Network, c node.Config) wire.Addresses {
	t.Helper()
	if c.Instance == "" {
		c.Instance = c.Node.Name + "-1"
	}
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan wire.Addresses, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- node.Serve(ctx, c, node.Environment{Network: network}, func(a wire.Addresses) { started <- a })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve %q: %v", c.Instance, err)
		}
	})
	select {
	case a := <-started:
		return a
	case err := <-ended:
		ended <- nil
		t.Fatalf("serve %q: %v", c.Instance, err)
		panic("unreachable")
	}
}

// upstream is a callee with one replica.
func upstream(name string, kind scenarios.Kind, address string) []node.Upstream {
	return []node.Upstream{{Instance: name + "-1", Address: address, Kind: kind}}
}

func TestGatewayServiceDatabaseOverSockets(t *testing.T) {
	database := start(t, node.TCP{}, node.Config{
		Node: scenarios.Node{Name: "db", Kind: scenarios.KindDatabase}, Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: t.TempDir(),
	})
	service := start(t, node.TCP{}, node.Config{
		Node: scenarios.Node{Name: "orders", Kind: scenarios.KindService, Service: scenarios.Service{Endpoints: []*scenarios.Endpoint{
			{Match: "POST /orders/{id}", Steps: []scenarios.Step{{Work: &scenarios.Work{Mean: time.Millisecond}}, {Write: "db"}, {Read: "db"}}},
		}}},
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Upstreams: map[string][]node.Upstream{"db": upstream("db", scenarios.KindDatabase, database.Listen)},
	})
	gateway := start(t, node.TCP{}, node.Config{
		Node:   scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/orders/*", To: "orders"}}}},
		Listen: "127.0.0.1:0", Admin: "127.0.0.1:0",
		Upstreams: map[string][]node.Upstream{"orders": upstream("orders", scenarios.KindService, service.Listen)},
	})

	request, err := http.NewRequest("POST", "http://"+gateway.Listen+"/orders/7", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set(wire.HeaderRequest, "shoppers-1")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		t.Fatalf("answered %d, want 200", response.StatusCode)
	}
	if got, want := response.Header.Get(wire.HeaderWrote), "db/shoppers-1:orders:1"; got != want {
		t.Errorf("%s: got %q, want %q", wire.HeaderWrote, got, want)
	}
	writes, err := node.ReadWrites(t.Context(), func(ctx context.Context) (net.Conn, error) {
		return node.TCP{}.DialContext(ctx, "tcp", database.Listen)
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(writes) != 1 || writes["shoppers-1:orders:1"] != 1 {
		t.Errorf("read back %v, want the one write once", writes)
	}
}

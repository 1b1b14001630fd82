package node_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
)

// benchChain starts client -> cdn -> gateway -> service over loopback sockets, with nothing to do, and returns its address.
func benchChain(b *testing.B) string {
	listen := func(c node.Config) node.Config {
		c.Listen, c.Admin, c.Data = "127.0.0.1:0", "127.0.0.1:0", b.TempDir()
		return c
	}
	leaf := start(b, node.TCP{}, listen(node.Config{Node: service("leaf", "GET /")}))
	api := start(b, node.TCP{}, listen(node.Config{
		Node:      scenarios.Node{Name: "api", Kind: scenarios.KindGateway, Routing: scenarios.Routing{Routes: []scenarios.Route{{Match: "/*", To: "leaf"}}}},
		Upstreams: map[string][]node.Upstream{"leaf": upstream("leaf", scenarios.KindService, leaf.Listen)},
	}))
	edge := start(b, node.TCP{}, listen(node.Config{
		Node:      scenarios.Node{Name: "edge", Kind: scenarios.KindCDN, CDN: scenarios.CDN{Origin: "api"}},
		Upstreams: map[string][]node.Upstream{"api": upstream("api", scenarios.KindGateway, api.Listen)},
	}))
	return edge.Listen
}

func get(b *testing.B, client *http.Client, address string, n int) {
	request := &http.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: address, Path: "/"}, Header: http.Header{wire.HeaderRequest: {fmt.Sprint("r-", n)}}}
	response, err := client.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	io.Copy(io.Discard, response.Body) //nolint:errcheck // nothing is in it
	response.Body.Close()
	if response.StatusCode != 200 {
		b.Fatalf("answered %d", response.StatusCode)
	}
}

// BenchmarkThreeHops is one request at a time through cdn, gateway and service; allocations are those of all of them and the client.
func BenchmarkThreeHops(b *testing.B) {
	address := benchChain(b)
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		get(b, client, address, n)
		n++
	}
}

// BenchmarkOneHop is the same against the service alone.
func BenchmarkOneHop(b *testing.B) {
	leaf := start(b, node.TCP{}, node.Config{Node: service("leaf", "GET /"), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0"})
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		get(b, client, leaf.Listen, n)
		n++
	}
}

// BenchmarkDatabaseWrite is durable writes over loopback through pgx, from one connection and from many:
// with many, one sync to disk serves a group.
func BenchmarkDatabaseWrite(b *testing.B) {
	for _, writers := range []int{1, 16} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			db := start(b, node.TCP{}, node.Config{Node: database("db"), Listen: "127.0.0.1:0", Admin: "127.0.0.1:0", Data: b.TempDir()})
			b.ReportAllocs()
			b.SetParallelism((writers + 1) / 2)
			b.RunParallel(func(p *testing.PB) {
				c, err := connect(b.Context(), node.TCP{}, db.Listen, "")
				if err != nil {
					b.Error(err)
					return
				}
				defer c.Close(b.Context()) //nolint:errcheck // the benchmark is over
				for p.Next() {
					if _, err := c.Exec(b.Context(), insert, "id", "key", "n", "w"); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(writesPerSync(b, db.Admin), "writes/sync")
		})
	}
}

func writesPerSync(b *testing.B, admin string) float64 {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + admin + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		b.Fatal(err)
	}
	value := func(name string) (v float64) {
		_, after, _ := strings.Cut(string(body), "\n"+name+"{")
		_, after, _ = strings.Cut(after, "} ")
		fmt.Sscan(after, &v) //nolint:errcheck // 0 shows
		return v
	}
	return value("squall_writes_total") / value("squall_log_syncs_total")
}

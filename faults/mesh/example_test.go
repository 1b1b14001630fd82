package mesh_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
)

// An edge stands between a caller and a callee; a fault on it comes and goes while requests pass.
func Example() {
	ctx := context.Background()
	callee := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer callee.Close()

	m := mesh.New(mesh.Options{Seed: 1})
	defer m.Close()
	edges, err := m.Open(ctx, []mesh.Edge{{
		Name: "shop:db", Listen: "127.0.0.1:0", Upstream: strings.TrimPrefix(callee.URL, "http://"),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	late := func() bool {
		start := time.Now()
		answer, err := http.Get("http://" + edges[0].Listen)
		if err != nil {
			fmt.Println(err)
			return false
		}
		defer answer.Body.Close()
		return time.Since(start) >= 300*time.Millisecond
	}

	fmt.Println("before:", late())
	slow := faults.Primitive{Op: faults.OpToxic, Edge: "shop:db", Toxic: &faults.Toxic{
		Stream: faults.Downstream, Toxicity: 1, Attributes: faults.LatencyToxic{Latency: 300},
	}}
	if err := m.Apply(ctx, "slow answers", []faults.Primitive{slow}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("with it:", late())
	receipt, err := m.Lift(ctx, "slow answers")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("after:", late())
	fmt.Println("requests that met it:", receipt.Requests)
	// Output:
	// before: false
	// with it: true
	// after: false
	// requests that met it: 1
}

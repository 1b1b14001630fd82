package process_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/api"
	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
)

// child does what the program's hidden commands do: configuration from standard input, addresses to standard output, the
// end when standard input ends.
func child(role string) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	in := json.NewDecoder(os.Stdin)
	watch := func() {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	announce := func(v any) { check(json.NewEncoder(os.Stdout).Encode(v)) }
	switch role {
	case "node":
		var c node.Config
		check(in.Decode(&c))
		watch()
		check(node.Serve(ctx, c, node.Environment{Network: node.TCP{}}, func(a wire.Addresses) { announce(a) }))
	case "mesh":
		var c remote.Config
		check(in.Decode(&c))
		watch()
		check(remote.Serve(ctx, c, func(m *mesh.Mesh) http.Handler { return api.New(m, m.Stats) }, func(a remote.Addresses) { announce(a) }))
	}
}

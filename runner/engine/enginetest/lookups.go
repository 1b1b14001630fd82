package enginetest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/squallhq/squall/faults"
)

// testLookups has names looked up badly, by users and by a node: who has a connection is well, who makes one is not.
func testLookups(t *testing.T, w *world) {
	lookup := func(to faults.NameLookup, edges ...string) (undo func() faults.Receipt) {
		t.Helper()
		var all []faults.Primitive
		for _, e := range edges {
			all = append(all, faults.Primitive{Op: faults.OpLookup, Edge: e, Lookup: &to})
		}
		return w.inject(all...)
	}
	w.mustGet(toAPI, "/ping")
	undo := lookup(faults.NameLookup{Answer: faults.LookupNXDomain}, toAPI)
	w.mustGet(toAPI, "/ping") // over the connection that is open
	w.close()
	var failed *net.DNSError
	if a := w.get(toAPI, "/ping"); !errors.As(a.err, &failed) || !failed.IsNotFound || failed.Name != "api" {
		t.Errorf("a new connection: status %d, error %v", a.status, a.err)
	}
	if got := faults.DeedsText(undo().Deeds); got != "1 lookup by users met it" {
		t.Errorf("receipt %q", got)
	}
	w.mustGet(toAPI, "/ping")

	inner := []string{api + ":leaf-1", api + ":leaf-2"}
	w.mustGet(toAPI, "/leaf")
	undo = lookup(faults.NameLookup{Answer: faults.LookupServfail}, inner...)
	w.cut(inner)
	w.eventually("a call that needs a connection fails", func() bool { return w.get(toAPI, "/leaf").status == http.StatusBadGateway })
	if r := undo(); len(r.Deeds) != 1 || r.Deeds[0].Instance != api || r.Deeds[0].N < 1 || !r.Met() {
		t.Errorf("receipt %+v", r)
	}
	w.mustGet(toAPI, "/leaf")

	const slow = 200 * time.Millisecond
	undo = lookup(faults.NameLookup{Answer: faults.LookupSlow, Delay: slow}, inner...)
	w.cut(inner)
	if a := w.mustGet(toAPI, "/leaf"); a.took < slow {
		t.Errorf("with a slow lookup it took %s", a.took)
	}
	undo()

	undo = lookup(faults.NameLookup{Answer: faults.LookupOld}, toAPI2)
	w.close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	if a := w.ask(ctx, toAPI2, http.MethodGet, "/ping"); a.err == nil || ctx.Err() == nil {
		t.Errorf("at an old address: status %d, error %v", a.status, a.err)
	}
	cancel()
	undo()
	w.mustGet(toAPI2, "/ping")
}

// cut resets the open connections of edges.
func (w *world) cut(edges []string) {
	w.t.Helper()
	var all []faults.Primitive
	for _, e := range edges {
		all = append(all, outage(e, faults.EdgeOutage{Open: faults.OpenReset}))
	}
	w.inject(all...)()
}

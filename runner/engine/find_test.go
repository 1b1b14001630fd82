package engine

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// named is a driver that knows one name.
type named struct{ Driver }

func (named) Find(_ context.Context, n *scenarios.Node) (netip.AddrPort, bool, error) {
	return netip.MustParseAddrPort("10.0.0.1:81"), n.External.Host == "cart.shop.svc", nil
}

// plain is one that knows none.
type plain struct{ Driver }

// A driver's own names are asked of it, and all others of whoever resolves names here, who is told of no more.
func TestFindExternal(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that nobody is asked
	service := &scenarios.Node{Name: "cart", External: &scenarios.External{Host: "cart.shop.svc", Port: 80}}
	found, port, err := find(ctx, named{}, service)
	if err != nil || len(found) != 1 || found[0].String() != "10.0.0.1" || port != 81 {
		t.Errorf("at %v, %d, %v", found, port, err)
	}
	address := &scenarios.Node{Name: "cart", External: &scenarios.External{Host: "127.0.0.1", Port: 80}}
	if found, port, err := find(t.Context(), named{}, address); err != nil || found[0].String() != "127.0.0.1" || port != 80 {
		t.Errorf("at %v, %d, %v", found, port, err)
	}
	if _, _, err := find(ctx, plain{}, service); err == nil || !strings.Contains(err.Error(), "found with --engine kubernetes") {
		t.Errorf("a Service without a cluster: %v", err)
	}
	other := &scenarios.Node{Name: "cart", External: &scenarios.External{Host: "cart.example.com", Port: 80}}
	if _, _, err := find(ctx, plain{}, other); err == nil || strings.Contains(err.Error(), "kubernetes") {
		t.Errorf("any other host: %v", err)
	}
}

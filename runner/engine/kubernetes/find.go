package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/scenarios"
)

var _ engine.Finder = (*Engine)(nil)

// Find finds a Service of the cluster's by its host, NAME.NAMESPACE.svc: at the address that the cluster gave it, which stays while its pods
// come and go. The API server is asked, since the conductor may be where the cluster's names mean nothing.
func (e *Engine) Find(ctx context.Context, n *scenarios.Node) (netip.AddrPort, bool, error) {
	name, namespace, is, err := objects.ServiceOf(n.External.Host)
	if !is || err != nil {
		return netip.AddrPort{}, is, err
	}
	s, err := apiserver.Get[kinds.Service](ctx, e.o.Client.In(namespace), apiserver.Services, name)
	switch {
	case errors.Is(err, apiserver.ErrNotFound):
		return netip.AddrPort{}, true, fmt.Errorf("there is no Service %s in namespace %s", name, namespace)
	case errors.Is(err, apiserver.ErrForbidden):
		return netip.AddrPort{}, true, fmt.Errorf("look for Service %s: %w (with --target %s: that it may look there)", name, err, namespace)
	case err != nil:
		return netip.AddrPort{}, true, err
	}
	at, err := addressOf(s, n.External.Port)
	if err != nil {
		return at, true, fmt.Errorf("the Service %s in namespace %s %w", name, namespace, err)
	}
	return at, true, nil
}

// addressOf is where a Service answers on one of its ports. Its error goes on a sentence about the Service.
func addressOf(s kinds.Service, port int) (netip.AddrPort, error) {
	switch {
	case s.Spec.Type == "ExternalName":
		return netip.AddrPort{}, fmt.Errorf("is another name for %s, and has no address of its own; write that host", s.Spec.ExternalName)
	case s.Spec.ClusterIP == "None" || s.Spec.ClusterIP == "":
		return netip.AddrPort{}, errors.New("is headless: it has no address of its own that its callers share; make a Service with one for the same pods, and name that")
	}
	var ports []string
	i := slices.IndexFunc(s.Spec.Ports, func(p kinds.ServicePort) bool {
		if p.Protocol == "" || p.Protocol == "TCP" {
			ports = append(ports, strconv.Itoa(p.Port))
			return p.Port == port
		}
		return false
	})
	if i < 0 {
		return netip.AddrPort{}, fmt.Errorf("has no TCP port %d; it has %s", port, strings.Join(ports, ", "))
	}
	at, err := netip.ParseAddr(s.Spec.ClusterIP)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("has the address %q: %w", s.Spec.ClusterIP, err)
	}
	return netip.AddrPortFrom(at, uint16(port)), nil
}

package reroute

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// serviceName is the label of the objects that say where a Service leads.
const serviceName = "kubernetes.io/service-name"

const (
	settlePatience = 20 * time.Second
	settlePause    = 100 * time.Millisecond
)

// Settle waits until a Service leads to where right says of each ready address of its, and to one at least, as the cluster tells its machines.
func Settle(ctx context.Context, c *apiserver.Client, service string, right func(address string) bool) error {
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for {
		all, err := apiserver.List[kinds.EndpointSlice](ctx, c, apiserver.EndpointSlices, apiserver.Query{Labels: serviceName + "=" + service})
		addresses := ready(all)
		if err == nil && leads(addresses, right) {
			return nil
		}
		select {
		case <-time.After(settlePause):
		case <-ctx.Done():
			if err != nil {
				return fmt.Errorf("see where Service %s leads: %w", service, err)
			}
			return fmt.Errorf("after %s Service %s in namespace %s leads to %q still", settlePatience, service, c.Namespace, addresses)
		}
	}
}

func leads(addresses []string, right func(string) bool) bool {
	return len(addresses) > 0 && !slices.ContainsFunc(addresses, func(a string) bool { return !right(a) })
}

// ready are the addresses that take requests.
func ready(all []kinds.EndpointSlice) (out []string) {
	for _, s := range all {
		for _, e := range s.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready { // unknown is ready, as the machines take it
				out = append(out, e.Addresses...)
			}
		}
	}
	return out
}

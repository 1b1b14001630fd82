package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/scenarios/topology"
)

// mayReroute says that a plan has edges between what others run, where nobody has allowed to change that.
func (e *Engine) mayReroute(p *topology.Plan) error {
	var errs []error
	for _, edge := range p.Edges {
		if from, is := p.Instance(edge.From); !is || edge.Client || from.Node.External == nil || e.o.AllowReroute {
			continue
		}
		to, _ := p.Instance(edge.To)
		if name, namespace, is, err := objects.ServiceOf(to.Node.External.Host); is && err == nil {
			errs = append(errs, fmt.Errorf("node %q is external and calls %q: for that Service %s in namespace %s leads to squall while the run lasts, for everybody who calls it; --allow-reroute allows it, or leave calls out",
				edge.FromNode, edge.ToNode, name, namespace))
		}
	}
	return errors.Join(errs...)
}

// toReroute reads the Services that are to be rerouted, and refuses those that can't be before anything of theirs is changed.
func (t *testbed) toReroute(ctx context.Context) (map[string]kinds.Service, error) {
	out := map[string]kinds.Service{}
	for node := range objects.Reroutes(t.Plan) {
		name, _, _, err := objects.ServiceOf(t.Plan.Scenario.Node(node).External.Host)
		if err != nil {
			return nil, err
		}
		s, err := apiserver.Get[kinds.Service](ctx, t.client, apiserver.Services, name)
		if err != nil {
			return nil, fmt.Errorf("reroute what calls %q: %w", node, err)
		}
		if err := reroute.Check(s); err != nil {
			return nil, fmt.Errorf("reroute what calls %q: Service %s in namespace %s %w", node, name, t.client.Namespace, err)
		}
		out[node] = s
	}
	return out, nil
}

// through notes by which addresses rerouted nodes are reached past their reroutes, of those that the cluster gave to the run's services.
func (t *testbed) through(addresses map[string]string) error {
	for _, p := range t.set.Layout.Reroutes {
		at, err := netip.ParseAddr(addresses[p.Through])
		if err != nil {
			return fmt.Errorf("service %s, which leads to %q: %w", p.Through, p.Reroutes, err)
		}
		t.outside[p.Reroutes] = netip.AddrPortFrom(at, t.External[p.Reroutes].Port())
	}
	return nil
}

// reroute has a Service lead to a pod of the run's, whose edge is open, and waits until it does.
func (t *testbed) reroute(ctx context.Context, p *pod) error {
	t.Progress(fmt.Sprintf("leading Service %s to squall, for everybody who calls it", p.place.Service))
	if err := reroute.Lead(ctx, t.client, p.place.Service, t.Run.Run, p.place.Selects(t.Run.Run)); err != nil {
		return err
	}
	p.mu.Lock()
	own := p.ip
	p.mu.Unlock()
	return reroute.Settle(ctx, t.client, p.place.Service, func(address string) bool { return address == own })
}

// settled is how long the machines of a cluster may take to follow where a Service leads, once they are told.
const settled = time.Second

// giveBack has all Services that the run has rerouted lead to where they led, and waits until they do; what leads on from the run's pods goes next. Where
// that fails, the guards in the pods try it once more when they end.
func (t *testbed) giveBack(ctx context.Context) error {
	if t.set == nil {
		return nil
	}
	var errs []error
	waited := false
	for _, p := range t.set.Layout.Reroutes {
		undone, err := reroute.Undo(ctx, t.client, p.Service, t.Run.Run)
		if errs = append(errs, err); err != nil || !undone {
			continue
		}
		waited = true
		ours := func(address string) bool { t.mu.Lock(); defer t.mu.Unlock(); return t.byAddress[address] == nil }
		if err := reroute.Settle(ctx, t.client, p.Service, ours); err != nil { // it is as it was, which is all that is ours to do
			t.Progress("warning: " + err.Error())
		}
	}
	if waited {
		select {
		case <-time.After(settled):
		case <-ctx.Done():
		}
	}
	return errors.Join(errs...)
}

// outOfReach tells that the cluster has heard nothing of a pod's machine for so long that it sends the pod no requests any more: it is not ready, though
// all of it was running when the machine was heard of last.
func outOfReach(k kinds.Pod) bool {
	if len(k.Status.Conditions) == 0 || k.Status.Is("Ready") || len(k.Status.ContainerStatuses) == 0 {
		return false
	}
	for _, s := range k.Status.ContainerStatuses {
		if s.State.Running == nil || !s.Ready {
			return false
		}
	}
	return true
}

// lostWithItsMachine gives the Service back that leads to a pod whose machine nobody hears of any more: the guard in it may be gone, and those who call the
// Service are others. It ends the run, which has lost what it has put faults on.
func (p *pod) lostWithItsMachine(machine string) {
	p.given.Do(func() {
		p.owned.Go(func() {
			ctx, cancel := context.WithTimeout(p.living, downTimeout)
			defer cancel()
			_, err := reroute.Undo(ctx, p.client, p.place.Service, p.Run.Run)
			if p.ending.Load() {
				return // and undoes it itself
			}
			how := fmt.Errorf("machine %s, where it is, is lost; the Service leads again where it led", machine)
			if err != nil {
				how = fmt.Errorf("machine %s, where it is, is lost: %w", machine, err)
			}
			p.Died("the pod that Service "+p.place.Service+" led to", how, "")
		})
	})
}

// lacksRerouter says what a pod lacks that the cluster does not make because of its account.
func lacksRerouter(err error) error {
	if err == nil || !strings.Contains(err.Error(), objects.Rerouter) || !errors.Is(err, apiserver.ErrForbidden) {
		return err
	}
	return fmt.Errorf("%w; `squall kubernetes role --allow-reroute SERVICE` prints that account", err)
}

package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

var _ engine.Movable = (*testbed)(nil)

// in is the pod in which an instance is: its own, or one on another machine.
func (t *testbed) in(instance string) *pod {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.elsewhere[instance]; p != nil {
		return p
	}
	return t.byName[instance]
}

// where is the machine of an instance: of one that is on its way, its own.
func (t *testbed) where(instance string) string {
	if machine := t.in(instance).on(); machine != "" {
		return machine
	}
	return t.byName[instance].on()
}

// podNamed is one by its own name; nil: it is none of those that are followed.
func (t *testbed) podNamed(name string) *pod {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range t.elsewhere {
		if p.place.Pod == name {
			return p
		}
	}
	for _, p := range t.pods {
		if p.place.Pod == name {
			return p
		}
	}
	return nil
}

// Move makes a pod for an instance on another machine than that of its own, and returns when it runs.
func (t *testbed) Move(ctx context.Context, instance string) (machine string, err error) {
	home := t.byName[instance]
	t.mu.Lock()
	t.moved++
	number := t.moved
	t.mu.Unlock()
	place, object, err := t.set.Elsewhere(home.place, number, home.on())
	if err != nil {
		return "", err
	}
	p := newPod(t, place)
	t.mu.Lock()
	t.elsewhere[instance] = p
	t.mu.Unlock()
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTimeout) // what is half asked may be there or not
	defer cancel()
	if err := t.client.Create(whole, apiserver.Pods, object, nil); err != nil {
		return "", fmt.Errorf("make a pod elsewhere: %w", err)
	}
	if err := t.awaitOne(ctx, p); err != nil {
		return "", err
	}
	if err := p.answers(ctx); err != nil {
		return "", err
	}
	p.followAll()
	return p.on(), nil
}

// awaitOne waits until a pod runs.
func (t *testbed) awaitOne(ctx context.Context, p *pod) error {
	var last kinds.Pod
	for e, err := range apiserver.Watch[kinds.Pod](ctx, t.client, apiserver.Pods, apiserver.Query{Fields: "metadata.name=" + p.place.Pod}) {
		if err != nil {
			return fmt.Errorf("wait for pod %s: %w", p.place.Pod, err)
		}
		if e.Change == apiserver.Synced {
			continue
		}
		last = e.Object
		why := last.Hopeless()
		if e.Change == apiserver.Deleted {
			why = "it was deleted"
		}
		if why != "" {
			return fmt.Errorf("pod %s can't run: %s", p.place.Pod, why)
		}
		if p.runs(last) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.byAddress[last.Status.PodIP] = p
			return nil
		}
	}
	return fmt.Errorf("%w; pod %s %s", context.Cause(ctx), p.place.Pod, t.lacks(context.WithoutCancel(ctx), last))
}

// Home removes the pod in which an instance was on another machine. It may be on its way still: nothing of the run waits for that.
func (t *testbed) Home(ctx context.Context, instance string) error {
	t.mu.Lock()
	p := t.elsewhere[instance]
	delete(t.elsewhere, instance) // first: its end is ours, and nobody else's
	t.mu.Unlock()
	if p == nil {
		return nil
	}
	if err := t.client.Delete(ctx, apiserver.Pods, p.place.Pod, apiserver.Deletion{}); err != nil && !errors.Is(err, apiserver.ErrNotFound) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.elsewhere[instance] = p
		return err
	}
	host, _, _ := net.SplitHostPort(p.at(0)) // of two parts
	t.mu.Lock()
	delete(t.byAddress, host)
	t.mu.Unlock()
	if p.follows != nil {
		p.follows()
	}
	p.close()
	return nil
}

// from is an instance that finds its callees from another pod: at the addresses of its edges, which its own pod carries.
func (p *pod) from(placed engine.Placed) engine.Placed {
	own, _, _ := net.SplitHostPort(p.at(0)) // of two parts
	placed.Config.Upstreams = maps.Clone(placed.Config.Upstreams)
	for callee, all := range placed.Config.Upstreams {
		all = slices.Clone(all)
		for n := range all {
			if _, port, err := net.SplitHostPort(all[n].Address); err == nil {
				all[n].Address = net.JoinHostPort(own, port)
			}
		}
		placed.Config.Upstreams[callee] = all
	}
	return placed
}

package kubernetes

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// atOnce bounds how many objects are made at the same time.
const atOnce = 8

// make makes the run's objects, those first that others need.
func (t *testbed) make(ctx context.Context) error {
	c := t.client
	if err := createAll(ctx, c, apiserver.ConfigMaps, t.set.ConfigMaps); err != nil {
		return err
	}
	if err := createAll(ctx, c, apiserver.Secrets, t.set.Secrets); err != nil {
		return err
	}
	addresses, err := t.makeServices(ctx)
	if err != nil {
		return err
	}
	if err := t.set.Address(addresses); err != nil {
		return err
	}
	if err := t.through(addresses); err != nil {
		return err
	}
	if err := createAll(ctx, c, apiserver.NetworkPolicies, t.set.Policies); err != nil {
		return err
	}
	if t.set.Generators != nil {
		if err := c.Create(ctx, apiserver.Jobs, *t.set.Generators, nil); err != nil {
			return err
		}
	}
	return lacksRerouter(createAll(ctx, c, apiserver.Pods, t.set.Pods))
}

// createAll makes objects of one kind.
func createAll[T any](ctx context.Context, c *apiserver.Client, r apiserver.Resource, all []T) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, one := range all {
		group.Go(func() error { return c.Create(ctx, r, one, nil) })
	}
	return group.Wait()
}

// makeServices makes those by which images call past ports of their own, and tells the addresses that the cluster has given them.
func (t *testbed) makeServices(ctx context.Context) (map[string]string, error) {
	made := make([]kinds.Service, len(t.set.Services))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n, one := range t.set.Services {
		group.Go(func() error { return t.client.Create(ctx, apiserver.Services, one, &made[n]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, s := range made {
		out[s.Metadata.Name] = s.Spec.ClusterIP
	}
	return out, nil
}

// query chooses the pods of the run's instances.
func (t *testbed) query() apiserver.Query {
	return apiserver.Query{Labels: objects.LabelRun + "=" + t.Run.Run + "," + objects.LabelInstance}
}

// await waits until all pods run, and notes their addresses. What keeps one from running is told by the cluster's own words.
func (t *testbed) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, podsTimeout, fmt.Errorf("they did not run within %s", podsTimeout))
	defer cancel()
	waiting := map[string]*pod{}
	for _, p := range t.pods {
		waiting[p.place.Pod] = p
	}
	last := map[string]kinds.Pod{}
	for e, err := range apiserver.Watch[kinds.Pod](ctx, t.client, apiserver.Pods, t.query()) {
		if err != nil {
			return fmt.Errorf("wait for the pods: %w", err)
		}
		p := waiting[e.Object.Metadata.Name]
		if p == nil || e.Change == apiserver.Synced {
			continue
		}
		last[e.Object.Metadata.Name] = e.Object
		if why := e.Object.Hopeless(); why != "" {
			return fmt.Errorf("pod %s of %q can't run: %s", p.place.Pod, p.place.Name, why)
		}
		if e.Change == apiserver.Deleted {
			return fmt.Errorf("pod %s of %q was deleted while it was started", p.place.Pod, p.place.Name)
		}
		if !p.runs(e.Object) {
			continue
		}
		t.mu.Lock()
		t.byAddress[e.Object.Status.PodIP] = p
		t.mu.Unlock()
		if delete(waiting, p.place.Pod); len(waiting) == 0 {
			return nil
		}
	}
	for name, p := range waiting {
		return fmt.Errorf("wait for the pods: %w; pod %s of %q %s", context.Cause(ctx), name, p.place.Name, t.lacks(context.WithoutCancel(ctx), last[name]))
	}
	return context.Cause(ctx)
}

// lacks says in the cluster's words what a pod waits for.
func (t *testbed) lacks(ctx context.Context, p kinds.Pod) string {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var words []string
	if events, err := t.client.EventsOf(ctx, p.Metadata.UID); err == nil {
		for _, e := range events {
			if e.Type != "Normal" {
				words = append(words, e.Message)
			}
		}
	}
	if len(words) == 0 {
		return "is " + p.Status.Phase
	}
	return "waits: " + strings.Join(words[max(0, len(words)-2):], "; ")
}

// runs notes what the cluster says of the pod, and tells whether all of it runs.
func (p *pod) runs(k kinds.Pod) bool {
	meshed := p.place.Instance.Node == nil && p.place.Reroutes == "" // then it is nothing else
	for _, s := range k.Status.InitContainerStatuses {
		meshed = meshed || s.Name == objects.MeshContainer && s.Started != nil && *s.Started
	}
	for _, s := range k.Status.ContainerStatuses {
		if s.State.Running == nil {
			return false
		}
	}
	if k.Status.PodIP == "" || len(k.Status.ContainerStatuses) == 0 || !meshed {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ip, p.machine, p.containers = k.Status.PodIP, k.Spec.NodeName, containersOf(k)
	return true
}

// containersOf are the ids of a pod's containers that run, by their names: one that was started anew has another.
func containersOf(k kinds.Pod) map[string]string {
	out := map[string]string{}
	for _, s := range append(k.Status.InitContainerStatuses, k.Status.ContainerStatuses...) {
		if s.State.Running != nil {
			out[s.Name] = s.ContainerID
		}
	}
	return out
}

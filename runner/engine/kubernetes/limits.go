package kubernetes

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

const (
	// allCores is more than any machine has: a limit can be changed while a pod runs, and not be taken away.
	allCores = "1024"
	// resizeTimeout bounds how long a kubelet may take to hold a pod to other limits.
	resizeTimeout = 30 * time.Second
	resizePause   = 50 * time.Millisecond
)

// Limit gives it that many cores.
func (k *process) Limit(ctx context.Context, cores float64) error { return k.setCores(ctx, cores) }

// LimitMemory gives it that many bytes.
func (k *process) LimitMemory(ctx context.Context, bytes int64) error { return k.setMemory(ctx, bytes) }

func (p *pod) setCores(ctx context.Context, cores float64) error {
	if cores == p.cores {
		return nil
	}
	limit := allCores
	if cores > 0 {
		limit = objects.Cores(cores)
	}
	if err := p.resize(ctx, "cpu", limit); err != nil {
		return err
	}
	p.cores = cores
	return nil
}

func (p *pod) setMemory(ctx context.Context, bytes int64) error {
	if bytes == p.memory {
		return nil
	}
	want := bytes
	if want == 0 {
		want = p.place.Instance.Node.Memory
	}
	if err := p.resize(ctx, "memory", objects.Memory(p.place.Instance.Node, want)); err != nil {
		return err
	}
	p.memory = bytes
	return nil
}

// resize gives the instance's container another limit of one resource while it runs, and returns when it is held to that. It asks for no more
// than the limit.
func (p *pod) resize(ctx context.Context, resource, limit string) error {
	c := p.client
	is, err := apiserver.Get[map[string]any](ctx, c, apiserver.Pods, p.place.Pod)
	if err != nil {
		return err
	}
	containers, err := resized(is, resource, limit)
	if err != nil {
		return err
	}
	patch := map[string]any{"spec": map[string]any{"containers": containers}}
	if err := c.Patch(ctx, apiserver.Pods, p.place.Pod, "resize", patch, nil); err != nil {
		return fmt.Errorf("give it another limit of %s (Kubernetes 1.33 and later can): %w", resource, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, resizeTimeout, fmt.Errorf("the kubelet has not held it to that within %s", resizeTimeout))
	defer cancel()
	for {
		now, err := apiserver.Get[kinds.Pod](ctx, c, apiserver.Pods, p.place.Pod)
		if err != nil {
			return err
		}
		if held(now, resource, limit) {
			return nil
		}
		for _, one := range now.Status.Conditions {
			if one.Type == "PodResizePending" && one.Reason == "Infeasible" {
				return fmt.Errorf("give it another limit of %s: %s", resource, one.Message)
			}
		}
		select {
		case <-time.After(resizePause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// resized are a pod's containers, all as they are but for one resource of the instance's.
func resized(pod map[string]any, resource, limit string) ([]any, error) {
	spec, _ := pod["spec"].(map[string]any)
	containers, _ := spec["containers"].([]any)
	for _, one := range containers {
		c, _ := one.(map[string]any)
		if c["name"] != objects.NodeContainer {
			continue
		}
		r, _ := c["resources"].(map[string]any)
		if r == nil {
			r = map[string]any{}
			c["resources"] = r
		}
		for _, key := range []string{"limits", "requests"} {
			of, _ := r[key].(map[string]any)
			if of == nil {
				of = map[string]any{}
				r[key] = of
			}
			if text, _ := of[resource].(string); key == "limits" || text != "" && objects.More(text, limit) {
				of[resource] = limit
			}
		}
		return containers, nil
	}
	data, _ := json.Marshal(spec) // as it came
	return nil, fmt.Errorf("the pod has no container %s: %s", objects.NodeContainer, strconv.Quote(string(data)))
}

// held tells that the instance's container is held to a limit.
func held(p kinds.Pod, resource, limit string) bool {
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == objects.NodeContainer && s.Resources != nil {
			now := s.Resources.Limits[resource]
			return now != "" && !objects.More(now, limit) && !objects.More(limit, now)
		}
	}
	return false
}

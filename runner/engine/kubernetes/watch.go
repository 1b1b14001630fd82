package kubernetes

import (
	"errors"
	"fmt"
	"strings"

	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// clusterDoor is the door of what others do to pods.
const clusterDoor = "cluster"

// watch tells of pods that go, and of containers that end in them, until the run is taken down: of those the agents can't tell.
func (t *testbed) watch() {
	for e, err := range apiserver.Watch[kinds.Pod](t.living, t.client, apiserver.Pods, t.query()) {
		if err != nil {
			if !t.ending.Load() {
				t.Died("the watch of the pods", err, "")
			}
			return
		}
		p := t.podNamed(e.Object.Metadata.Name)
		if p == nil || e.Change == apiserver.Synced || t.ending.Load() {
			continue
		}
		p.seen(e.Object, e.Change == apiserver.Deleted)
	}
}

// seen takes what the cluster says of the pod.
func (p *pod) seen(k kinds.Pod, deleted bool) {
	if deleted || k.Status.Phase == "Failed" {
		why := strings.TrimSpace(k.Status.Reason + " " + k.Status.Message)
		if deleted {
			why = "deleted"
		}
		p.gone(&engine.Outside{Door: clusterDoor, What: "its pod is gone: " + why})
		p.meshEnded(fmt.Errorf("its pod is gone: %s", why))
		return
	}
	if p.place.Reroutes != "" && outOfReach(k) {
		p.lostWithItsMachine(k.Spec.NodeName)
	}
	now := containersOf(k)
	p.mu.Lock()
	before := p.containers
	p.containers = now
	p.mu.Unlock()
	for _, s := range append(k.Status.InitContainerStatuses, k.Status.ContainerStatuses...) {
		if before[s.Name] == "" || now[s.Name] == before[s.Name] {
			continue
		}
		how := terminated(s)
		switch s.Name {
		case objects.NodeContainer:
			p.gone(how)
		case objects.MeshContainer:
			p.meshEnded(how)
		}
	}
}

// terminated is how a container has ended.
func terminated(s kinds.ContainerStatus) error {
	t := s.State.Terminated
	if t == nil {
		t = s.LastState.Terminated
	}
	switch {
	case t == nil:
		return errors.New("its container has ended")
	case t.Reason == "OOMKilled":
		out := &engine.Starved{}
		if t.FinishedAt != nil {
			out.At = *t.FinishedAt
		}
		return out
	}
	return fmt.Errorf("its container has ended with exit code %d (%s)", t.ExitCode, t.Reason)
}

// gone ends what runs in the pod, of which no agent can tell any more.
func (p *pod) gone(how error) {
	p.mu.Lock()
	lives := make([]*process, 0, len(p.lives))
	for _, one := range p.lives {
		lives = append(lives, one)
	}
	p.mu.Unlock()
	for _, one := range lives {
		one.end(how)
	}
}

// meshEnded tells that the mesh of the pod has ended, and with it all edges over which the instance called.
func (p *pod) meshEnded(how error) {
	if !p.ending.Load() {
		p.Died("the mesh beside "+p.place.Name, how, "")
	}
}

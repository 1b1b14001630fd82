package docker

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"

	"github.com/squallhq/squall/runner/engine"
)

// plugs are what others have changed that still stands: the run's networks that they have taken its containers off, and their own that
// they have put them on, by container and network. Only the goroutine that follows networks has them.
type plugs map[[2]string]bool

// replugged takes the engine's word that a container has left a network or joined one. It tells so too whenever a container ends or
// starts; what nobody but a hand does is to change what networks a container belongs to.
func (t *testbed) replugged(ctx context.Context, out plugs, message events.Message) {
	id, name := message.Actor.Attributes["container"], message.Actor.Attributes["name"]
	node, ours := t.nodeOf(id), strings.HasPrefix(name, t.name(""))
	if node == "" || t.ending.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	inspected, err := t.engine.api.ContainerInspect(ctx, id)
	if err != nil || inspected.NetworkSettings == nil || t.ending.Load() {
		return // it is gone, and that is told
	}
	n := engine.Notice{On: node, At: time.Unix(0, message.TimeNano), Door: engineDoor}
	_, belongs := inspected.NetworkSettings.Networks[name]
	key := [2]string{node, name}
	switch message.Action {
	case events.ActionDisconnect:
		if belongs || out[key] == ours {
			return // it has ended, and belongs there still; or the engine tells it twice, as it does
		}
		n.What, out[key] = "disconnected from network "+name, ours
		if ours {
			n.Now = engine.Still // nobody reaches it
		}
	case events.ActionConnect:
		if !belongs || out[key] != ours {
			return // it has started, or it was us
		}
		n.What = "connected to network " + name
		switch at := addressOn(inspected, name); {
		case !ours:
			out[key] = true
		case t.expects(node, at):
			n.Now, out[key] = engine.Running, false
		default:
			n.What += " at " + at + ", which is not its address: nothing of the run reaches it there"
		}
	}
	t.Notice(n)
}

func addressOn(c container.InspectResponse, network string) string {
	if s := c.NetworkSettings.Networks[network]; s != nil {
		return s.IPAddress
	}
	return ""
}

// expects tells that an address is one that the run has given to a node, or to the mesh.
func (t *testbed) expects(node, address string) bool {
	got, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	if node == meshName && got == t.layout.control.mesh() {
		return true
	}
	for _, p := range t.layout.places {
		for _, l := range p.links {
			if node == meshName && got == l.subnet.mesh() || node == p.name() && got == l.subnet.node() {
				return true
			}
		}
	}
	return false
}

// nodeOf is whose container an id is of, "" for none of this run's that has started.
func (t *testbed) nodeOf(id string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.started[id]
}

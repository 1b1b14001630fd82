package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// pod is one of a run's: an instance, or the entry.
type pod struct {
	*testbed
	place *objects.Place
	mesh  *remote.Client
	agent *agent.Client

	// follows ends following what the agent tells, of a pod that goes before the run.
	follows context.CancelFunc
	// given is done once its Service was given back since its machine is lost.
	given sync.Once

	mu sync.Mutex // guards what follows
	// ip is its address, containers are the ids of those of its containers that ran when it was seen last.
	ip string
	// machine is the one that it runs on.
	machine    string
	containers map[string]string
	// lives are the incarnations, by the numbers that the agent gives them.
	lives map[int64]*process
	// asked are pauses of ours: what the agent tells of them is none of others'.
	cores  float64
	memory int64
}

func newPod(t *testbed, place *objects.Place) *pod {
	p := &pod{testbed: t, place: place, lives: map[int64]*process{}}
	if n := place.Instance.Node; n != nil {
		p.cores = n.CPUs
	}
	// The way leads to one pod, whatever the address that is asked for.
	p.mesh = remote.NewClient(place.Pod, t.token(place.Name, objects.PartMesh), func(ctx context.Context, _, _ string) (net.Conn, error) {
		return p.reach(ctx)
	})
	p.agent = agent.NewClient(t.token(place.Name, objects.PartAgent), func(ctx context.Context) (net.Conn, error) {
		return p.mesh.DialVia(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(place.Agent)))
	})
	return p
}

// directly tells whether pods are reached at their own addresses, as from within the cluster, once that was tried.
type directly struct {
	once sync.Once
	is   bool
}

// tryTimeout bounds the try whether a pod's address leads there: from outside a cluster it mostly leads nowhere.
const tryTimeout = 500 * time.Millisecond

// reach connects to the mesh in the pod: at the pod's address where that leads there, else by way of the API server.
func (p *pod) reach(ctx context.Context) (net.Conn, error) {
	if p.ending.Load() {
		return nil, errDown
	}
	p.direct.once.Do(func() { p.direct.is = p.near(ctx) })
	if p.direct.is {
		var dialer net.Dialer
		return dialer.DialContext(ctx, "tcp", p.at(p.place.Mesh))
	}
	return p.client.Forward(ctx, p.place.Pod, p.place.Mesh)
}

// near tells whether the pod's own address leads there from here: an answer to our token is our mesh's and nobody else's.
func (p *pod) near(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	candidate := remote.NewClient(p.at(p.place.Mesh), p.token(p.place.Name, objects.PartMesh), nil)
	defer candidate.Disconnect()
	_, err := candidate.Clock(ctx)
	return err == nil
}

// at is a port of the pod.
func (p *pod) at(port int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return net.JoinHostPort(p.ip, strconv.Itoa(port))
}

// dial connects to a port of the pod, from within it: its administration answers nobody else.
func (p *pod) dial(ctx context.Context, port int) (net.Conn, error) {
	if port == p.place.Admin {
		return p.mesh.DialVia(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	return p.mesh.DialVia(ctx, p.at(port))
}

const (
	// answerTimeout bounds how long a mesh and an agent may take to answer once their containers run, askTimeout one question.
	answerTimeout = time.Minute
	askTimeout    = 5 * time.Second
)

// answers waits until the mesh and the agent of the pod do.
func (p *pod) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("it did not answer within %s", answerTimeout))
	defer cancel()
	for {
		_, err := p.mesh.Stats(ctx)
		if err == nil && p.place.Instance.Node != nil {
			_, err = p.agent.State(ctx)
		}
		if err == nil {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("reach pod %s of %q: %w", p.place.Pod, p.place.Name, errors.Join(context.Cause(ctx), err))
		}
	}
}

func (p *pod) close() {
	p.agent.Close()
	p.mesh.Disconnect()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.lives {
		one.end(errDown)
	}
}

package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios/topology"
)

// meshControl is the mesh as the engine uses it; tests replace it.
type meshControl interface {
	mesh.Control
	DialVia(ctx context.Context, address string) (net.Conn, error)
	Forward(ctx context.Context, listener net.Listener, address string) error
	Disconnect()
}

var _ meshControl = (*mesh.Client)(nil)

// system is a running topology.
type system struct {
	engine   *Engine
	run      string
	dir      string
	progress func(string)
	layout   *layout
	plan     *topology.Plan
	expires  time.Time

	members []*member
	byName  map[string]*member
	clients map[string]string   // client edges' addresses
	into    map[string][]string // edges by the instance they lead to
	meshID  string
	mesh    meshControl
	// direct tells that client edges are dialled at the mesh container's own address.
	direct bool
	// toxiproxy is where toxiproxy's API listens on this machine.
	toxiproxy string

	died chan error
	// owned are the goroutines of this system, which ctx ends.
	ctx   context.Context
	end   context.CancelFunc
	owned sync.WaitGroup

	mu       sync.Mutex
	nextUndo int
	meshCPU  cpuMeter
	logs     []*follower
	// closing is closed when no container will be started any more.
	closing chan struct{}
	isDown  bool
	down    chan struct{}
}

var _ runner.System = (*system)(nil)

// member is one instance as it runs.
type member struct {
	place *place
	id    string
	log   *follower
	// healthy is closed when it has been healthy once.
	healthy chan struct{}
	// admin speaks to a built-in node through the mesh.
	admin *http.Client

	mu sync.Mutex
	// kills, pauses, cpus and behaviours are the injections that are on, by their ids.
	kills, pauses map[string]bool
	// stops are those that end it as SIGTERM does, and whether its callers have to find out.
	stops      map[string]bool
	cpus       []cpuLimit
	behaviours []behaviour
	patches    []patchOn
	// dead and paused are what has been done to it, limit the CPUs it has now.
	dead, paused bool
	// withdrawn tells that callers were told that it ends.
	withdrawn bool
	limit     float64
	// behaving is what a built-in node was told last.
	behaving faults.Behaviour
	// asks are those that are on, asked those that the node was told last.
	asks  []askOn
	asked []faults.Ask
	// configured are the patches that a built-in node runs with, written those that its configuration file has.
	configured, written []patchOn

	// expected counts deaths that were ordered and that the engine has not reported yet.
	expected atomic.Int64
	// away tells that it is dead or paused, so that nobody waits for its answer.
	away     atomic.Bool
	restarts atomic.Int64
	countMu  sync.Mutex
	counted  lives
	cpu      cpuMeter
}

func (m *member) name() string { return m.place.name() }

func newSystem(e *Engine, l runner.Launch, places *layout) *system {
	ctx, end := context.WithCancel(context.Background())
	s := &system{
		engine: e, run: l.Run, dir: l.Dir, progress: serialised(l.Progress), layout: places, plan: l.Plan,
		// A run takes as long as its plan says; twice that and a day is gone for sure.
		expires: time.Now().Add(2*l.Plan.Total + 24*time.Hour),
		byName:  map[string]*member{}, clients: map[string]string{}, into: map[string][]string{},
		died: make(chan error, len(places.places)+2),
		ctx:  ctx, end: end, down: make(chan struct{}), closing: make(chan struct{}),
	}
	for _, p := range places.places {
		m := &member{place: p, healthy: make(chan struct{}), kills: map[string]bool{}, pauses: map[string]bool{}, stops: map[string]bool{}, limit: p.instance.Node.CPUs}
		m.admin = &http.Client{Transport: &http.Transport{
			DialContext:         func(ctx context.Context, _, address string) (net.Conn, error) { return s.mesh.DialVia(ctx, address) },
			MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, DisableCompression: true,
		}}
		s.members = append(s.members, m)
		s.byName[p.name()] = m
	}
	for _, e := range l.Plan.Edges {
		s.into[e.To] = append(s.into[e.To], e.Name)
	}
	for _, c := range places.clients {
		s.clients[c.Name] = c.Listen
	}
	return s
}

// serialised makes a progress function one that many goroutines may call.
func serialised(progress func(string)) func(string) {
	var mu sync.Mutex
	return func(text string) {
		mu.Lock()
		defer mu.Unlock()
		progress(text)
	}
}

func (s *system) labels(what string) map[string]string {
	return map[string]string{
		labelRun: s.run, labelOwner: thisProcess().String(), labelNode: what,
		labelExpires: strconv.FormatInt(s.expires.Unix(), 10),
	}
}

// Dial opens a connection over a client edge.
func (s *system) Dial(ctx context.Context, edge string) (net.Conn, error) {
	address, known := s.clients[edge]
	if !known {
		return nil, fmt.Errorf("dial client edge %q: there is no such edge", edge)
	}
	// What answers at the address of a network that is gone is somebody else.
	if s.ending() {
		return nil, fmt.Errorf("dial client edge %q: %w", edge, errDown)
	}
	if !s.direct {
		return s.mesh.DialVia(ctx, address)
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

// DialInstance opens a connection to an instance's serving port, past its edges.
func (s *system) DialInstance(ctx context.Context, instance string) (net.Conn, error) {
	m, known := s.byName[instance]
	if !known {
		return nil, fmt.Errorf("dial instance %q: there is no such instance", instance)
	}
	if s.ending() {
		return nil, fmt.Errorf("dial instance %q: %w", instance, errDown)
	}
	conn, err := s.mesh.DialVia(ctx, m.place.address())
	if err != nil {
		return nil, fmt.Errorf("dial instance %q: %w", instance, err)
	}
	return conn, nil
}

// Died receives an error when a container ended that no fault had ended.
func (s *system) Died() <-chan error { return s.died }

// Toxiproxy is the address on this machine's loopback where toxiproxy's HTTP API answers.
func (s *system) Toxiproxy() string { return s.toxiproxy }

// errDown is the answer to whoever uses a system that was taken down.
var errDown = errors.New("the system has been taken down")

// ending tells that the system is being taken down or has been.
func (s *system) ending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isDown
}

// Down stops and removes everything. A second call waits for the first.
func (s *system) Down(ctx context.Context) error {
	s.mu.Lock()
	first := !s.isDown
	s.isDown = true
	s.mu.Unlock()
	if !first {
		select {
		case <-s.down:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer close(s.down)
	err := s.engine.killRun(ctx, s.run)
	// With the containers dead their logs end; the last lines are worth a moment.
	s.endLogs()
	s.end()
	err = errors.Join(err, s.engine.removeRun(ctx, s.run))
	if s.mesh != nil {
		s.mesh.Disconnect()
	}
	for _, m := range s.members {
		m.admin.CloseIdleConnections()
	}
	s.owned.Wait()
	if err != nil {
		return fmt.Errorf("remove run %s: %w", s.run, err)
	}
	return nil
}

// reach finds the way to the mesh and waits until it answers on it.
func (l *launching) reach(ctx context.Context, token string) error {
	direct := at(l.layout.control.mesh(), controlPort)
	deadline := time.Now().Add(meshTimeout)
	var last error
	for time.Now().Before(deadline) {
		if l.engine.options.Reach != ReachPublished {
			if last = l.tryMesh(ctx, direct, token); last == nil {
				l.direct = true
				l.progress("the mesh is reached at its container's address " + direct)
				return l.forwardToxiproxy()
			}
		}
		if l.engine.options.Reach != ReachDirect {
			published, err := l.engine.publishedPort(ctx, l.meshID)
			if err != nil {
				return err
			}
			if last = l.tryMesh(ctx, published, token); last == nil {
				l.progress("the mesh is reached through its published port " + published)
				return l.forwardToxiproxy()
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("reach the mesh container within %s, at its own address %s or through a port published on 127.0.0.1: %w; an engine on another machine can't be used from here",
		meshTimeout, direct, last)
}

const (
	// meshTimeout bounds how long a mesh may take to answer after its start.
	meshTimeout = 30 * time.Second
	// tryTimeout bounds one try: on some engines container addresses lead nowhere.
	tryTimeout = 500 * time.Millisecond
)

// tryMesh asks for the mesh's counters: an answer to our token comes from our mesh and nobody else.
func (l *launching) tryMesh(ctx context.Context, address, token string) error {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	candidate := mesh.NewClient(address, token, nil)
	if _, err := candidate.Stats(ctx); err != nil {
		candidate.Disconnect()
		return err
	}
	l.mesh = candidate
	return nil
}

// forwardToxiproxy makes toxiproxy's API answer on this machine's loopback.
func (s *system) forwardToxiproxy() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for toxiproxy's API: %w", err)
	}
	s.toxiproxy = listener.Addr().String()
	s.owned.Go(func() {
		// Ends with the system; a client that was cut off is told by its own error.
		_ = s.mesh.Forward(s.ctx, listener, "127.0.0.1:"+strconv.Itoa(apiPort))
	})
	s.progress("toxiproxy's API: http://" + s.toxiproxy)
	return nil
}

// publishedPort is the address on this machine of the mesh's control port.
func (e *Engine) publishedPort(ctx context.Context, id string) (string, error) {
	inspected, err := e.api.ContainerInspect(ctx, id)
	if err != nil {
		return "", fmt.Errorf("look at the mesh container: %w", err)
	}
	for _, bindings := range inspected.NetworkSettings.Ports {
		for _, b := range bindings {
			return net.JoinHostPort("127.0.0.1", b.HostPort), nil
		}
	}
	return "", fmt.Errorf("the mesh container's control port is not published: it is %s", inspected.State.Status)
}

// awaitHealth polls an instance through the mesh until it is healthy, quicker than the engine would.
func (s *system) awaitHealth(ctx context.Context, m *member) error {
	ctx, cancel := context.WithTimeoutCause(ctx, healthTimeout, errUnhealthy)
	defer cancel()
	wait := 10 * time.Millisecond
	for {
		err := s.probe(ctx, m)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			cause := context.Cause(ctx)
			if errors.Is(cause, errUnhealthy) {
				return fmt.Errorf("%s is not healthy after %s: %w; its log is %s", m.name(), healthTimeout, err, s.logFile(m.name()))
			}
			return cause
		case <-time.After(wait):
		}
		wait = min(2*wait, 100*time.Millisecond)
	}
}

// healthTimeout bounds how long an instance may take to become healthy: images may have to set up a database.
const healthTimeout = 90 * time.Second

var errUnhealthy = errors.New("not healthy in time")

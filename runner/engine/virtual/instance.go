package virtual

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/engine/virtual/network"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// instance is one node through all its lives.
type instance struct {
	s      *system
	plan   topology.Instance
	ip     string
	config node.Config
	disk   disk

	// acts is held while a fault acts on it: faults on one instance take turns.
	acts sync.Mutex
	// kills and pauses count the faults that hold it down; behaviours are those that are on, the newest last.
	kills, pauses int
	behaviours    []*faults.Behaviour
	asks          []faults.Ask
	changes       injection.Configuration
	// limits are the cores that faults leave it.
	limits []float64

	mu       sync.Mutex // guards what follows
	life     *life      // nil before the first
	restarts int
	// before is what earlier lives had counted, last what this one had when it was last asked.
	before, last runner.NodeCounters
}

// life is one life of an instance: its place on the network, its CPU, and the goroutines that serve there.
type life struct {
	host   *network.Host
	cpu    *cpu
	disk   *disk
	cancel context.CancelFunc
	// expected: somebody ends it.
	expected sync.Once
	awaited  chan struct{} // closed when it is expected to end
	ended    chan struct{} // closed when it has
	err      error         // why, once it has
}

// startTimeout bounds a start: reading the data back.
const startTimeout = 30 * time.Second

// start begins a life and waits until it serves.
func (i *instance) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it did not serve within %s", startTimeout))
	defer cancel()
	lifetime, end := context.WithCancel(context.WithoutCancel(ctx))
	k := &life{
		host: i.s.network.Host(i.ip), cpu: newCPU(i.cores()), disk: &i.disk,
		cancel: end, awaited: make(chan struct{}), ended: make(chan struct{}),
	}
	environment := node.Environment{Network: k.host, Disk: i.disk.remount(), CPU: k.cpu}
	serves := make(chan struct{})
	i.s.lives.Go(func() {
		defer close(k.ended)
		defer k.host.Kill() // nothing of it stays open
		k.err = node.Serve(lifetime, i.config, environment, func(wire.Addresses) { close(serves) })
	})
	select {
	case <-serves:
	case <-k.ended:
		end()
		return fmt.Errorf("start %q: %w", i.plan.Name, errors.Join(errors.New("it ended before it served"), k.err))
	case <-ctx.Done():
		k.kill()
		return fmt.Errorf("start %q: %w", i.plan.Name, context.Cause(ctx))
	}
	i.mu.Lock()
	i.life = k
	i.mu.Unlock()
	i.s.lives.Go(func() { i.watch(k) })
	return nil
}

// watch tells of a life's end, unless it was expected.
func (i *instance) watch(k *life) {
	select {
	case <-k.awaited:
		return
	case <-k.ended:
	}
	k.cancel()
	select {
	case <-k.awaited:
		return
	default:
	}
	select {
	case i.s.deaths <- errors.Join(fmt.Errorf("instance %q ended by itself", i.plan.Name), k.err):
	default: // more deaths than instances: each was told once
	}
}

// kill ends a life at once, as far as anybody can see. Its goroutines, cut off from network and disk, end by themselves.
func (k *life) kill() {
	k.expect()
	k.disk.remount() // for nobody
	k.host.Kill()
	k.cpu.kill()
	k.cancel()
}

func (k *life) expect() { k.expected.Do(func() { close(k.awaited) }) }

// stop ends a life for good: it may finish what it has begun until grace is over.
func (k *life) stop(grace <-chan struct{}) {
	k.expect()
	k.cancel()
	select {
	case <-k.ended:
	case <-grace:
		k.host.Kill()
		k.cpu.kill()
	}
}

// cores are what faults leave it of its own.
func (i *instance) cores() float64 {
	cores := i.plan.Node.CPUs
	if cores == 0 {
		cores = defaultCores
	}
	for _, l := range i.limits {
		cores = min(cores, l)
	}
	return cores
}

// pause stops it as SIGSTOP does: what touches network or CPU waits.
func (k *life) pause() {
	k.cpu.stop()
	k.host.Stop()
}

// resume lets it go on.
func (k *life) resume() {
	k.cpu.resume()
	k.host.Go()
}

// current is this life.
func (i *instance) current() *life {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.life
}

// stop ends it for good; a paused one can't end by itself and is killed.
func (i *instance) stop(grace <-chan struct{}) {
	k := i.current()
	if k == nil {
		return
	}
	i.acts.Lock()
	paused := i.pauses > 0
	i.acts.Unlock()
	if paused {
		k.kill()
	}
	k.stop(grace)
}

// askTimeout bounds one question to an admin address.
const askTimeout = 2 * time.Second

// admin asks this life's admin address.
func (i *instance) admin(ctx context.Context, method, path string, question, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var body io.Reader
	if question != nil {
		data, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(data)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+i.config.Admin+path, body)
	if err != nil {
		return err
	}
	answer, err := i.s.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		words, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, bytes.TrimSpace(words))
	}
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

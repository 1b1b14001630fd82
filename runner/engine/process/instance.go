package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/injection"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/topology"
)

// instance is one node process through all its lives.
type instance struct {
	s      *system
	plan   topology.Instance
	config node.Config
	// reserved keeps its ports while it is killed.
	reserved []*reservation
	client   *http.Client

	// acts is held while a fault acts on it: faults on one instance take turns.
	acts sync.Mutex
	// kills and pauses count the faults that hold it down; behaviours are those that are on, the newest last.
	kills, pauses int
	behaviours    []*faults.Behaviour
	asks          []faults.Ask
	changes       injection.Configuration
	gone          bool // taken down

	mu        sync.Mutex // guards what follows
	child     *child     // of this life; nil before the first
	addresses wire.Addresses
	restarts  int
	// before is what earlier lives had counted, last what this one had when it was last asked.
	before, last runner.NodeCounters
}

func newInstance(s *system, i topology.Instance) *instance {
	return &instance{s: s, plan: i, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}}}
}

// address is where it serves.
func (i *instance) address() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.addresses.Listen
}

// current is the process of this life.
func (i *instance) current() *child {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.child
}

// launch starts its first life.
func (i *instance) launch(ctx context.Context) error {
	data := filepath.Join(i.s.temp, "data", i.plan.Name)
	if err := os.MkdirAll(data, 0o700); err != nil {
		return fmt.Errorf("start %q: make its data folder: %w", i.plan.Name, err)
	}
	if err := i.reserve(); err != nil {
		return err
	}
	i.config.Run, i.config.Instance, i.config.Seed, i.config.Node = i.s.run, i.plan.Name, i.s.plan.Seed, *i.plan.Node
	i.config.Data, i.config.Upstreams = data, i.s.upstreams(i.plan.Name)
	return i.start(ctx)
}

// reserve keeps ports for it, once.
func (i *instance) reserve() error {
	if len(i.reserved) > 0 {
		return nil
	}
	for _, address := range []*string{&i.config.Listen, &i.config.Admin} {
		r, free, err := reserve()
		if err != nil {
			return fmt.Errorf("start %q: %w", i.plan.Name, err)
		}
		i.reserved = append(i.reserved, r)
		*address = free
	}
	return nil
}

// start begins a life and waits until it is healthy.
func (i *instance) start(ctx context.Context) error {
	ctx, cancel := i.s.healthDeadline(ctx)
	defer cancel()
	var addresses wire.Addresses
	child, err := i.s.command(i.plan.Name, "node", i.config).start(ctx, i.s.spawner, i.s.lease, &addresses)
	if err != nil {
		return err
	}
	if err := i.healthy(ctx, child, addresses.Admin); err != nil {
		child.kill()
		return fmt.Errorf("start %q: %w%s", i.plan.Name, err, child.lastWords())
	}
	i.mu.Lock()
	i.child, i.addresses = child, addresses
	i.mu.Unlock()
	i.s.watch(child, func() bool { return i.current() == child })
	return nil
}

// healthPause is the wait between two looks at an instance's health.
const healthPause = 10 * time.Millisecond

// healthy waits until the admin address says so, and gives up when the process ends.
func (i *instance) healthy(ctx context.Context, k *child, admin string) error {
	var last error
	for {
		last = i.ask(ctx, http.MethodGet, "http://"+admin+wire.AdminHealth, nil, nil)
		if last == nil {
			return nil
		}
		select {
		case <-time.After(healthPause):
		case <-k.ended:
			return errors.Join(errors.New("it ended before it was healthy"), k.err)
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), last)
		}
	}
}

// askTimeout bounds one question to an admin address.
const askTimeout = 2 * time.Second

// ask makes one request to an admin address.
func (i *instance) ask(ctx context.Context, method, url string, question, into any) error {
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
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	answer, err := i.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		words, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, url, answer.Status, bytes.TrimSpace(words))
	}
	if into == nil {
		_, err = io.Copy(io.Discard, answer.Body)
		return err
	}
	return json.NewDecoder(answer.Body).Decode(into)
}

// admin asks this life's admin address.
func (i *instance) admin(ctx context.Context, method, path string, question, into any) error {
	i.mu.Lock()
	address := i.addresses.Admin
	i.mu.Unlock()
	return i.ask(ctx, method, "http://"+address+path, question, into)
}

// stop ends it for good; a paused one can't end by itself and is killed. No fault acts on it afterwards.
func (i *instance) stop(grace <-chan struct{}) {
	i.acts.Lock()
	defer i.acts.Unlock()
	i.gone = true
	if k := i.current(); k != nil {
		if i.pauses > 0 {
			k.kill()
		}
		k.stop(grace)
	}
	i.client.CloseIdleConnections()
}

// release gives its ports back.
func (i *instance) release() {
	for _, r := range i.reserved {
		r.release()
	}
	i.reserved = nil
}

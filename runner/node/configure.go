package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"

	"github.com/squallhq/squall/scenarios"
)

var configuredTotal = newCounter("squall_configured_total",
	"Times that another configuration was taken up while it ran.")

// An instance takes up another configuration while it serves: its role is built anew from it beside the old one, and takes its
// place between one request and the next. What is under way ends as it began. The listener, the metrics, the
// connections, and what the instance holds (copies, the places of workers and who waits for one, a database's table, a queue's
// messages) stay; breakers, budgets, bulkheads, throttles, ejections and health checks begin anew, as in a process that was started with it.

// changeable is a role that takes up another configuration in its place. Other roles are built anew.
type changeable interface {
	// change takes up next's configuration, or says why it can't and stays as it was.
	change(next *instance) error
}

// configurator changes the configuration of an instance that serves.
type configurator struct {
	mu    sync.Mutex
	i     *instance // as it is configured now
	role  role
	build func(*instance) (role, error)
}

// holdings is what an instance keeps when its configuration changes.
type holdings struct {
	copies  *cache                // a cdn's
	reads   map[string]*readCache // a service's, by endpoint, database and number
	workers *workers
	stores  *stores
	relays  *relaying
	limiter *limiter
	limit   scenarios.RateLimit // of the limiter
	bound   *bound
	shed    scenarios.Shed // of the bound
}

// take takes up a configuration.
func (c *configurator) take(n scenarios.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if was := c.i.config.Node; n.Kind != was.Kind || n.Name != was.Name {
		return fmt.Errorf("%s %q can't become %s %q", was.Kind, was.Name, n.Kind, n.Name)
	}
	next := c.i.with(n)
	if err := c.turn(next); err != nil {
		return err
	}
	for _, take := range next.taking {
		take()
	}
	next.taking = nil
	for _, b := range c.i.breakers {
		b.retire()
	}
	for _, o := range c.i.outliers {
		o.retire()
	}
	next.watching.turn(next.checks)
	c.i = next
	configuredTotal.in(next.metrics).Add(1)
	return nil
}

// turn builds the role anew and puts it in the old one's place.
func (c *configurator) turn(next *instance) error {
	if r, is := c.role.(changeable); is {
		return r.change(next)
	}
	now, is := c.role.(*httpRole)
	if !is {
		return errors.New("it can't be changed while it runs")
	}
	built, err := c.build(next)
	if err != nil {
		return err
	}
	now.turn(built.(*httpRole).handler)
	return nil
}

// with is the instance with another configuration. Both share what is the instance's own.
func (i *instance) with(n scenarios.Node) *instance {
	next := *i
	next.config.Node = n
	next.forget()
	return &next
}

// whenTaken has something done when the configuration that a role is built for is taken up.
func (i *instance) whenTaken(do func()) { i.taking = append(i.taking, do) }

// limiter is the node's, the one that there is where it stays as it was.
func (i *instance) limiter(l *scenarios.RateLimit) *limiter {
	if l == nil {
		i.kept.limiter = nil
	} else if i.kept.limiter == nil || !reflect.DeepEqual(i.kept.limit, *l) {
		i.kept.limiter, i.kept.limit = newLimiter(l), *l
	}
	return i.kept.limiter
}

// copies are what a cdn keeps.
func (i *instance) copies() *cache {
	if i.kept.copies == nil {
		i.kept.copies = newCache(i.metrics)
	}
	return i.kept.copies
}

// workers are the node's, those that there are and as many as it now says, as soon as it is taken up.
func (i *instance) workers() *workers {
	if i.kept.workers == nil {
		i.kept.workers = newWorkers(&i.config.Node, i.metrics)
		return i.kept.workers
	}
	i.whenTaken(func() { i.kept.workers.resize(&i.config.Node) })
	return i.kept.workers
}

// stores are the service's pools of connections.
func (i *instance) stores() *stores {
	if i.kept.stores == nil {
		i.kept.stores = newStores(i)
	}
	return i.kept.stores
}

// keepReads keeps these caches of reads, and gives up the others.
func (i *instance) keepReads(reads map[string]*readCache) {
	i.whenTaken(func() {
		for where, c := range i.kept.reads {
			if reads[where] != c {
				c.retire()
			}
		}
		i.kept.reads = reads
	})
}

// keptRead is the cache that stood in the same place before the configuration changed, where that left it as it was.
func (s *service) keptRead(from string, fresh *readCache) *readCache {
	where := s.compiling + " " + from
	for s.reads[where] != nil {
		where += " and"
	}
	fresh.aside = s.i.aside
	if before := s.i.kept.reads[where]; before != nil && before.how == fresh.how {
		fresh = before
	}
	s.reads[where] = fresh
	return fresh
}

// putConfiguration takes up the node that a request has, as JSON.
func (i *instance) putConfiguration(w http.ResponseWriter, r *http.Request) {
	var n scenarios.Node
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&n); err != nil {
		i.refuse(w, http.StatusBadRequest, fmt.Sprintf("read configuration: %s", err))
		return
	}
	c := i.configurator.Load()
	if c == nil {
		i.refuse(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	if err := c.take(n); err != nil {
		i.refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

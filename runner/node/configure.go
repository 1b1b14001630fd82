package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/scenarios"
)

var configuredTotal = host.NewCounter("squall_configured_total",
	"Times that another configuration was taken up while it ran.")

// An instance takes up another configuration while it serves: its role is built anew from it beside the old one, and takes its
// place between one request and the next. What is under way ends as it began. The listener, the metrics, the
// connections, and what the instance holds (copies, the places of workers and who waits for one, a database's table, a queue's
// messages) stay; breakers, budgets, bulkheads, throttles, ejections and health checks begin anew, as in a process that was started with it.

// configurator changes the configuration of an instance that serves.
type configurator struct {
	mu    sync.Mutex
	i     *host.Instance // as it is configured now
	role  host.Role
	build func(*host.Instance) (host.Role, error)
	ctx   context.Context // while the role serves; nil before
}

// begin has the configuration of now in force while the role serves, which ends with ctx.
func (c *configurator) begin(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = ctx
	c.i.Begin(ctx)
}

// end returns when what the configuration has done beside the role has ended.
func (c *configurator) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ctx = nil
	c.i.End()
}

// take takes up a configuration.
func (c *configurator) take(n scenarios.Node) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if was := c.i.Config.Node; n.Kind != was.Kind || n.Name != was.Name {
		return fmt.Errorf("%s %q can't become %s %q", was.Kind, was.Name, n.Kind, n.Name)
	}
	next := c.i.With(n)
	if err := c.turn(next); err != nil {
		return err
	}
	next.Commit()
	c.i.Retire()
	if c.ctx != nil {
		next.Begin(c.ctx)
	}
	c.i = next
	configuredTotal.In(next.Metrics).Add(1)
	return nil
}

// turn builds the role anew and puts it in the old one's place.
func (c *configurator) turn(next *host.Instance) error {
	if r, is := c.role.(host.Reconfigurable); is {
		return r.Reconfigure(next)
	}
	now, is := c.role.(*host.HTTPRole)
	if !is {
		return errors.New("it can't be changed while it runs")
	}
	built, err := c.build(next)
	if err != nil {
		return err
	}
	now.Turn(built.(*host.HTTPRole))
	return nil
}

// putConfiguration takes up the node that a request has, as JSON.
func (a *admin) putConfiguration(w http.ResponseWriter, r *http.Request) {
	var n scenarios.Node
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, host.MaxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&n); err != nil {
		a.i.Refuse(w, http.StatusBadRequest, fmt.Sprintf("read configuration: %s", err))
		return
	}
	c := a.configurator.Load()
	if c == nil {
		a.i.Refuse(w, http.StatusServiceUnavailable, "not ready")
		return
	}
	if err := c.take(n); err != nil {
		a.i.Refuse(w, http.StatusUnprocessableEntity, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

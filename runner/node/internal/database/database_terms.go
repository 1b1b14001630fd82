package database

import "github.com/squallhq/squall/scenarios"

import (
	"github.com/squallhq/squall/runner/node/internal/admission"
	"github.com/squallhq/squall/runner/node/internal/host"
)

// databaseTerms is what a database is configured to.
type databaseTerms struct {
	node        *scenarios.Node
	connections int
	workers     *admission.Workers // nil: as many statements at once as there are
}

// terms are those of a node, with the workers that there are.
func (d *database) terms(n *scenarios.Node) *databaseTerms {
	t := &databaseTerms{node: n, connections: n.Connections}
	if t.connections <= 0 {
		t.connections = defaultConnections
	}
	if n.Workers > 0 {
		if was := d.now.Load(); was != nil && was.workers != nil {
			t.workers = was.workers
			t.workers.Resize(n)
		} else {
			t.workers = admission.NewWorkers(n, d.i.Metrics).InTurn(d.i.InTurn)
		}
	}
	return t
}

var _ host.Reconfigurable = (*database)(nil)

// Reconfigure is for the next statement, and the next connection: open ones stay, as many as they are and whoever they are.
func (d *database) Reconfigure(next *host.Instance) error {
	d.now.Store(d.terms(&next.Config.Node))
	return nil
}

func (d *database) node() *scenarios.Node { return d.now.Load().node }

package node

import "github.com/squallhq/squall/scenarios"

// databaseTerms is what a database is configured to.
type databaseTerms struct {
	node        *scenarios.Node
	connections int
	workers     *workers // nil: as many statements at once as there are
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
			t.workers.resize(n)
		} else {
			t.workers = newWorkers(n, d.i.metrics)
		}
	}
	return t
}

var _ changeable = (*database)(nil)

// change is for the next statement, and the next connection: open ones stay, as many as they are and whoever they are.
func (d *database) change(next *instance) error {
	d.now.Store(d.terms(&next.config.Node))
	return nil
}

func (d *database) node() *scenarios.Node { return d.now.Load().node }

package runner

import (
	"encoding/json"
	"slices"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// design is what was run, for the record: plain values, without what must not be read there.
func design(s *scenarios.Scenario) (*record.Design, error) {
	d := &record.Design{}
	for _, n := range s.Nodes {
		raw, err := json.Marshal(withoutSecrets(*n))
		if err != nil {
			return nil, err
		}
		d.Nodes = append(d.Nodes, raw)
	}
	for _, l := range s.Loads {
		open := *l
		open.Headers = nil // may hold tokens
		raw, err := json.Marshal(open)
		if err != nil {
			return nil, err
		}
		d.Loads = append(d.Loads, raw)
	}
	return d, nil
}

// withoutSecrets is a node without its password, its keys, its environment, and what is in its files.
func withoutSecrets(n scenarios.Node) scenarios.Node {
	n.DSN, n.Env = "", nil
	n.Files = slices.Clone(n.Files)
	for i, f := range n.Files {
		open := *f
		open.Content = nil
		n.Files[i] = &open
	}
	if n.JWT != nil {
		n.JWT = &scenarios.JWT{}
	}
	if n.StandIn != nil {
		other := withoutSecrets(*n.StandIn)
		n.StandIn = &other
	}
	return n
}

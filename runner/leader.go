package runner

import "github.com/squallhq/squall/scenarios/topology"

// logical puts writes that a replica's node acknowledged under its primary's: it is one database, whoever leads it.
func logical(p *topology.Plan, acknowledged map[string][]string) map[string][]string {
	out := make(map[string][]string, len(acknowledged))
	for store, ids := range acknowledged {
		if n := p.Scenario.Node(store); n != nil && n.ReplicaOf != "" {
			store = n.ReplicaOf
		}
		out[store] = append(out[store], ids...)
	}
	return out
}

// leader is the instance that was promoted last in a database's place; empty: none was, and its own leads.
func (r *run) leader(database string) string {
	leader, since := "", -r.o.Plan.Total
	for _, i := range r.injections {
		i.mu.Lock()
		applied := i.applied
		i.mu.Unlock()
		if i.fault.Fault.Kind.Kind() != "promote" || applied == nil || *applied < since {
			continue
		}
		for _, name := range i.fault.Targets.Instances {
			if one, ok := r.o.Plan.Instance(name); ok && one.Node.ReplicaOf == database {
				leader, since = name, *applied
			}
		}
	}
	return leader
}

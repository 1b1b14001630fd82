package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// ReadWritten reads the ids of a load's writes back as it says, in the order in which they are listed and as often as each is
// there, over connections that dial makes past all edges.
type ReadWritten func(ctx context.Context, dial func(context.Context) (net.Conn, error), l *scenarios.Load, i topology.Instance) ([]string, error)

const (
	// readAgain is the time between two tries to read back: of a system that is still recovering, or that has not shown all yet.
	readAgain = 500 * time.Millisecond
	// recoverWithin is how long what is to be read may refuse to answer.
	recoverWithin = 30 * time.Second
)

// readDeclared reads back the writes of each load that says how, and accounts for them.
func (r *run) readDeclared(ctx context.Context) []record.LoadWrites {
	var out []record.LoadWrites
	for _, l := range r.o.Plan.Scenario.Loads {
		if l.ReadBack == nil {
			continue
		}
		written := r.recorder.Written(l.Name)
		found, err := r.readWritten(ctx, l, written)
		one := record.Account(l.Name, written, r.phaseNames(), found)
		one.ReadBack = l.ReadBack.Text()
		if err != nil {
			one.Why = err.Error()
		}
		r.written = append(r.written, written...)
		out = append(out, one)
	}
	return out
}

func (r *run) phaseNames() []string {
	var names []string
	for _, p := range r.ran.plan.Phases {
		if p.Start < r.ended { // else the run was cut short before it
			names = append(names, p.Name)
		}
	}
	return names
}

// readWritten reads until everything that was acknowledged is there, or has had its time; of a node that does not answer, until it
// has had its own. Nothing is read of a load that wrote nothing.
func (r *run) readWritten(ctx context.Context, l *scenarios.Load, written []record.Written) (*record.Found, error) {
	if r.o.ReadWritten == nil {
		return nil, errors.New("this run has no reader of them")
	}
	within := l.ReadBack.Within
	if within <= 0 {
		within = scenarios.DefaultWithin
	}
	began := time.Now()
	var found *record.Found
	for {
		ids, err := r.listWritten(ctx, l)
		took := time.Since(began)
		if err == nil {
			found = &record.Found{IDs: ids, Ordered: l.ReadBack.Ordered}
			if took >= within || !missing(written, ids) {
				return found, nil
			}
		} else if ctx.Err() != nil || found == nil && took >= recoverWithin || found != nil && took >= within {
			return found, err // what was read before it failed stands
		}
		select {
		case <-time.After(readAgain):
		case <-ctx.Done():
			if found != nil {
				return found, nil
			}
			return nil, context.Cause(ctx)
		}
	}
}

// listWritten asks the instances of the read back's node in turn, until one answers; of a database, who leads it.
func (r *run) listWritten(ctx context.Context, l *scenarios.Load) ([]string, error) {
	node := l.ReadBack.Node()
	if leader := r.leader(node); leader != "" {
		node = leader
	}
	var errs []error
	for _, i := range r.o.Plan.Instances {
		if i.Node.Name != node && i.Name != node {
			continue
		}
		dial := func(ctx context.Context) (net.Conn, error) { return r.system.DialInstance(ctx, i.Name) }
		ids, err := r.o.ReadWritten(ctx, dial, l, i)
		if err == nil {
			return ids, nil
		}
		errs = append(errs, fmt.Errorf("read %s back: %w", i.Name, err))
	}
	if len(errs) == 0 {
		return nil, fmt.Errorf("read back: there is no instance of %q", node)
	}
	return nil, errors.Join(errs...)
}

// missing tells whether a write that was acknowledged is not among what was read.
func missing(written []record.Written, ids []string) bool {
	there := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		there[id] = struct{}{}
	}
	return slices.ContainsFunc(written, func(w record.Written) bool {
		_, is := there[w.ID]
		return !is && w.Outcome == record.Acknowledged
	})
}

// declared are the requests whose writes are read back as their load says: the rows of built-in stores are named after them.
func (r *run) declared() map[string]struct{} {
	ours := map[string]struct{}{}
	for _, l := range r.o.Plan.Scenario.Loads {
		if l.ReadBack == nil {
			continue
		}
		for _, w := range r.recorder.Written(l.Name) {
			ours[fmt.Sprintf("%s-%d", l.Name, w.Seq)] = struct{}{}
		}
	}
	return ours
}

// of tells whether an id is one of what some requests wrote, by whomever: who pops a request's message writes in its name.
func of(requests map[string]struct{}) func(id string) bool {
	return func(id string) bool {
		request, _, _ := strings.Cut(id, ":")
		_, is := requests[request]
		return is
	}
}

// withoutThose takes what was acknowledged of some requests out: it is looked for in another way.
func withoutThose(requests map[string]struct{}, acknowledged map[string][]string) {
	for store, ids := range acknowledged {
		if acknowledged[store] = slices.DeleteFunc(ids, of(requests)); len(acknowledged[store]) == 0 {
			delete(acknowledged, store)
		}
	}
}

// leaveOut takes the rows of some requests out of what a built-in store holds.
func leaveOut(requests map[string]struct{}, counts map[string]int) {
	theirs := of(requests)
	maps.DeleteFunc(counts, func(id string, _ int) bool { return theirs(id) })
}

// writeSeed draws the ids of writes: in virtual time from the plan's seed alone, where one seed is one record.
func (r *run) writeSeed() uint64 {
	if _, virtual := r.o.Engine.(Enclosing); virtual {
		return r.o.Plan.Seed
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(r.o.Run)) // it never fails
	return r.o.Plan.Seed ^ h.Sum64()
}

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
	for _, i := range r.everyInjection() {
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

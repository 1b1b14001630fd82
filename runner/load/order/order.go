// Package order is what a load generator is asked to send, as plain values: all that a generator in another process, or on another machine, has
// to know before it begins, and what it is told of edges while it runs. Nothing in an order is a function, a connection or a pointer that
// two share, so that Encode and Decode carry it anywhere.
package order

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Order is what to drive. Times count from the start of the first phase, whose moment is said apart: it is known last.
type Order struct {
	Loads []*scenarios.Load
	Seed  uint64
	// WriteSeed draws the ids of writes. In real time it is each run's own: what keeps writes from one run to the next has no id twice.
	WriteSeed uint64
	// From (negative: the warm-up) and Until are when to send.
	From, Until time.Duration
	// Edges are each load's client edges, by load name; requests take them in turn.
	Edges map[string][]Edge
	// Targets are the nodes that the loads go to, by load name: who asks a database has to know which it is.
	Targets map[string]*scenarios.Node
	// Credentials are what the run itself gives to loads that speak TLS with it, by load name.
	Credentials map[string]Credentials
	// Exchanges tells that somebody writes down what each request was on the wire.
	Exchanges bool
	// Shard is which part of the requests is this generator's.
	Shard Shard
}

// Zero is the start of the first phase for the load of an index. Loads of one rate would send at the same instants, and at those at which faults
// begin: a ns decides who is first.
func Zero(zero time.Time, load int) time.Time {
	return zero.Add(time.Duration(load+1) * time.Nanosecond)
}

// Edge is a client edge.
type Edge struct {
	Name string
	// To is the node that it leads to, as callers look it up.
	To string
	// Address is where another process dials it, as host:port; "": no other process can, and Name is all that there is.
	Address string
}

// Names are those of edges.
func Names(edges []Edge) []string {
	out := make([]string, len(edges))
	for i, e := range edges {
		out[i] = e.Name
	}
	return out
}

// Credentials are of the run's own authority, as PEM: whom a load trusts, and who it is. What it does not take from the run is nil.
type Credentials struct{ CA, Cert, Key []byte }

// Shard is a part of a load's requests. Every generator works out the whole schedule and all draws, and sends what is its own: of an open
// load every Of-th request, of one with sessions every Of-th session whole, of a closed one every Of-th user. So that Of changes no request.
type Shard struct {
	// Of is how many generators there are, Index which of them this is, from 0. Of 0 or 1: there is one, and all is its own.
	Of, Index int
}

// Owns tells whether the nth request (session, user), counted from 0, is the shard's own.
func (s Shard) Owns(n uint64) bool { return s.Of <= 1 || n%uint64(s.Of) == uint64(s.Index) }

// Next is the first of the shard's own from n on.
func (s Shard) Next(n uint64) uint64 {
	if s.Of <= 1 {
		return n
	}
	of, index := uint64(s.Of), uint64(s.Index)
	return n + (index+of-n%of)%of
}

// Share is its part of a whole number of things that each generator has some of; the parts add up to the whole.
func (s Shard) Share(whole int) int {
	if s.Of <= 1 {
		return whole
	}
	share := whole / s.Of
	if s.Index < whole%s.Of {
		share++
	}
	return share
}

// Check says why an order can't be divided among so many generators; nil: it can.
func Check(loads []*scenarios.Load, generators int) error {
	for _, l := range loads {
		limit := l.MaxInFlight
		if limit <= 0 {
			limit = scenarios.DefaultMaxInFlight
		}
		if l.Users == 0 && limit < generators {
			return fmt.Errorf("load %q: max_in_flight %d can't be divided among %d generators: each needs one at least", l.Name, limit, generators)
		}
	}
	return nil
}

package main

// group is one line of the practice that the library goes through, with its practices by id.
type group struct {
	letter, title string
	practices     []practice
}

// practice is one thing to do, or under an id as C-anti one not to do. Left says why no example shows it: what shows it in its
// place, or what is missing; empty where one does.
type practice struct{ id, name, left string }

// stepwise is the practice that a ladder shows first of all.
const stepwise = "I3"

var groups = []group{
	{"C", "CDN: the outermost edge", []practice{
		{id: "C1", name: "caching by route, with an explicit contract"},
		{id: "C2", name: "stale copies while the origin fails"},
		{id: "C3", name: "stale copies while one is refreshed"},
		{id: "C4", name: "concurrent misses become one request"},
		{id: "C5", name: "an origin shield"},
		{id: "C6", name: "jittered ttl"},
		{id: "C7", name: "early refresh by lot"},
		{id: "C8", name: "negative caching"},
		{id: "C9", name: "rate limits and bot rules at the edge"},
		{id: "C10", name: "a normalised cache key"},
		{id: "C11", name: "a second origin, a static page"},
		{id: "C12", name: "connections reused, TLS ended at the edge"},
		{id: "C13", name: "a purge that is soft or by key"},
		{id: "C-anti", name: "not: logic and call-outs at the edge"},
	}},
	{"G", "API gateway: the boundary", []practice{
		{id: "G1", name: "thin routing with a stable contract"},
		{id: "G2", name: "authentication checked at the boundary"},
		{id: "G3", name: "rate limits by client"},
		{id: "G4", name: "timeouts by route, deadlines handed on"},
		{id: "G5", name: "retries at one layer, within a budget"},
		{id: "G6", name: "circuit breakers, outliers put out"},
		{id: "G7", name: "bulkheads"},
		{id: "G8", name: "load shedding by priority"},
		{id: "G9", name: "adaptive concurrency limits"},
		{id: "G10", name: "limits on requests, protection from slow clients"},
		{id: "G11", name: "canary split, mirroring"},
		{id: "G12", name: "balancing by load"},
		{id: "G13", name: "idempotency keys"},
		{id: "G14", name: "several gateways, drained before they go"},
		{id: "G15", name: "fallbacks for optional parts"},
		{id: "G-anti", name: "not: aggregation in the gateway"},
	}},
	{"S", "Service layers", []practice{
		{id: "S1", name: "few layers, short chains"},
		{id: "S2", name: "one owner for each store"},
		{id: "S3", name: "work handed over to a queue"},
		{id: "S4", name: "stateless replicas with capacity to spare"},
		{id: "S5", name: "pools apart by criticality"},
		{id: "S6", name: "partial results of a fan-out"},
		{id: "S7", name: "hedged and tied requests"},
		{id: "S8", name: "inner timeouts shorter than outer ones"},
		{id: "S9", name: "backoff with jitter and a budget"},
		{id: "S10", name: "pools sized by Little's law"},
		{id: "S11", name: "read-through with one load for all"},
		{id: "S12", name: "cells and shuffled shards"},
		{id: "S13", name: "graceful stops, slow starts, warm caches"},
		{id: "S14", name: "bounded queues, newest first, CoDel"},
		{id: "S15", name: "static stability"},
		{id: "S-anti", name: "not: a utils service on every path"},
	}},
	{"D", "Data as needs diverge", []practice{
		{id: "D1", name: "reports off the primary"},
		{id: "D2", name: "read replicas, own writes read from the primary"},
		{id: "D3", name: "an outbox in place of two writes"},
		{id: "D4", name: "a queue as buffer"},
		{id: "D5", name: "dead letters"},
		{id: "D6", name: "idempotent consumers"},
		{id: "D7", name: "replays and backfills held back"},
		{id: "D8", name: "hot keys spread"},
		{id: "D9", name: "replication, synchronous or not"},
		{id: "D10", name: "migrations that lock nothing for long", left: "the built-in database runs DDL, but no step of a scenario sends any; hold up writes with `pause:` to see what a lock would do"},
		{id: "D11", name: "the newest first after an outage"},
		{id: "D12", name: "failover with a fence"},
		{id: "D13", name: "restore drills", left: "no backups; that a crash loses nothing acknowledged is checked in every run that writes (`writes_lost`)"},
		{id: "D-anti", name: "not: two writes, a shared database, retries in place"},
	}},
	{"P", "The platform layer", []practice{
		{id: "P1", name: "one policy for every service, by template"},
		{id: "P2", name: "shallow liveness, honest readiness"},
		{id: "P3", name: "releases in steps, taken back by themselves"},
		{id: "P4", name: "configuration in steps"},
		{id: "P5", name: "autoscaling with headroom"},
		{id: "P6", name: "certificates and secrets rotated"},
		{id: "P7", name: "telemetry off the critical path"},
		{id: "P8", name: "limits on CPU and memory", left: "`cpus:` and `memory:` limit an instance, but no two share a host that one could take from the other"},
		{id: "P9", name: "the last good configuration kept"},
		{id: "P10", name: "objectives and error budgets by route", left: "`expect:` bounds each request in each example; burn rates are of weeks, a run is of seconds"},
		{id: "P11", name: "the topology as code", left: "every example: the file is the topology that runs, and `squall plan` prints it"},
		{id: "P-anti", name: "not: services without the defaults, liveness that asks the database"},
	}},
	{"R", "Behaviour under failure", []practice{
		{id: "R1", name: "fail fast"},
		{id: "R2", name: "degrade gracefully"},
		{id: "R3", name: "isolate"},
		{id: "R4", name: "recover unaided"},
		{id: "R5", name: "failover between regions, with the capacity for it"},
		{id: "R6", name: "consistency or availability, by route"},
		{id: "R7", name: "shedding before queueing"},
		{id: "R8", name: "recovery in steps"},
		{id: "R9", name: "kill switches"},
		{id: "R10", name: "game days and operator mistakes"},
		{id: "R-anti", name: "not: unlimited retries, failover into no capacity"},
	}},
	{"I", "Step by step adoption", []practice{
		{id: "I1", name: "measure first", left: "every example begins with a steady phase that the verdict rests on; a ramp is `stages:` of a load"},
		{id: "I2", name: "change what is the bottleneck", left: "the report names edges and nodes with what they refused, retried and kept waiting; the choice is left to the reader"},
		{id: "I3", name: "one pattern at a time"},
		{id: "I4", name: "mind how patterns act on each other"},
		{id: "I5", name: "cost beside benefit", left: "[COSTS.md](COSTS.md), and the amplification beside each gain"},
		{id: "I6", name: "keep what was won", left: "every example runs with and without in CI, and exit codes gate a release"},
		{id: "I7", name: "decisions with their evidence", left: "`result.json` holds the seed, the scenario and every figure; `squall report` shows it again"},
		{id: "I-anti", name: "not: everything at once", left: "[ladder](patterns/ladder.yaml) tells what each step buys alone"},
	}},
}

// practiceOf finds one by its id, nil where there is none.
func practiceOf(id string) *practice {
	for _, g := range groups {
		for i := range g.practices {
			if g.practices[i].id == id {
				return &g.practices[i]
			}
		}
	}
	return nil
}

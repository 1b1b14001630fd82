package main

import "errors"

// size is what a run is to be: instances, requests a second of all loads, and for how long.
type size struct{ nodes, rate, seconds float64 }

// costs are the unit costs.
type costs struct {
	objects, posted, largest float64 // of an instance: objects, bytes, and bytes of the largest object
	// calls to the API server: for an instance, and for a second of the run whatever its size; < 0: nobody has measured them. forward are the bytes that go
	// by way of it for an instance and second, from outside the cluster.
	calls, callsPerSecond, forward float64

	// generator is the CPU s of a request in a generator: of an open load at 4,000 a second, busy: of users who never think.
	generator, busy               float64
	hear, hearBare                float64 // CPU s of a request in the conductor, with results.gob and without
	wire, wireBare                float64 // bytes of a request to the conductor
	gob                           float64 // bytes of a request in results.gob
	merge                         float64 // CPU s of a generator's last words
	reading, series, held, result float64 // bytes of a node: of one reading; of a second in series.jsonl, and in memory; in result.json
}

// moments is how often a run's counters are read at the most (runner.mostMoments): each second, or of a longer run less often.
const moments = 1200

// questions are what the conductor asks of a pod for one reading: its mesh, its agent and its node.
const questions = 3

// share is how much of a processor a generator may use to keep its schedule.
const share = 0.7

// result is what a run comes to.
type result struct {
	objects, posted, largest, calls                 float64 // calls < 0: not known
	generators, generatorCores, fewest, fewestCores float64 // fewest: of busy ones
	forward                                         float64 // bytes a second by way of the API server
	wire, wireBare, cores, coresBare                float64 // a second
	ceiling, ceilingBare                            float64 // requests a second at which one core of the conductor is full
	gob, merge                                      float64
	asked, read                                     float64 // questions and bytes a second
	memory, seriesFile, resultFile                  float64
}

// work works out what a run comes to: everything is a unit cost times how many there are of it.
func (c costs) work(s size) result {
	readings := min(s.seconds, moments)
	r := result{
		objects: c.objects * s.nodes, posted: c.posted * s.nodes, largest: c.largest * s.nodes, calls: -1,
		generatorCores: c.generator * s.rate, wire: c.wire * s.rate, wireBare: c.wireBare * s.rate,
		cores: c.hear * s.rate, coresBare: c.hearBare * s.rate, ceiling: 1 / c.hear, ceilingBare: 1 / c.hearBare,
		gob: c.gob * s.rate * s.seconds, asked: questions * s.nodes * readings / s.seconds, read: c.reading * s.nodes * readings / s.seconds,
		memory: c.held * s.nodes * readings, seriesFile: c.series * s.nodes * readings, resultFile: c.result * s.nodes,
	}
	if c.calls >= 0 {
		r.calls = c.calls*s.nodes + c.callsPerSecond*s.seconds
	}
	r.fewestCores, r.forward = c.busy*s.rate, c.forward*s.nodes
	r.generators, r.fewest = ceil(r.generatorCores/share), ceil(r.fewestCores/share)
	r.merge = c.merge * r.generators
	return r
}

func ceil(x float64) float64 {
	n := float64(int64(x))
	if n < x {
		n++
	}
	return n
}

// unitCosts takes the unit costs out of what was measured.
func unitCosts(m measured) (c costs, err error) {
	var errs []error
	take := func(benchmark, unit string) float64 {
		value, err := m.of(benchmark, unit)
		errs = append(errs, err)
		return value
	}
	const large, many, bare, nodes = "Objects/shops_of_1000", "Hear/40_generators,_results_true", "Hear/40_generators,_results_false", "Record/400_nodes"
	c = costs{
		objects: take(large, "objects") / 1000, posted: take(large, "posted-B/instance"), largest: take(large, "largest-B") / 1000,
		calls:     -1,
		generator: take("Cost", "1-on-1-generators-us/req") / 1e6, busy: 1 / take("Saturated", "1-req/s"),
		hear: take(many, "cpu-ns/request") / 1e9, hearBare: take(bare, "cpu-ns/request") / 1e9,
		wire: take(many, "wire-B/request"), wireBare: take(bare, "wire-B/request"), gob: take(many, "results-B/request"),
		merge:   take("Merge/40_generators", "cpu-us/generator") / 1e6,
		reading: take(nodes, "reading-B/node"), series: take(nodes, "series-B/node/s"), held: take(nodes, "held-B/node/s"), result: take(nodes, "result-B/node"),
	}
	if m["Calls/measured"] != nil {
		c.calls, c.callsPerSecond, c.forward = take("Calls/measured", "calls/instance"), take("Calls/measured", "calls/s"), take("Calls/measured", "apiserver-B/instance/s")
	}
	return c, errors.Join(errs...)
}

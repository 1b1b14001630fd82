package main

import (
	"fmt"
	"io"
	"strings"
)

const head = `# What a run costs as it grows

On paper: the unit costs below are measured, by benchmarks that anyone can run again; what is said of 1,000 nodes and 1,000,000 requests a second is those costs times how many
there are of each, and was never run. ` + "`make scale`" + ` measures anew and writes this page ([scale.benchmarks](scale.benchmarks) is what was measured, on two processors of a busy virtual machine:
CPU times, not times on the wall, but for where the unit says so).

## Unit costs, measured

`

const extrapolated = `
## What they come to, extrapolated

A run of 10 minutes, an instance in four a database and the rest services of three replicas. A generator uses 70 % of a processor at the most.

`

// row is one line of a table.
type row struct{ cells []string }

func table(w io.Writer, head []string, rows []row) error {
	rule := make([]string, len(head))
	for n := range rule {
		rule[n] = map[bool]string{true: "---", false: "---:"}[n == 0]
	}
	for _, r := range append([]row{{head}, {rule}}, rows...) {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(r.cells, " | ")); err != nil {
			return err
		}
	}
	return nil
}

// write writes the page.
func write(w io.Writer, m measured) error {
	c, err := unitCosts(m)
	if err != nil {
		return err
	}
	var page strings.Builder
	page.WriteString(head)
	if err := table(&page, []string{"of", "costs", "measured by `go test -run '^$' -bench`"}, c.units()); err != nil {
		return err
	}
	page.WriteString(extrapolated)
	sizes := []size{{10, 1e3, 600}, {100, 1e5, 600}, {1000, 1e6, 600}}
	if err := table(&page, []string{"", "10 nodes, 1,000/s", "100 nodes, 100,000/s", "1,000 nodes, 1,000,000/s"}, c.rows(sizes)); err != nil {
		return err
	}
	page.WriteString(c.bottleneck(sizes[len(sizes)-1]))
	_, err = io.WriteString(w, page.String())
	return err
}

// units are the unit costs as a table.
func (c costs) units() []row {
	us := func(s float64) string { return fmt.Sprintf("%.2f µs of CPU", s*1e6) }
	calls := "not measured yet: no cluster was at hand"
	forward := calls
	if c.calls >= 0 {
		forward = amount(c.forward)
		calls = fmt.Sprintf("%.1f calls, and %.2f a second of the run whatever its size", c.calls, c.callsPerSecond)
	}
	return []row{
		{[]string{"an instance, as objects of a cluster", fmt.Sprintf("%.1f objects, %s as they are posted", c.objects, amount(c.posted)), "`Objects ./runner/engine/kubernetes/objects`"}},
		{[]string{"an instance, of the largest object", fmt.Sprintf("%s (a cluster takes 1 MiB)", amount(c.largest)), "the same"}},
		{[]string{"an instance, asked of the API server", calls, "`TestCallsOfARun ./runner/engine/kubernetes` (a test, which a cluster is needed for)"}},
		{[]string{"an instance and second, by way of the API server", forward, "the same (port-forwards, from outside the cluster)"}},
		{[]string{"a request, in its generator", us(c.generator) + " of an open load at 4,000/s, " + us(c.busy) + " of users who never think", "`Cost` and `Saturated ./runner/load/spawn`"}},
		{[]string{"a request, from a generator to the conductor", fmt.Sprintf("%.1f B, with `--no-results` %.1f B", c.wire, c.wireBare), "`Hear ./runner/load/remote`; by rate: `Frames ./runner/load/frame`"}},
		{[]string{"a request, in the conductor, of 40 generators", us(c.hear) + ", with `--no-results` " + us(c.hearBare), "`Hear ./runner/load/remote`"}},
		{[]string{"a request, in results.gob", fmt.Sprintf("%.0f B", c.gob), "the same"}},
		{[]string{"a generator's last words, put together with the others'", fmt.Sprintf("%.1f ms of CPU, once", c.merge*1e3), "`Merge ./runner/load/figures` (at 2, 8 and 40)"}},
		{[]string{"a node, of one reading of its counters", fmt.Sprintf("%d questions, %s (as JSON, its edges too)", questions, amount(c.reading)), "`Record ./runner/engine/virtual`"}},
		{[]string{"a node and second, in series.jsonl", amount(c.series), "the same"}},
		{[]string{"a node and second, in the conductor's memory", amount(c.held) + " until the end (at a request a second)", "the same"}},
		{[]string{"a node, in result.json", amount(c.result), "the same"}},
	}
}

// rows are what runs come to.
func (c costs) rows(sizes []size) (out []row) {
	for _, line := range []struct {
		what string
		text func(result) string
	}{
		{"objects", func(r result) string { return count(r.objects) }},
		{"bytes posted to the API server", func(r result) string { return amount(r.posted) }},
		{"the largest object (the secret of all tokens)", func(r result) string { return amount(r.largest) }},
		{"calls of the API server", func(r result) string { return map[bool]string{true: "not known", false: count(r.calls)}[r.calls < 0] }},
		{"by way of it, from outside the cluster", func(r result) string {
			return map[bool]string{true: "not known", false: amount(r.forward) + "/s"}[r.calls < 0]
		}},
		{"generators (and processors that they use)", func(r result) string {
			return fmt.Sprintf("%s to %s (%.1f to %.1f)", count(r.fewest), count(r.generators), r.fewestCores, r.generatorCores)
		}},
		{"events to the conductor", func(r result) string { return amount(r.wire) + "/s" }},
		{"... with `--no-results`", func(r result) string { return amount(r.wireBare) + "/s" }},
		{"the conductor's processors for them", func(r result) string { return fmt.Sprintf("%.2f", r.cores) }},
		{"... with `--no-results`", func(r result) string { return fmt.Sprintf("%.2f", r.coresBare) }},
		{"merging the last words of all generators", func(r result) string { return fmt.Sprintf("%.0f ms", r.merge*1e3) }},
		{"questions to pods", func(r result) string { return count(r.asked) + "/s" }},
		{"counters to the conductor", func(r result) string { return amount(r.read) + "/s" }},
		{"the conductor's memory for them, at the end", func(r result) string { return amount(r.memory) }},
		{"results.gob", func(r result) string { return amount(r.gob) }},
		{"series.jsonl", func(r result) string { return amount(r.seriesFile) }},
		{"result.json", func(r result) string { return amount(r.resultFile) }},
	} {
		cells := []string{line.what}
		for _, s := range sizes {
			cells = append(cells, line.text(c.work(s)))
		}
		out = append(out, row{cells})
	}
	return out
}

// bottleneck says what ends first, and by how much.
func (c costs) bottleneck(s size) string {
	r := c.work(s)
	return fmt.Sprintf(`
## What ends first

**Numbering requests for results.gob.** Most of what the conductor does with an event is under locks that all generators share (7/10 of it, by its profile, with results.gob), so that hardly more
than one processor works at it: some %s requests a second with results.gob, %s without. %s a second would take %.1f processors, so that generators would fall behind and be lost by name ("MB of events behind").
`+"`squall run --no-results`"+` leaves that out: then it is %.0f %% of one processor.

After that, in this order:

- **The way of the events.** %s of them, and %s of counters, by way of the API server (port-forward) is more than that is made for: a conductor in the cluster is sent them
  directly. How much an API server carries was not measured.
- **The questions.** %s a second, each a request over HTTP to a pod; of a run over %d minutes less often, since its counters are read %s times at the most.
- **Memory**, which grows with nodes and readings: %s at the end here, and %s where there are %s readings (a run of 20 minutes or longer), beside the last 40 readings whole, some 3.4 kB
  of a node each.
- **The secret of tokens**, at %s instances: one object has those of all pods, and a cluster takes 1 MiB of a secret.
- **Edges.** Where each of n replicas calls each of m, there are n times m: two services of 50 have 2,550 (`+"`Objects`"+`, "halves of 100"), and a plan of two services of 500 would have 250,000.

What was mended when it was measured first: every reading was kept whole until the run's end, 8.1 kB of a node and second, which is 10 GB of 1,000 nodes in 20 minutes; and the last words of 40 generators took 2.4 s on the wall to put together.

Not on this page, since nobody has measured it: how long a cluster takes to place 1,000 pods, and what its network and nodes carry.
`, count(r.ceiling), count(r.ceilingBare), count(s.rate), r.cores, 100*r.coresBare, amount(r.wire)+"/s", amount(r.read)+"/s",
		count(questions*s.nodes), moments/60, count(moments), amount(r.memory), amount(c.held*s.nodes*moments), count(moments),
		count(float64(int64((1<<20)/c.largest/100)*100)))
}

// amount is bytes in words.
func amount(b float64) string {
	for _, u := range []struct {
		of   float64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if b >= u.of {
			return fmt.Sprintf("%.3g %s", b/u.of, u.name)
		}
	}
	return fmt.Sprintf("%.0f B", b)
}

// count is a number of things in words: three figures of it.
func count(n float64) string {
	step := 1.0
	for n/step >= 1000 {
		step *= 10
	}
	digits := fmt.Sprintf("%.0f", float64(int64(n/step+.5))*step)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// Package scrape shows a run under way as Prometheus reads it: what its loads sent and how long it took, what crossed its edges, what its nodes
// count, and which faults are on.
package scrape

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/squallhq/squall/runner/record"
)

// Handler answers each scrape with what ask has of the run by then: the record so far. Where there is none (the run is being launched, or
// is over) it is not available, and says why.
func Handler(ask func(context.Context) (*record.Result, error)) http.Handler {
	var seen latencies
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := ask(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		all := prometheus.NewRegistry()
		if err := all.Register(sheet{res, &seen}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		promhttp.HandlerFor(all, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
	})
}

// Gather is a record as Prometheus' families, sorted by name.
func Gather(res *record.Result) ([]*dto.MetricFamily, error) {
	all := prometheus.NewRegistry()
	if err := all.Register(sheet{res, &latencies{}}); err != nil {
		return nil, err
	}
	return all.Gather()
}

// sheet is one record as metrics.
type sheet struct {
	*record.Result
	seen *latencies
}

// Describe says nothing: what there is differs from run to run.
func (s sheet) Describe(chan<- *prometheus.Desc) {}

// Collect gives all that is known by now; what is unknown is absent, never 0.
func (s sheet) Collect(out chan<- prometheus.Metric) {
	say := func(name, help string, kind prometheus.ValueType, value float64, labels ...string) {
		names, values := split(labels)
		m, err := prometheus.NewConstMetric(prometheus.NewDesc(name, help, names, nil), kind, value, values...)
		if err != nil {
			m = prometheus.NewInvalidMetric(prometheus.NewInvalidDesc(err), err)
		}
		out <- m
	}
	say("squall_run_info", "The run: 1.", prometheus.GaugeValue, 1, "run", s.Run, "scenario", s.Scenario, "variant", s.Variant, "engine", s.Engine)
	say("squall_run_elapsed_seconds", "Since the first phase began.", prometheus.GaugeValue, s.DurationS)
	for i, p := range s.Phases {
		say("squall_phase_active", "1 for the phase that goes on, 0 for those that are over.", prometheus.GaugeValue, oneIf(i == len(s.Phases)-1 && p.EndS > s.DurationS-.01), "phase", p.Name)
	}
	s.faults(say)
	s.requests(say)
	s.edges(say)
	s.nodes(say)
	s.seen.collect(out, s.Windows)
}

type sayer func(name, help string, kind prometheus.ValueType, value float64, labels ...string)

// faults are those of the plan, on or off, and those that people have put on.
func (s sheet) faults(say sayer) {
	type named struct{ fault, target, by string }
	on := map[named]float64{}
	for _, f := range s.Faults {
		n := named{cmp.Or(f.Text, f.Name), f.On, "plan"}
		on[n] = max(on[n], oneIf(f.AppliedS != nil && f.UndoneS == nil))
	}
	for _, a := range s.Actions {
		if a.Act > 0 {
			n := named{a.What, a.On, cmp.Or(a.Person, a.Who)}
			on[n] = max(on[n], oneIf(a.UndoneS == nil))
		}
	}
	for n, is := range on {
		say("squall_fault_active", "1 while the fault is on, 0 before and after; by says whether the plan has it, or who put it on.", prometheus.GaugeValue, is,
			"fault", n.fault, "target", n.target, "by", n.by)
	}
}

// requests are those of the phases, by what became of them.
func (s sheet) requests(say sayer) {
	type kind struct{ load, request string }
	sums := map[kind]map[string]int64{}
	for _, w := range s.Windows {
		if w.Phase == "" {
			continue // the warm-up
		}
		k := kind{w.Load, w.Request}
		if sums[k] == nil {
			sums[k] = map[string]int64{}
		}
		sums[k]["ok"] += w.OK
		sums[k]["degraded"] += w.Degraded
		sums[k]["failed"] += w.Failed
		sums[k]["cut"] += w.Cut
	}
	for k, of := range sums {
		for outcome, n := range of {
			say("squall_load_requests_total", "Requests of the phases by what became of them; cut ones were under way when a fault of another phase came.",
				prometheus.CounterValue, float64(n), "load", k.load, "request", k.request, "outcome", outcome)
		}
	}
}

// edges are the attempts between nodes as their callers count them, since the first phase began.
func (s sheet) edges(say sayer) {
	type pair struct{ from, to string }
	sums := map[pair]*record.Edge{}
	for _, e := range s.Edges {
		p := pair{e.From, e.To}
		if sums[p] == nil {
			sums[p] = &record.Edge{}
		}
		sums[p].Attempts += e.Attempts
		sums[p].Retries += e.Retries
		sums[p].Failures += e.Failures
		sums[p].GaveUp += e.GaveUp
		sums[p].Requests += e.Requests
		sums[p].Connections += e.Connections
		sums[p].BytesUp += e.BytesUp
		sums[p].BytesDown += e.BytesDown
	}
	for p, e := range sums {
		for _, one := range []struct {
			name, help string
			n          int64
		}{
			{"attempts", "Attempts as the caller counts them.", e.Attempts},
			{"retries", "Those of the attempts that a retry made.", e.Retries},
			{"failures", "Attempts that failed.", e.Failures},
			{"given_up", "Attempts whose caller left before the answer.", e.GaveUp},
			{"requests", "Requests that crossed the edge.", e.Requests},
			{"connections", "Connections that were made over the edge.", e.Connections},
			{"sent_bytes", "Bytes to the callee.", e.BytesUp},
			{"received_bytes", "Bytes from the callee.", e.BytesDown},
		} {
			say("squall_edge_"+one.name+"_total", one.help, prometheus.CounterValue, float64(one.n), "from", p.from, "to", p.to)
		}
	}
}

// label is one within a metric's name, as nodes spell them.
var label = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)

// nodes are what the instances count themselves, by the names that they have for it.
func (s sheet) nodes(say sayer) {
	gauges := map[string]bool{}
	for _, n := range s.Nodes {
		for name, is := range n.Types {
			gauges[name] = gauges[name] || is == "gauge"
		}
	}
	for _, n := range s.Nodes {
		for spelled, value := range n.Counters {
			name, rest, _ := strings.Cut(spelled, "{")
			labels := []string{"node", n.Name, "instance", n.Instance}
			for _, l := range label.FindAllStringSubmatch(rest, -1) {
				value, err := strconv.Unquote(`"` + l[2] + `"`)
				if err != nil {
					value = l[2]
				}
				key := l[1]
				for taken, _ := split(labels); slices.Contains(taken, key); {
					key = "exported_" + key // as Prometheus does with what a target says of itself
				}
				labels = append(labels, key, value)
			}
			kind := prometheus.UntypedValue
			if strings.HasSuffix(name, "_total") && !gauges[name] {
				kind = prometheus.CounterValue
			}
			say(name, "As the nodes count it.", kind, value, labels...)
		}
	}
}

// split are the names and the values of labels that are given in turn.
func split(labels []string) (names, values []string) {
	for i := 0; i+1 < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, labels[i+1])
	}
	return names, values
}

func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

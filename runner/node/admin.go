package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
)

// admin is what an instance answers on its admin address.
type admin struct {
	i     *instance
	ready atomic.Bool
	// configurator is there when the role is.
	configurator atomic.Pointer[configurator]
}

// handler answers health, metrics and stats, and takes behaviour, asks, configuration and which callees are withdrawn.
func (a *admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.AdminHealth, func(w http.ResponseWriter, _ *http.Request) {
		if !a.ready.Load() {
			a.i.refuse(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET "+wire.AdminMetrics, a.serveMetrics)
	mux.HandleFunc("GET "+wire.AdminStats, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a.stats()) //nolint:errcheck // the reader left
	})
	mux.HandleFunc("PUT "+wire.AdminBehave, a.putBehaviour)
	mux.HandleFunc("PUT "+wire.AdminAsks, a.putAsks)
	mux.HandleFunc("PUT "+wire.AdminWithdrawn+"{instance}", a.i.putWithdrawn)
	mux.HandleFunc("DELETE "+wire.AdminWithdrawn+"{instance}", a.i.deleteWithdrawn)
	mux.HandleFunc("PUT "+wire.AdminConfigure, a.putConfiguration)
	mux.HandleFunc("DELETE "+wire.AdminBehave, func(w http.ResponseWriter, _ *http.Request) { a.behave(w, nil) })
	return mux
}

func (a *admin) stats() wire.Stats {
	s := wire.Stats{Calls: make(map[string]wire.CallCounters), Counters: a.i.metrics.counters()}
	for _, u := range a.i.upstreams {
		for _, r := range u.replicas {
			s.Calls[r.Instance] = r.counts.stats()
		}
	}
	return s
}

func (a *admin) putBehaviour(w http.ResponseWriter, r *http.Request) {
	var b faults.Behaviour
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		a.i.refuse(w, http.StatusBadRequest, fmt.Sprintf("read behaviour: %s", err))
		return
	}
	if b.Errors < 0 || b.Errors > 1 || b.Slow < 0 || b.Factor < 0 || b.Status != 0 && (b.Status < 400 || b.Status > 599) {
		a.i.refuse(w, http.StatusBadRequest, "errors is in [0,1], slow and factor are not negative, status is 400 to 599")
		return
	}
	a.behave(w, &b)
}

// behave has the role behave otherwise; nil: as it does by itself.
func (a *admin) behave(w http.ResponseWriter, b *faults.Behaviour) {
	a.i.behaviour.tell(b)
	w.WriteHeader(http.StatusNoContent)
}

// putAsks takes the list of everything that is asked of the node now.
func (a *admin) putAsks(w http.ResponseWriter, r *http.Request) {
	var to []faults.Ask
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&to); err != nil {
		a.i.refuse(w, http.StatusBadRequest, fmt.Sprintf("read asks: %s", err))
		return
	}
	for _, one := range to {
		if one.Flush != "" && one.Flush != faults.FlushHard && one.Flush != faults.FlushSoft {
			a.i.refuse(w, http.StatusBadRequest, "flush is hard or soft")
			return
		}
	}
	if err := a.i.behaviour.asks.set(r.Context(), to); err != nil {
		a.i.refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	labels := fmt.Sprintf("node=%q,instance=%q,kind=%q", a.i.config.Node.Name, a.i.config.Instance, a.i.config.Node.Kind)
	if err := a.i.metrics.write(w, labels); err != nil {
		return // the reader left
	}
	for _, column := range callColumns {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", column.name, column.help, column.name)
		for _, u := range a.i.upstreams {
			for _, r := range u.replicas {
				fmt.Fprintf(w, "%s{%s,callee=%q} %d\n", column.name, labels, r.Instance, column.value(r.counts.stats()))
			}
		}
	}
}

// callColumns are the metrics of calls, one series for each callee instance.
var callColumns = []struct {
	name, help string
	value      func(wire.CallCounters) int64
}{
	{"squall_call_attempts_total", "Attempts to call.", func(s wire.CallCounters) int64 { return s.Attempts }},
	{"squall_call_organic_total", "Attempts that no retry has caused.", func(s wire.CallCounters) int64 { return s.Organic }},
	{"squall_call_retries_total", "Attempts beyond a call's first.", func(s wire.CallCounters) int64 { return s.Retries }},
	{"squall_call_failures_total", "Attempts that failed.", func(s wire.CallCounters) int64 { return s.Failures }},
}

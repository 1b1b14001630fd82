package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/wire"
)

// adminHandler answers health, metrics and stats, and takes behaviour, configuration and which callees are withdrawn.
func (i *instance) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.AdminHealth, func(w http.ResponseWriter, _ *http.Request) {
		if !i.ready.Load() {
			i.refuse(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET "+wire.AdminMetrics, i.serveMetrics)
	mux.HandleFunc("GET "+wire.AdminStats, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(i.stats()) //nolint:errcheck // the reader left
	})
	mux.HandleFunc("PUT "+wire.AdminBehave, i.putBehaviour)
	mux.HandleFunc("PUT "+wire.AdminWithdrawn+"{instance}", i.putWithdrawn)
	mux.HandleFunc("DELETE "+wire.AdminWithdrawn+"{instance}", i.deleteWithdrawn)
	mux.HandleFunc("PUT "+wire.AdminConfigure, i.putConfiguration)
	mux.HandleFunc("DELETE "+wire.AdminBehave, func(w http.ResponseWriter, _ *http.Request) {
		i.behaviour.set(nil)
		i.hear()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (i *instance) stats() wire.Stats {
	s := wire.Stats{Calls: make(map[string]wire.CallCounters), Counters: i.metrics.counters()}
	for _, u := range i.upstreams {
		for _, r := range u.replicas {
			s.Calls[r.Instance] = r.counts.stats()
		}
	}
	return s
}

func (i *instance) putBehaviour(w http.ResponseWriter, r *http.Request) {
	var b faults.Behaviour
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		i.refuse(w, http.StatusBadRequest, fmt.Sprintf("read behaviour: %s", err))
		return
	}
	if b.Errors < 0 || b.Errors > 1 || b.Slow < 0 || b.Factor < 0 || b.Status != 0 && (b.Status < 400 || b.Status > 599) {
		i.refuse(w, http.StatusBadRequest, "errors is in [0,1], slow and factor are not negative, status is 400 to 599")
		return
	}
	if b.Flush != "" && b.Flush != faults.FlushHard && b.Flush != faults.FlushSoft {
		i.refuse(w, http.StatusBadRequest, "flush is hard or soft")
		return
	}
	was := i.behaviour.get().Flush
	i.behaviour.set(&b)
	if i.purge != nil && b.Flush != "" && was == "" { // once, however often it is told while it is on
		i.purge(b.Flush == faults.FlushSoft)
	}
	if i.promote != nil && b.Promote {
		ctx, cancel := context.WithTimeout(r.Context(), promoteTimeout)
		defer cancel()
		if err := i.promote(ctx); err != nil {
			i.refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	i.hear()
	w.WriteHeader(http.StatusNoContent)
}

// hear tells who waits for another behaviour.
func (i *instance) hear() {
	if i.heard != nil {
		i.heard()
	}
}

// promoteTimeout is less than an engine waits for the answer.
const promoteTimeout = 1500 * time.Millisecond

func (i *instance) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	labels := fmt.Sprintf("node=%q,instance=%q,kind=%q", i.config.Node.Name, i.config.Instance, i.config.Node.Kind)
	if err := i.metrics.write(w, labels); err != nil {
		return // the reader left
	}
	for _, column := range callColumns {
		fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s counter\n", column.name, column.help, column.name)
		for _, u := range i.upstreams {
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

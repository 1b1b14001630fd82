package node

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/squallhq/squall/faults"
)

// Stats is what GET /stats answers on the admin address.
type Stats struct {
	// Calls are the attempts to each callee instance.
	Calls map[string]CallStats `json:"calls"`
	// Counters are all metrics by their names, those of GET /metrics.
	Counters map[string]float64 `json:"counters"`
}

// CallStats counts the attempts to one callee instance.
type CallStats struct {
	Attempts int64 `json:"attempts"`
	// Organic attempts are those that no retry, here or further up, has caused.
	Organic int64 `json:"organic"`
	Retries int64 `json:"retries"`
	// Failures ended in a transport error, a timeout, a status of 500 or more, or 429. Attempts that
	// this side gave up because its own caller was gone are not failures.
	Failures int64 `json:"failures"`
}

// adminHandler answers health, metrics and stats, and takes behaviour, asks, configuration and which callees are withdrawn.
func (i *instance) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if !i.ready.Load() {
			i.refuse(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", i.serveMetrics)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(i.stats()) //nolint:errcheck // the reader left
	})
	mux.HandleFunc("PUT /behave", i.putBehaviour)
	mux.HandleFunc("PUT /asks", i.putAsks)
	mux.HandleFunc("PUT /withdrawn/{instance}", i.putWithdrawn)
	mux.HandleFunc("DELETE /withdrawn/{instance}", i.deleteWithdrawn)
	mux.HandleFunc("PUT /configure", i.putConfiguration)
	mux.HandleFunc("DELETE /behave", func(w http.ResponseWriter, _ *http.Request) {
		i.behaviour.set(nil)
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (i *instance) stats() Stats {
	s := Stats{Calls: make(map[string]CallStats), Counters: i.metrics.counters()}
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
	i.behaviour.set(&b)
	w.WriteHeader(http.StatusNoContent)
}

// putAsks takes the asks that are on now. Those that were not on before are carried out, once; those that are no longer
// on are withdrawn.
func (i *instance) putAsks(w http.ResponseWriter, r *http.Request) {
	var asks []faults.Ask
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&asks); err != nil {
		i.refuse(w, http.StatusBadRequest, fmt.Sprintf("read asks: %s", err))
		return
	}
	for _, a := range asks {
		if a.Flush != "" && a.Flush != faults.FlushHard && a.Flush != faults.FlushSoft {
			i.refuse(w, http.StatusBadRequest, "flush is hard or soft")
			return
		}
	}
	was := i.behaviour.asked()
	i.behaviour.asks.Store(&asks)
	for n, a := range asks {
		if slices.Contains(was, a) {
			continue
		}
		if err := i.carryOut(r.Context(), a); err != nil {
			done := slices.Concat(was, asks[:n])
			i.behaviour.asks.Store(&done)
			i.refuse(w, http.StatusServiceUnavailable, err.Error())
			return
		}
	}
	i.hear()
	w.WriteHeader(http.StatusNoContent)
}

// carryOut does what is done at once; a replay goes on until it is withdrawn.
func (i *instance) carryOut(ctx context.Context, a faults.Ask) error {
	if i.purge != nil && a.Flush != "" {
		i.purge(a.Flush == faults.FlushSoft)
	}
	if i.promote == nil || !a.Promote {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, promoteTimeout)
	defer cancel()
	return i.promote(ctx)
}

// hear tells who waits for other asks.
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
	value      func(CallStats) int64
}{
	{"squall_call_attempts_total", "Attempts to call.", func(s CallStats) int64 { return s.Attempts }},
	{"squall_call_organic_total", "Attempts that no retry has caused.", func(s CallStats) int64 { return s.Organic }},
	{"squall_call_retries_total", "Attempts beyond a call's first.", func(s CallStats) int64 { return s.Retries }},
	{"squall_call_failures_total", "Attempts that failed.", func(s CallStats) int64 { return s.Failures }},
}

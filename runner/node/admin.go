package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"

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

// admin is what an instance answers on its admin address.
type admin struct {
	i     *instance
	ready atomic.Bool
	// configurator is there when the role is.
	configurator atomic.Pointer[configurator]
}

// handler answers health, metrics and stats, and takes behaviour, configuration and which callees are withdrawn.
func (a *admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		if !a.ready.Load() {
			a.i.refuse(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /metrics", a.serveMetrics)
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a.stats()) //nolint:errcheck // the reader left
	})
	mux.HandleFunc("PUT /behave", a.putBehaviour)
	mux.HandleFunc("PUT /withdrawn/{instance}", a.i.putWithdrawn)
	mux.HandleFunc("DELETE /withdrawn/{instance}", a.i.deleteWithdrawn)
	mux.HandleFunc("PUT /configure", a.putConfiguration)
	mux.HandleFunc("DELETE /behave", func(w http.ResponseWriter, r *http.Request) { a.behave(w, r, nil) })
	return mux
}

func (a *admin) stats() Stats {
	s := Stats{Calls: make(map[string]CallStats), Counters: a.i.metrics.counters()}
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
	if b.Flush != "" && b.Flush != faults.FlushHard && b.Flush != faults.FlushSoft {
		a.i.refuse(w, http.StatusBadRequest, "flush is hard or soft")
		return
	}
	a.behave(w, r, &b)
}

// behave has the role behave otherwise; nil: as it does by itself.
func (a *admin) behave(w http.ResponseWriter, r *http.Request, b *faults.Behaviour) {
	if err := a.i.behaviour.tell(r.Context(), b); err != nil {
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
	value      func(CallStats) int64
}{
	{"squall_call_attempts_total", "Attempts to call.", func(s CallStats) int64 { return s.Attempts }},
	{"squall_call_organic_total", "Attempts that no retry has caused.", func(s CallStats) int64 { return s.Organic }},
	{"squall_call_retries_total", "Attempts beyond a call's first.", func(s CallStats) int64 { return s.Retries }},
	{"squall_call_failures_total", "Attempts that failed.", func(s CallStats) int64 { return s.Failures }},
}

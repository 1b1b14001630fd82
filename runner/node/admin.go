package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/node/internal/call"
	"github.com/squallhq/squall/runner/node/internal/host"
	"github.com/squallhq/squall/runner/wire"
)

// admin is what an instance answers on its admin address.
type admin struct {
	i     *host.Instance
	ready atomic.Bool
	// configurator is there when the role is.
	configurator atomic.Pointer[configurator]
}

// handler answers health, metrics, stats and spans, and takes behaviour, asks, configuration and which callees are withdrawn.
func (a *admin) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+wire.AdminHealth, func(w http.ResponseWriter, _ *http.Request) {
		if !a.ready.Load() {
			a.i.Refuse(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET "+wire.AdminMetrics, a.serveMetrics)
	mux.HandleFunc("GET "+wire.AdminStats, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(a.stats()) //nolint:errcheck // the reader left
	})
	mux.HandleFunc("POST "+wire.AdminSpans, a.tellSpans)
	mux.HandleFunc("PUT "+wire.AdminBehave, a.putBehaviour)
	mux.HandleFunc("PUT "+wire.AdminAsks, a.putAsks)
	mux.HandleFunc("PUT "+wire.AdminLookups, a.putLookups)
	mux.HandleFunc("PUT "+wire.AdminWithdrawn+"{instance}", a.withdraw(true))
	mux.HandleFunc("DELETE "+wire.AdminWithdrawn+"{instance}", a.withdraw(false))
	mux.HandleFunc("PUT "+wire.AdminConfigure, a.putConfiguration)
	mux.HandleFunc("DELETE "+wire.AdminBehave, func(w http.ResponseWriter, _ *http.Request) { a.behave(w, nil) })
	return mux
}

// withdraw takes a callee's instance out of this one's choice, or puts it back.
func (a *admin) withdraw(out bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		call.Withdraw(a.i, r.PathValue("instance"), out)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (a *admin) stats() wire.Stats {
	calls, attempts := call.Counters(a.i)
	return wire.Stats{
		Calls: calls, Counters: a.i.Metrics.Counters(),
		Stays: a.i.Metrics.Stays.Read(time.Now()), Attempts: attempts, Waits: a.i.Metrics.Waits(),
	}
}

// tellSpans answers what is known of the traces whose halves of ids are listed.
func (a *admin) tellSpans(w http.ResponseWriter, r *http.Request) {
	var of []uint64
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, host.MaxBody)).Decode(&of); err != nil {
		a.i.Refuse(w, http.StatusBadRequest, fmt.Sprintf("read traces: %s", err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(a.i.Spans(of)) //nolint:errcheck // the reader left
}

func (a *admin) putBehaviour(w http.ResponseWriter, r *http.Request) {
	var b faults.Behaviour
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, host.MaxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&b); err != nil {
		a.i.Refuse(w, http.StatusBadRequest, fmt.Sprintf("read behaviour: %s", err))
		return
	}
	if b.Errors < 0 || b.Errors > 1 || b.Slow < 0 || b.Factor < 0 || b.Status != 0 && (b.Status < 400 || b.Status > 599) {
		a.i.Refuse(w, http.StatusBadRequest, "errors is in [0,1], slow and factor are not negative, status is 400 to 599")
		return
	}
	a.behave(w, &b)
}

// behave has the role behave otherwise; nil: as it does by itself.
func (a *admin) behave(w http.ResponseWriter, b *faults.Behaviour) {
	a.i.Behaviour.Tell(b)
	w.WriteHeader(http.StatusNoContent)
}

// putLookups takes how all callees are looked up that are not found as ever.
func (a *admin) putLookups(w http.ResponseWriter, r *http.Request) {
	var to map[string]faults.NameLookup
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, host.MaxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&to); err != nil {
		a.i.Refuse(w, http.StatusBadRequest, fmt.Sprintf("read lookups: %s", err))
		return
	}
	a.i.Lookups.Tell(to)
	w.WriteHeader(http.StatusNoContent)
}

// putAsks takes the list of everything that is asked of the node now.
func (a *admin) putAsks(w http.ResponseWriter, r *http.Request) {
	var to []faults.Ask
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, host.MaxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&to); err != nil {
		a.i.Refuse(w, http.StatusBadRequest, fmt.Sprintf("read asks: %s", err))
		return
	}
	for _, one := range to {
		if one.Flush != "" && one.Flush != faults.FlushHard && one.Flush != faults.FlushSoft {
			a.i.Refuse(w, http.StatusBadRequest, "flush is hard or soft")
			return
		}
	}
	if err := a.i.Behaviour.Asks.Set(r.Context(), to); err != nil {
		a.i.Refuse(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (a *admin) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	labels := fmt.Sprintf("node=%q,instance=%q,kind=%q", a.i.Config.Node.Name, a.i.Config.Instance, a.i.Config.Node.Kind)
	if err := a.i.Metrics.Write(w, labels); err != nil {
		return // the reader left
	}
	call.WriteCounters(a.i, w, labels)
}

// Package api is toxiproxy's HTTP API over a mesh, so that toxiproxy-cli and toxiproxy's client libraries drive our edges,
// and Prometheus's metrics of them.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/squallhq/squall/faults/mesh"
)

// ToxiproxyVersion is the version of toxiproxy whose HTTP API ours is.
const ToxiproxyVersion = "2.12.0"

// maxAPIBody bounds what the API reads of one request.
const maxAPIBody = 4 << 20

// api is toxiproxy's HTTP API over a mesh: its routes, JSON, statuses and error texts, so that
// toxiproxy-cli and the client libraries drive our edges.
type api struct {
	proxies mesh.Proxies
}

// New makes toxiproxy's HTTP API, with Prometheus metrics of what stats reads. It answers only
// requests that a web page of another origin can't have sent (see guardOrigin); it asks for no token, so
// it must listen on a loopback address.
func New(proxies mesh.Proxies, stats func(context.Context) ([]mesh.EdgeStats, error)) http.Handler {
	a := &api{proxies: proxies}
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(*http.Request) (int, any, error){
		"POST /reset":                            a.reset,
		"GET /proxies":                           a.list,
		"POST /proxies":                          a.create,
		"POST /populate":                         a.populate,
		"GET /proxies/{proxy}":                   a.show,
		"POST /proxies/{proxy}":                  a.update,
		"PATCH /proxies/{proxy}":                 a.update,
		"DELETE /proxies/{proxy}":                a.delete,
		"GET /proxies/{proxy}/toxics":            a.listToxics,
		"POST /proxies/{proxy}/toxics":           a.addToxic,
		"GET /proxies/{proxy}/toxics/{toxic}":    a.showToxic,
		"POST /proxies/{proxy}/toxics/{toxic}":   a.updateToxic,
		"PATCH /proxies/{proxy}/toxics/{toxic}":  a.updateToxic,
		"DELETE /proxies/{proxy}/toxics/{toxic}": a.removeToxic,
		"GET /version":                           version,
	} {
		mux.HandleFunc(pattern, apiRoute(h))
	}
	mux.Handle("GET /metrics", newMetrics(proxies, stats))
	return guardOrigin(mux)
}

// apiRoute writes what a handler returns: a status and a value (nil: no body), or an error.
func apiRoute(handle func(*http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxAPIBody)
		status, value, err := handle(r)
		if err != nil {
			e := asAPIError(err)
			status, value = e.Status, e
		}
		if value == nil {
			w.WriteHeader(status)
			return
		}
		data, err := json.Marshal(value)
		if err != nil {
			status, data = http.StatusInternalServerError, []byte(`{"error":"encode the answer","status":500}`)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		// A caller that is gone can't be told anything.
		_, _ = w.Write(append(data, '\n'))
	}
}

func version(*http.Request) (int, any, error) {
	return http.StatusOK, map[string]string{"version": ToxiproxyVersion}, nil
}

func (a *api) reset(*http.Request) (int, any, error) {
	return http.StatusNoContent, nil, a.proxies.Reset()
}

func (a *api) list(*http.Request) (int, any, error) {
	shown := make(map[string]proxyJSON)
	for _, p := range a.proxies.Proxies() {
		shown[p.Name] = showProxy(p)
	}
	return http.StatusOK, shown, nil
}

func (a *api) show(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	return http.StatusOK, showProxy(proxy), err
}

// proxy finds the one that the path names.
func (a *api) proxy(r *http.Request) (mesh.Proxy, error) {
	proxy, err := a.proxies.Proxy(r.PathValue("proxy"))
	if errors.Is(err, mesh.ErrNotFound) {
		return mesh.Proxy{}, errProxyNotFound
	}
	return proxy, err
}

func (a *api) create(r *http.Request) (int, any, error) {
	var input proxyInput
	if err := readBody(r, &input); err != nil {
		return 0, nil, err
	}
	if err := input.check(""); err != nil {
		return 0, nil, err
	}
	proxy, err := a.proxies.CreateProxy(r.Context(), input.proxy())
	if errors.Is(err, mesh.ErrExists) {
		err = errProxyExists
	}
	return http.StatusCreated, showProxy(proxy), err
}

func (a *api) update(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	if err != nil {
		return 0, nil, err
	}
	var input proxyInput
	if err := readBody(r, &input); err != nil {
		return 0, nil, err
	}
	// toxiproxy's client sends every field back, so what is as it was must not count as a change:
	// a change of address ends connections.
	listen, upstream := changedListen(proxy.Listen, input.Listen), changed(proxy.Upstream, input.Upstream)
	proxy, err = a.proxies.UpdateProxy(r.Context(), proxy.Name, listen, upstream, input.Enabled)
	if errors.Is(err, mesh.ErrNotFound) {
		err = errProxyNotFound
	}
	return http.StatusOK, showProxy(proxy), err
}

func (a *api) delete(r *http.Request) (int, any, error) {
	err := a.proxies.RemoveProxy(r.PathValue("proxy"))
	if errors.Is(err, mesh.ErrNotFound) {
		err = errProxyNotFound
	}
	return http.StatusNoContent, nil, err
}

func (a *api) listToxics(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	return http.StatusOK, showToxics(proxy.Toxics), err
}

func (a *api) showToxic(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	if err != nil {
		return 0, nil, err
	}
	for _, t := range proxy.Toxics {
		if t.Name == r.PathValue("toxic") {
			return http.StatusOK, showToxic(t), nil
		}
	}
	return 0, nil, errToxicNotFound
}

func (a *api) addToxic(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	if err != nil {
		return 0, nil, err
	}
	input := toxicInput{Stream: "downstream"}
	if err := readBody(r, &input); err != nil {
		return 0, nil, err
	}
	toxic, err := input.toxic()
	if err != nil {
		return 0, nil, err
	}
	added, err := a.proxies.AddToxic(proxy.Name, toxic)
	switch {
	case errors.Is(err, mesh.ErrExists):
		err = errToxicExists
	case errors.Is(err, mesh.ErrNotFound):
		err = errProxyNotFound
	}
	return http.StatusOK, showToxic(added), err
}

func (a *api) updateToxic(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	if err != nil {
		return 0, nil, err
	}
	var input toxicInput
	if err := readBody(r, &input); err != nil {
		return 0, nil, err
	}
	toxic, err := a.proxies.UpdateToxic(proxy.Name, r.PathValue("toxic"), input.change)
	if errors.Is(err, mesh.ErrNotFound) {
		err = errToxicNotFound
	}
	return http.StatusOK, showToxic(toxic), err
}

func (a *api) removeToxic(r *http.Request) (int, any, error) {
	proxy, err := a.proxy(r)
	if err != nil {
		return 0, nil, err
	}
	err = a.proxies.RemoveToxic(proxy.Name, r.PathValue("toxic"))
	if errors.Is(err, mesh.ErrNotFound) {
		err = errToxicNotFound
	}
	return http.StatusNoContent, nil, err
}

// readBody decodes one JSON value. Fields that toxiproxy doesn't know either are left aside, as it does.
func readBody(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("EOF")
		}
		return &apiError{Message: "bad request body: " + err.Error(), Status: http.StatusBadRequest}
	}
	return nil
}

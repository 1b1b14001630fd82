package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
)

// apiError is toxiproxy's error body; its text and status are what client libraries look at.
type apiError struct {
	Message string `json:"error"`
	Status  int    `json:"status"`
}

func (e *apiError) Error() string { return e.Message }

// toxiproxy's own errors, word for word.
var (
	errProxyNotFound = &apiError{"proxy not found", http.StatusNotFound}
	errProxyExists   = &apiError{"proxy already exists", http.StatusConflict}
	errToxicNotFound = &apiError{"toxic not found", http.StatusNotFound}
	errToxicExists   = &apiError{"toxic already exists", http.StatusConflict}
	errToxicType     = &apiError{"invalid toxic type", http.StatusBadRequest}
	errToxicStream   = &apiError{"stream was invalid, can be either upstream or downstream", http.StatusBadRequest}
)

// asAPIError gives any error its status: 400 for what was asked wrongly, 500 for what went wrong.
func asAPIError(err error) *apiError {
	var known *apiError
	if errors.As(err, &known) {
		return known
	}
	status := http.StatusInternalServerError
	var invalid *faults.InvalidError
	switch {
	case errors.Is(err, mesh.ErrNotFound):
		status = http.StatusNotFound
	case errors.Is(err, mesh.ErrExists):
		status = http.StatusConflict
	case errors.As(err, &invalid):
		status = http.StatusBadRequest
	case errors.Is(err, mesh.ErrClosed):
		status = http.StatusServiceUnavailable
	}
	return &apiError{Message: err.Error(), Status: status}
}

// proxyJSON is a proxy as toxiproxy shows it.
type proxyJSON struct {
	Name     string      `json:"name"`
	Listen   string      `json:"listen"`
	Upstream string      `json:"upstream"`
	Enabled  bool        `json:"enabled"`
	Toxics   []toxicJSON `json:"toxics"`
}

// toxicJSON is a toxic as toxiproxy shows it, with ours where it isn't the default.
type toxicJSON struct {
	Attributes faults.Attributes `json:"attributes"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	Stream     string            `json:"stream"`
	Toxicity   float64           `json:"toxicity"`
	Per        string            `json:"per,omitempty"`
}

func showProxy(p mesh.Proxy) proxyJSON {
	return proxyJSON{Name: p.Name, Listen: p.Listen, Upstream: p.Upstream, Enabled: p.Enabled, Toxics: showToxics(p.Toxics)}
}

// showToxics lists those of the upstream first, as toxiproxy does; never null.
func showToxics(toxics []faults.Toxic) []toxicJSON {
	shown := make([]toxicJSON, 0, len(toxics))
	for _, t := range toxics {
		shown = append(shown, showToxic(t))
	}
	slices.SortStableFunc(shown, func(a, b toxicJSON) int { return strings.Compare(b.Stream, a.Stream) })
	return shown
}

// showToxic needs no care for numbers: encoding/json writes a whole float64 without a point, which
// clients of toxiproxy decode as an integer.
func showToxic(t faults.Toxic) toxicJSON {
	shown := toxicJSON{Attributes: t.Attributes, Name: t.Name, Type: t.Type(), Stream: t.Stream, Toxicity: t.Toxicity}
	if t.Per != faults.PerConnection {
		shown.Per = t.Per
	}
	return shown
}

// proxyInput is a proxy as clients send it; absent fields are nil.
type proxyInput struct {
	Name     string  `json:"name"`
	Listen   *string `json:"listen"`
	Upstream *string `json:"upstream"`
	Enabled  *bool   `json:"enabled"`
}

// check asks for what a new proxy can't do without; where is " at proxy 2" in a list.
func (p proxyInput) check(where string) error {
	missing := ""
	switch {
	case p.Name == "":
		missing = "name"
	case p.Upstream == nil || *p.Upstream == "":
		missing = "upstream"
	default:
		return nil
	}
	return &apiError{Message: "missing required field: " + missing + where, Status: http.StatusBadRequest}
}

func (p proxyInput) proxy() mesh.Proxy {
	proxy := mesh.Proxy{Name: p.Name, Enabled: true}
	if p.Listen != nil {
		proxy.Listen = *p.Listen
	}
	if p.Upstream != nil {
		proxy.Upstream = *p.Upstream
	}
	if p.Enabled != nil {
		proxy.Enabled = *p.Enabled
	}
	return proxy
}

// changed is the new value where it differs from the old, nil where it doesn't.
func changed(was string, is *string) *string {
	if is == nil || *is == was {
		return nil
	}
	return is
}

// changedListen also knows an address by its other spelling: "localhost:80" listens on
// "127.0.0.1:80", ":80" on "[::]:80". It asks no name server, unlike toxiproxy.
func changedListen(was string, is *string) *string {
	is = changed(was, is)
	if is == nil {
		return nil
	}
	host, port, err := net.SplitHostPort(*is)
	if err != nil {
		return is
	}
	switch host {
	case "localhost":
		host = "127.0.0.1"
	case "":
		host = "::"
	}
	if net.JoinHostPort(host, port) == was {
		return nil
	}
	return is
}

// toxicInput is a toxic as clients send it.
type toxicInput struct {
	Name       string          `json:"name"`
	Type       string          `json:"type"`
	Stream     string          `json:"stream"`
	Toxicity   *float64        `json:"toxicity"`
	Per        string          `json:"per"`
	Attributes json.RawMessage `json:"attributes"`
}

// toxic fills in toxiproxy's defaults and refuses what it refuses. Ranges and unknown attributes
// are the mesh's to check: toxiproxy lets those pass, and some of them end its process.
func (t toxicInput) toxic() (faults.Toxic, error) {
	if !slices.Contains([]string{faults.Upstream, faults.Downstream}, t.Stream) {
		return faults.Toxic{}, errToxicStream
	}
	attributes, known := faults.NewAttributes(t.Type)
	if !known {
		return faults.Toxic{}, errToxicType
	}
	toxic := faults.Toxic{Name: t.Name, Stream: t.Stream, Toxicity: 1, Per: t.Per, Attributes: attributes}
	if toxic.Name == "" {
		toxic.Name = fmt.Sprintf("%s_%s", t.Type, t.Stream)
	}
	return t.change(toxic)
}

// change sets what a client gives: the toxicity, and the attributes that it names.
func (t toxicInput) change(toxic faults.Toxic) (_ faults.Toxic, err error) {
	if t.Toxicity != nil {
		toxic.Toxicity = *t.Toxicity
	}
	toxic.Attributes, err = faults.MergeAttributes(toxic.Attributes, t.Attributes)
	return toxic, err
}

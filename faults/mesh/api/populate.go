package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/squallhq/squall/faults/mesh"
)

// populateAnswer is what toxiproxy answers: the proxies made or found, and an error that ended the list.
type populateAnswer struct {
	*apiError `json:",omitempty"`
	Proxies   []proxyJSON `json:"proxies"`
}

// populate makes every proxy of a list, and replaces those that listen or lead elsewhere.
func (a *api) populate(r *http.Request) (int, any, error) {
	inputs, err := readPopulate(r)
	var answer populateAnswer // proxies stay null where there are none, as toxiproxy's do
	for _, input := range inputs {
		var proxy mesh.Proxy
		if proxy, err = a.createOrReplace(r.Context(), input); err != nil {
			break
		}
		answer.Proxies = append(answer.Proxies, showProxy(proxy))
	}
	if err != nil {
		answer.apiError = asAPIError(err)
		return answer.Status, answer, nil
	}
	return http.StatusCreated, answer, nil
}

// readPopulate checks the whole list before any of it is made.
func readPopulate(r *http.Request) ([]proxyInput, error) {
	var inputs []proxyInput
	if err := readBody(r, &inputs); err != nil {
		return nil, err
	}
	for i, input := range inputs {
		if err := input.check(fmt.Sprintf(" at proxy %d", i+1)); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// createOrReplace leaves a proxy that is as wanted alone, toxics and all. One that differs is
// moved and loses its toxics, as a new one has none; its counters go on.
func (a *api) createOrReplace(ctx context.Context, input proxyInput) (mesh.Proxy, error) {
	wanted := input.proxy()
	existing, err := a.proxies.Proxy(wanted.Name)
	if errors.Is(err, mesh.ErrNotFound) {
		return a.proxies.CreateProxy(ctx, wanted)
	}
	if err != nil {
		return mesh.Proxy{}, err
	}
	listen, upstream := changedListen(existing.Listen, &wanted.Listen), changed(existing.Upstream, &wanted.Upstream)
	if listen == nil && upstream == nil {
		return existing, nil
	}
	for _, toxic := range existing.Toxics {
		err := a.proxies.RemoveToxic(existing.Name, toxic.Name)
		if err != nil && !errors.Is(err, mesh.ErrNotFound) {
			return mesh.Proxy{}, err
		}
	}
	return a.proxies.UpdateProxy(ctx, existing.Name, listen, upstream, &wanted.Enabled)
}

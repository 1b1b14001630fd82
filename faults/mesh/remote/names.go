package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/names"
)

// OpenNames begins to answer the lookups of one caller, on address (HOST:PORT, UDP).
func (c *Client) OpenNames(ctx context.Context, address string, entries map[string]names.Entry) error {
	return c.call(ctx, http.MethodPost, routeNames, namesRequest{Listen: address, Entries: entries}, nil)
}

// SetLookups has names looked up so at an address that OpenNames was given, and all others as ever.
func (c *Client) SetLookups(ctx context.Context, address string, to map[string]faults.NameLookup) error {
	return c.call(ctx, http.MethodPost, routeLookups, lookupsRequest{Listen: address, Names: to}, nil)
}

// Lookups is how many lookups were answered so there until now.
func (c *Client) Lookups(ctx context.Context, address string) (int64, error) {
	var answer lookupsAnswer
	err := c.call(ctx, http.MethodGet, routeLookups+"?listen="+url.QueryEscape(address), nil, &answer)
	return answer.Count, err
}

// resolvers are those of a mesh process, by the addresses that they listen on.
type resolvers struct {
	mu  sync.Mutex
	all map[string]*names.Resolver
}

func (r *resolvers) open(ctx context.Context, q namesRequest) (struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[q.Listen] != nil {
		return struct{}{}, fmt.Errorf("names on %s: %w", q.Listen, mesh.ErrExists)
	}
	one, err := names.Listen(context.WithoutCancel(ctx), q.Listen, q.Entries)
	if err != nil {
		return struct{}{}, err
	}
	if r.all == nil {
		r.all = map[string]*names.Resolver{}
	}
	r.all[q.Listen] = one
	return struct{}{}, nil
}

func (r *resolvers) at(address string) (*names.Resolver, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[address]
	if one == nil {
		return nil, fmt.Errorf("names on %s: %w", address, mesh.ErrNotFound)
	}
	return one, nil
}

func (r *resolvers) set(_ context.Context, q lookupsRequest) (struct{}, error) {
	one, err := r.at(q.Listen)
	if err == nil {
		one.Set(q.Names)
	}
	return struct{}{}, err
}

func (r *resolvers) count(w http.ResponseWriter, q *http.Request) {
	one, err := r.at(q.URL.Query().Get("listen"))
	if err != nil {
		writeAnswer(w, nil, err)
		return
	}
	writeAnswer(w, lookupsAnswer{Count: one.Count()}, nil)
}

func (r *resolvers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, one := range r.all {
		errs = append(errs, one.Close())
	}
	r.all = nil
	return errors.Join(errs...)
}

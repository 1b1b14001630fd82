// Package remote is a mesh in another process or container: the process's control API over HTTP with a token, its client,
// and tunnels to whatever that process reaches.
package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/ask"
)

// callTimeout bounds a call whose context has no earlier deadline, closeTimeout one that ends the mesh.
const (
	callTimeout  = 30 * time.Second
	closeTimeout = 10 * time.Second
	// changesTimeout is how long one question for changes waits for some.
	changesTimeout = 10 * time.Second
)

// Client is a mesh in another process or container, over its control API. It is safe for concurrent use.
type Client struct {
	address string
	token   string
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	http    *http.Client
}

var _ mesh.Scheduled = (*Client)(nil)

// NewClient makes a client of the mesh whose control API listens on address and wants token. dial
// makes the connections; nil is a plain net.Dialer. Nothing is connected yet.
func NewClient(address, token string, dial func(ctx context.Context, network, address string) (net.Conn, error)) *Client {
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	return &Client{
		address: address,
		token:   token,
		dial:    dial,
		http: &http.Client{Transport: &http.Transport{
			DialContext:         dial,
			MaxIdleConnsPerHost: 8,
			// Shorter than the server's, so that it never ends a connection that is about to be used.
			IdleConnTimeout: serverIdleTimeout / 2,
		}},
	}
}

// Open makes edges there and returns them with the addresses that they listen on, in order.
func (c *Client) Open(ctx context.Context, edges []mesh.Edge) ([]mesh.Edge, error) {
	var opened openMessage
	err := c.call(ctx, http.MethodPost, routeOpen, openMessage{Edges: edges}, &opened)
	return opened.Edges, err
}

// OpenGroup makes a group address there and returns it.
func (c *Client) OpenGroup(ctx context.Context, group mesh.Group) (string, error) {
	var opened groupAnswer
	err := c.call(ctx, http.MethodPost, routeGroup, group, &opened)
	return opened.Listen, err
}

// SetUpstream moves an edge's callee; open connections stay where they are.
func (c *Client) SetUpstream(ctx context.Context, edge, address string) error {
	return c.call(ctx, http.MethodPost, routeUpstream, upstreamRequest{Edge: edge, Address: address}, nil)
}

// Apply puts primitives on under one id and returns when they are in force.
func (c *Client) Apply(ctx context.Context, id string, primitives []faults.Primitive) error {
	return c.call(ctx, http.MethodPost, routeApply, applyRequest{ID: id, Primitives: primitives}, nil)
}

// Lift takes off what Apply put on under id and says what met it.
func (c *Client) Lift(ctx context.Context, id string) (faults.Receipt, error) {
	receipt, _, err := c.LiftAt(ctx, id, time.Time{})
	return receipt, err
}

// Prepare checks primitives there and keeps them under id.
func (c *Client) Prepare(ctx context.Context, id string, primitives []faults.Primitive) error {
	return c.call(ctx, http.MethodPost, routePrepare, applyRequest{ID: id, Primitives: primitives}, nil)
}

// Commit puts on what was prepared, at a time by the mesh's clock, and tells when it was in force.
func (c *Client) Commit(ctx context.Context, id string, at time.Time) (time.Time, error) {
	var answer timeAnswer
	err := c.call(ctx, http.MethodPost, routeCommit, commitRequest{ID: id, At: at}, &answer)
	return answer.At, err
}

// LiftAt is Lift at a time by the mesh's clock, and tells when it was off.
func (c *Client) LiftAt(ctx context.Context, id string, at time.Time) (faults.Receipt, time.Time, error) {
	var answer liftAnswer
	err := c.call(ctx, http.MethodPost, routeLift, liftRequest{ID: id, At: at}, &answer)
	return answer.Receipt, answer.At, err
}

// Clock is the mesh's time now.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	var answer timeAnswer
	err := c.call(ctx, http.MethodGet, routeClock, nil, &answer)
	return answer.At, err
}

// Stats reads every edge's counters.
func (c *Client) Stats(ctx context.Context) ([]mesh.EdgeStats, error) {
	var stats statsAnswer
	err := c.call(ctx, http.MethodGet, routeStats, nil, &stats)
	return stats.Edges, err
}

// Changes waits until there are changes by hand after a number, and returns them.
func (c *Client) Changes(ctx context.Context, after int64) ([]mesh.Change, error) {
	for {
		var answer changesAnswer
		err := c.call(ctx, http.MethodGet, routeChanges+"?after="+strconv.FormatInt(after, 10), nil, &answer)
		if err != nil || len(answer.Changes) > 0 {
			return answer.Changes, err
		}
	}
}

// Close ends all connections and listeners of the mesh; the Serve that carries it returns. A mesh
// that is gone already is not an error to whoever wanted it gone, but it can't be told from one
// that can't be reached, so the error is returned.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	defer c.http.CloseIdleConnections()
	return c.call(ctx, http.MethodPost, routeClose, struct{}{}, nil)
}

// Disconnect gives the client's idle connections back and leaves the mesh as it is.
func (c *Client) Disconnect() { c.http.CloseIdleConnections() }

// call makes one request, with a deadline whatever the context has.
func (c *Client) call(ctx context.Context, method, route string, question, into any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	answer, err := ask.JSON(ctx, c.http, method, "http://"+c.address+route, c.header(), question, maxAnswer)
	if err != nil {
		return fmt.Errorf("ask the mesh at %s: %w", c.address, err)
	}
	if answer.Code != http.StatusOK {
		return answerError(answer.Status, answer.Body)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer.Body, into); err != nil {
		return fmt.Errorf("read the answer of the mesh at %s: %w", c.address, err)
	}
	return nil
}

// header is that of every request.
func (c *Client) header() http.Header {
	return ask.Bearer(c.token)
}

// answerError is the error in an answer, or what the answer was where it isn't one of ours.
func answerError(status string, data []byte) error {
	var a errorAnswer
	if err := json.Unmarshal(data, &a); err != nil || a.Error == "" {
		return fmt.Errorf("the mesh answered %s: %.200q", status, data)
	}
	return decodeError(a)
}

package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/squallhq/squall/internal/ask"
	"github.com/squallhq/squall/runner/engine/health"
	"github.com/squallhq/squall/scenarios"
)

const (
	// callTimeout bounds a question that is answered at once.
	callTimeout = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 16 << 20
)

// Client tells an agent what to do. It is safe for concurrent use.
type Client struct {
	token string
	http  *http.Client
}

// NewClient makes a client of an agent that wants token. dial connects to it. Nothing is connected yet.
func NewClient(token string, dial func(context.Context) (net.Conn, error)) *Client {
	return &Client{token: token, http: &http.Client{Transport: &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		MaxIdleConnsPerHost: 4,
		// Shorter than the server's, so that it never ends a connection that is about to be used.
		IdleConnTimeout: idleTimeout / 2,
	}}}
}

// Close gives the client's connections back and leaves the agent as it is.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Start begins an incarnation. ErrRunning: there is one.
func (c *Client) Start(ctx context.Context, s Start) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeStart, s, &done)
	return done, err
}

// Kill ends the instance at its time, as kill -9 does, and returns when it has ended.
func (c *Client) Kill(ctx context.Context, w When) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeKill, w, &done)
	return done, err
}

// Stop asks it to end at its time, and kills it when w's grace is over.
func (c *Client) Stop(ctx context.Context, w When) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeStop, w, &done)
	return done, err
}

// Pause stops all of it at its time, and returns when it stands still.
func (c *Client) Pause(ctx context.Context, w When) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routePause, w, &done)
	return done, err
}

// Resume lets it go on at its time.
func (c *Client) Resume(ctx context.Context, w When) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeResume, w, &done)
	return done, err
}

// Restart ends it at its time and begins it anew after a delay, and returns when it has begun.
func (c *Client) Restart(ctx context.Context, a Again) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeAgain, a, &done)
	return done, err
}

// Signal sends a signal, as in SIGHUP, to its first process at its time.
func (c *Client) Signal(ctx context.Context, name string, w When) (done Done, err error) {
	err = c.call(ctx, http.MethodPost, routeSignal, signalled{w, name}, &done)
	return done, err
}

// Limit holds it to limits. errors.ErrUnsupported: the agent can't, and the error says why.
func (c *Client) Limit(ctx context.Context, to Limits) error {
	return c.call(ctx, http.MethodPost, routeLimit, to, nil)
}

// Look is what is looked at for an instance's health.
type Look struct {
	Node *scenarios.Node `json:"node"`
	// Address is where it serves, Admin a built-in node's second one, as seen from beside it.
	Address string `json:"address"`
	Admin   string `json:"admin,omitempty"`
}

// AwaitHealth waits until it is healthy. A *health.NeverReady: it is not going to be; ErrNotRunning: it has ended.
func (c *Client) AwaitHealth(ctx context.Context, l Look) error {
	return c.call(ctx, http.MethodPost, routeHealth, l, nil)
}

// Run runs a command beside it, for as long as most, and tells what it said.
func (c *Client) Run(ctx context.Context, words []string, most time.Duration) (string, error) {
	var out said
	err := c.call(ctx, http.MethodPost, routeRun, command{words, most}, &out)
	return out.Words, err
}

// State is what there is now.
func (c *Client) State(ctx context.Context) (s State, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err = c.call(ctx, http.MethodGet, routeState, nil, &s)
	return s, err
}

// Clock is the agent's time now.
func (c *Client) Clock(ctx context.Context) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var now clock
	err := c.call(ctx, http.MethodGet, routeClock, nil, &now)
	return now.Now, err
}

// Events waits until there are some after a number (0: any), and returns them.
func (c *Client) Events(ctx context.Context, after int64) (events []Event, err error) {
	for {
		err = c.call(ctx, http.MethodGet, routeEvents+"?after="+strconv.FormatInt(after, 10), nil, &events)
		if err != nil || len(events) > 0 {
			return events, err
		}
	}
}

// Log writes what the instance says to w, from a byte on, until ctx ends or the agent does: next is where it goes on, lost how many bytes
// before what was written are not kept any more.
func (c *Client) Log(ctx context.Context, from int64, w io.Writer) (next, lost int64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+routeLogs+"?from="+strconv.FormatInt(from, 10), nil)
	if err != nil {
		return from, 0, err
	}
	request.Header = ask.Bearer(c.token)
	response, err := c.http.Do(request)
	if err != nil {
		return from, 0, fmt.Errorf("ask the agent for the log: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		data, _ := io.ReadAll(io.LimitReader(response.Body, maxAnswer)) // what came says it
		return from, 0, answered(response.Status, data)
	}
	begins, err := strconv.ParseInt(response.Header.Get(headerFrom), 10, 64)
	if err != nil {
		return from, 0, fmt.Errorf("ask the agent for the log: it does not say where that begins: %w", err)
	}
	n, err := io.Copy(w, response.Body)
	if ctx.Err() != nil {
		err = nil
	}
	return begins + n, begins - from, err
}

// base is what the routes' addresses begin with: the connection is dial's.
const base = "http://agent"

// call makes one request, for as long as ctx.
func (c *Client) call(ctx context.Context, method, route string, question, into any) error {
	a, err := ask.JSON(ctx, c.http, method, base+route, ask.Bearer(c.token), question, maxAnswer)
	if err != nil {
		return fmt.Errorf("ask the agent: %w", err)
	}
	if a.Code != http.StatusOK {
		return answered(a.Status, a.Body)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("read the agent's answer: %w", err)
	}
	return nil
}

// told is an error that the agent met: its words, and the error of ours that it is.
type told struct {
	words string
	kind  error
}

func (t *told) Error() string { return t.words }
func (t *told) Unwrap() error { return t.kind }

// answered makes the error again that an agent has answered with.
func answered(status string, data []byte) error {
	var f failure
	if err := json.Unmarshal(data, &f); err != nil || f.Error == "" {
		return fmt.Errorf("the agent answered %s: %.200q", status, data)
	}
	if f.Kind == never {
		return &health.NeverReady{Why: f.Error}
	}
	for _, k := range kinds {
		if k.word == f.Kind {
			return &told{f.Error, k.is}
		}
	}
	return errors.New(f.Error)
}

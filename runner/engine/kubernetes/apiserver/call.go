package apiserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is one thing that is asked of an API server.
type call struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string
	what         string // for errors: what was being done
	// stream tells that the answer goes on for as long as it is read; a time that one attempt may take is none of its.
	stream bool
	// unsure is told that an earlier attempt may have been carried out, of which nobody heard.
	unsure *bool
}

const (
	// attemptTime is how long one attempt may take; the API server itself gives up after 60 s.
	attemptTime = 30 * time.Second
	// mostAnswer is how long an answer may be that is read whole.
	mostAnswer = 64 << 20
	// firstWait and longestWait are between attempts, where the server does not say itself. An API server that comes back is
	// found within seconds, and not asked by all at once: each waits for half of that to one and a half.
	firstWait   = 100 * time.Millisecond
	longestWait = 2 * time.Second
	// longestAsked is how long a wait is heeded that the server asks for.
	longestAsked = 30 * time.Second
)

// ask makes a call and reads its answer, where answer is not nil.
func (c *Client) ask(ctx context.Context, do call, answer any) error {
	body, err := c.make(ctx, do)
	if err != nil {
		return err
	}
	defer body.Close()
	data, err := io.ReadAll(io.LimitReader(body, mostAnswer))
	if err != nil {
		return fmt.Errorf("%s: read the answer: %w", do.what, err)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(data, answer); err != nil {
		return fmt.Errorf("%s: read the answer: %w", do.what, err)
	}
	return nil
}

// make makes a call until it is answered, and gives the answer's body. It makes another attempt where there was no answer, and where
// that says to; for the client's patience, counted from the first attempt that failed.
func (c *Client) make(ctx context.Context, do call) (io.ReadCloser, error) {
	var deadline time.Time
	for tries := 0; ; tries++ {
		body, again, err := c.attempt(ctx, do)
		if err == nil {
			return body, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("%s: %w", do.what, context.Cause(ctx))
		}
		if !again.worth {
			return nil, fmt.Errorf("%s: %w", do.what, err)
		}
		if do.unsure != nil && again.maybeDone {
			*do.unsure = true
		}
		now := time.Now()
		if deadline.IsZero() {
			deadline = now.Add(c.patience)
		}
		wait := again.after
		if wait == 0 && !again.atOnce {
			wait = backoff(tries)
		}
		if c.patience == 0 {
			return nil, fmt.Errorf("%s: the API server at %s: %w", do.what, c.Server, err)
		}
		if now.Add(wait).After(deadline) {
			return nil, fmt.Errorf("%s: the API server at %s did not do it for %s: %w", do.what, c.Server, c.patience, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// backoff is how long to wait after so many attempts before this one.
func backoff(tries int) time.Duration {
	wait := longestWait
	if tries < 5 {
		wait = min(firstWait<<tries, longestWait)
	}
	return wait/2 + rand.N(wait)
}

// another tells whether another attempt is worth it.
type another struct {
	worth, atOnce bool
	// after is when the server wants it; 0: it says nothing.
	after time.Duration
	// maybeDone tells that what was asked for may have been carried out all the same.
	maybeDone bool
}

// attempt makes one attempt.
func (c *Client) attempt(ctx context.Context, do call) (io.ReadCloser, another, error) {
	cancel := context.CancelFunc(func() {})
	if !do.stream {
		ctx, cancel = context.WithTimeoutCause(ctx, attemptTime, errors.New("no answer within "+attemptTime.String()))
	}
	request, err := c.request(ctx, do)
	if err != nil {
		cancel()
		return nil, another{}, err
	}
	response, err := c.plain.Do(request)
	if err != nil {
		cancel()
		return nil, another{worth: true, maybeDone: true}, plainly(err)
	}
	if response.StatusCode < http.StatusBadRequest {
		return &answerBody{response.Body, cancel}, another{}, nil
	}
	defer cancel()
	defer response.Body.Close()
	err = readStatus(response)
	return nil, c.again(response), err
}

// request is a call as HTTP has it.
func (c *Client) request(ctx context.Context, do call) (*http.Request, error) {
	target := *c.base
	target.RawPath = ""
	u := target.JoinPath(do.path)
	u.RawQuery = do.query.Encode()
	request, err := http.NewRequestWithContext(ctx, do.method, u.String(), bytes.NewReader(do.body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", c.agent)
	if do.body != nil {
		request.Header.Set("Content-Type", do.contentType)
	}
	return request, c.who.Authorize(request)
}

// again is what an answer that is no success says about another attempt.
func (c *Client) again(response *http.Response) another {
	after := retryAfter(response.Header.Get("Retry-After"))
	switch response.StatusCode {
	case http.StatusUnauthorized:
		if c.who.Refused() {
			c.plain.CloseIdleConnections() // they bear the certificate that was refused
			return another{worth: true, atOnce: true}
		}
	case http.StatusTooManyRequests: // it was not even looked at
		return another{worth: true, after: after}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return another{worth: true, after: after, maybeDone: true}
	}
	return another{}
}

// retryAfter reads the header: seconds, as API servers write it.
func retryAfter(value string) time.Duration {
	seconds, err := strconv.Atoi(value)
	if err != nil || seconds < 0 {
		return 0
	}
	return min(time.Duration(seconds)*time.Second, longestAsked)
}

// plainly is an error of a request without its address, which says nothing more than what was being done.
func plainly(err error) error {
	if u, is := errors.AsType[*url.Error](err); is {
		return u.Err
	}
	return err
}

// answerBody ends an attempt's time when it is closed.
type answerBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *answerBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

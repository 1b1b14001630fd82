package apiserver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// The protocol in which ports are forwarded: messages whose first byte is a channel. Each port has two, for bytes and for an error; the first
// message of either is the port's number.
const (
	forwardProtocol = "v4.channel.k8s.io"
	forwardData     = 0
	forwardError    = 1
	// forwardChunk is the most bytes of one message that is sent.
	forwardChunk = 32 << 10
	// forwardPing is how often a connection that is quiet is looked at.
	forwardPing = 20 * time.Second
	// forwardMessage is the longest message that is taken.
	forwardMessage = 1 << 20
)

// Forward connects to a port of a pod, by way of the API server and the pod's node: for questions and results, and never for load. A
// connection can't be closed in one direction alone. What the other side says of its end, such as that nobody listens there, is the
// error of Read. An API server, or a kubelet, that is away is waited for.
func (c *Client) Forward(ctx context.Context, pod string, port int) (net.Conn, error) {
	what := fmt.Sprintf("connect to port %d of %s", port, Pods.told(c.Namespace, pod))
	do := call{
		method: http.MethodGet, path: Pods.path(c.Namespace, pod, "portforward"), query: url.Values{"ports": {strconv.Itoa(port)}},
	}
	deadline := time.Now().Add(c.patience)
	for tries := 0; ; tries++ {
		socket, again, err := c.dial(ctx, do)
		if err == nil {
			near, far := net.Pipe()
			f := &forwarded{Conn: near, socket: socket, far: far}
			f.begin(port)
			return f, nil
		}
		wait := again.after
		if wait == 0 && !again.atOnce {
			wait = backoff(tries)
		}
		if !again.worth || ctx.Err() != nil || time.Now().Add(wait).After(deadline) {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// dial makes one attempt.
func (c *Client) dial(ctx context.Context, do call) (*websocket.Conn, another, error) {
	request, err := c.request(ctx, do)
	if err != nil {
		return nil, another{}, err
	}
	request.Header.Del("Accept")
	socket, response, err := websocket.Dial(ctx, request.URL.String(), &websocket.DialOptions{
		HTTPClient: c.upgrade, HTTPHeader: request.Header, Subprotocols: []string{forwardProtocol}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if response == nil || response.StatusCode < http.StatusBadRequest {
			return nil, another{worth: response == nil}, plainly(err)
		}
		return nil, c.again(response), readStatus(response)
	}
	socket.SetReadLimit(forwardMessage)
	return socket, another{}, nil
}

// forwarded is one connection: a pipe, whose other end is carried over a WebSocket.
type forwarded struct {
	net.Conn
	socket *websocket.Conn
	far    net.Conn

	mu    sync.Mutex
	cause error // why it has ended; nil: by agreement, or not yet
}

func (f *forwarded) begin(port int) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { f.end(f.receive(ctx, port)); cancel() })
	all.Go(func() { f.end(f.send(ctx)); cancel() })
	all.Go(func() { f.end(f.look(ctx)) })
	go func() {
		all.Wait()
		cancel()
		_ = f.socket.CloseNow()
	}()
}

// end ends both directions. The first cause is the one that counts.
func (f *forwarded) end(cause error) {
	f.mu.Lock()
	if f.cause == nil {
		f.cause = cause
	}
	f.mu.Unlock()
	_ = f.far.Close() // the near end reads io.EOF, and says the cause
}

// receive carries what comes.
func (f *forwarded) receive(ctx context.Context, port int) error {
	begun := map[byte]bool{}
	for {
		_, message, err := f.socket.Read(ctx)
		if err != nil {
			return farEnd(err)
		}
		if len(message) == 0 {
			continue
		}
		channel, data := message[0], message[1:]
		switch {
		case channel > forwardError:
			return fmt.Errorf("forward a port: a message on channel %d, of two that there are", channel)
		case !begun[channel]:
			begun[channel] = true
			if len(data) != 2 || int(binary.LittleEndian.Uint16(data)) != port {
				return fmt.Errorf("forward a port: the first message is not the number of port %d", port)
			}
		case channel == forwardError && len(data) > 0:
			return fmt.Errorf("forward a port: %s", data)
		case channel == forwardData:
			if _, err := f.far.Write(data); err != nil {
				return nil // the near end is closed
			}
		}
	}
}

// farEnd is why the WebSocket has ended; nil where that is how a forwarded connection ends.
func farEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	switch websocket.CloseStatus(err) {
	case websocket.StatusNormalClosure, websocket.StatusGoingAway, websocket.StatusNoStatusRcvd:
		return nil
	}
	return fmt.Errorf("forward a port: %w", err)
}

// send carries what is written.
func (f *forwarded) send(ctx context.Context) error {
	message := make([]byte, 1+forwardChunk)
	message[0] = forwardData
	for {
		n, err := f.far.Read(message[1:])
		if n > 0 {
			if err := f.socket.Write(ctx, websocket.MessageBinary, message[:1+n]); err != nil {
				return farEnd(err)
			}
		}
		if err != nil {
			return nil // the near end is closed
		}
	}
}

// look ends a connection whose other side has gone without a word.
func (f *forwarded) look(ctx context.Context) error {
	tick := time.NewTicker(forwardPing)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		once, cancel := context.WithTimeout(ctx, forwardPing)
		err := f.socket.Ping(once)
		cancel()
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("forward a port: the other side is gone: %w", err)
		}
	}
}

func (f *forwarded) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	return n, f.because(err)
}

func (f *forwarded) Write(p []byte) (int, error) {
	n, err := f.Conn.Write(p)
	return n, f.because(err)
}

// because is why a connection has ended that somebody else has ended.
func (f *forwarded) because(err error) error {
	if err == nil || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.cause != nil {
		return f.cause
	}
	return err
}

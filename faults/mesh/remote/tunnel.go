package remote

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh/port"
)

// tunnelDialTimeout bounds how long a mesh tries to reach a tunnel's address when its client sets no earlier deadline.
const tunnelDialTimeout = 30 * time.Second

// tunnel connects the caller with any TCP address that this process reaches: after 101 the
// connection carries the raw bytes of both ways, and each way ends on its own.
func (s *controlServer) tunnel(tunnels context.Context, w http.ResponseWriter, r *http.Request) {
	address := r.URL.Query().Get("address")
	if _, _, err := net.SplitHostPort(address); err != nil {
		writeAnswer(w, nil, faults.Invalid("address", "%q is no HOST:PORT: %s", address, err))
		return
	}
	if !strings.EqualFold(r.Header.Get("Upgrade"), tunnelProtocol) {
		writeAnswer(w, nil, faults.Invalid("Upgrade", "a tunnel to %q is asked for with an upgrade to %s", address, tunnelProtocol))
		return
	}
	s.open.Add(1)
	defer s.open.Done()
	// The request's context ends when its client goes away, the server's when the mesh ends.
	ctx, cancel := context.WithTimeout(r.Context(), tunnelDialTimeout)
	defer cancel()
	defer context.AfterFunc(tunnels, cancel)()
	target, err := s.dial(ctx, "tcp", address)
	if err != nil {
		writeAnswer(w, nil, &unreachableError{err})
		return
	}
	caller, early, err := takeOver(w)
	if err != nil {
		_ = target.Close()
		return
	}
	carryTunnel(tunnels, caller, early, target)
}

// takeOver takes the connection over from the HTTP server and tells the client so. The reader has
// what the client sent early, then the rest.
func takeOver(w http.ResponseWriter) (net.Conn, io.Reader, error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		writeAnswer(w, nil, err)
		return nil, nil, err
	}
	// The server's own deadlines are for requests, a tunnel may be open for as long as a run.
	err = conn.SetDeadline(time.Time{})
	if err == nil {
		_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: "+tunnelProtocol+"\r\n\r\n")
	}
	if err != nil {
		_ = conn.Close()
		return nil, nil, err
	}
	if buffered.Reader.Buffered() == 0 {
		return conn, conn, nil
	}
	return conn, buffered.Reader, nil
}

// carryTunnel carries bytes between two connections until both ways have ended, one has failed or the
// context is done, and closes both. An end of stream passes as an end of stream.
func carryTunnel(ctx context.Context, caller net.Conn, fromCaller io.Reader, target net.Conn) {
	both := func() {
		_ = caller.Close()
		_ = target.Close()
	}
	defer both()
	defer context.AfterFunc(ctx, both)()
	var ways sync.WaitGroup
	way := func(to net.Conn, from io.Reader) {
		if _, err := io.Copy(to, from); err != nil {
			both()
			return
		}
		if err := port.CloseWrite(to); err != nil {
			both()
		}
	}
	ways.Go(func() { way(target, fromCaller) })
	ways.Go(func() { way(caller, target) })
	ways.Wait()
}

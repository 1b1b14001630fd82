package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/internal/ask"
)

const (
	// shutdownTimeout bounds how long calls that are under way may still take when a mesh ends.
	shutdownTimeout = 500 * time.Millisecond
	// serverIdleTimeout ends connections that nobody uses.
	serverIdleTimeout = 5 * time.Minute
)

// Config is a mesh process's configuration, as JSON on its command line or standard input.
type Config struct {
	// Control is the address that the control API listens on, with port 0 for any.
	Control string `json:"control"`
	// API is the address that toxiproxy's HTTP API listens on: a loopback address, since it asks
	// for no token. Empty: there is none.
	API string `json:"api,omitempty"`
	// Token is what control clients must show. TokenFile, in its place, is where it is.
	Token     string `json:"token,omitempty"`
	TokenFile string `json:"token_file,omitempty"`
	// Seed seeds the chance of every edge's toxics.
	Seed uint64 `json:"seed"`
}

// Addresses is where a started mesh process really listens.
type Addresses struct {
	Control string `json:"control"`
	API     string `json:"api,omitempty"`
}

// Serve carries a mesh, its control API and toxiproxy's API (which api makes of it) until the context is done or a
// client closes the mesh. It calls started once, when both APIs listen. When it returns every listener, connection,
// tunnel and goroutine of the mesh has ended.
func Serve(ctx context.Context, config Config, api func(*mesh.Mesh) http.Handler, started func(Addresses)) error {
	var err error
	if config.Token, err = ask.TokenOf(config.Token, config.TokenFile); err == nil {
		err = config.validate()
	}
	if err != nil {
		return err
	}
	m := mesh.New(mesh.Options{Seed: config.Seed})
	return errors.Join(serveMesh(ctx, config, m, api(m), started), m.Close())
}

func (c Config) validate() error {
	if c.Token == "" {
		return faults.Invalid("token", "a mesh needs one, since its control API carries connections anywhere")
	}
	if c.API != "" {
		host, _, err := net.SplitHostPort(c.API)
		if err != nil {
			return faults.Invalid("api", "%q is no HOST:PORT: %s", c.API, err)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return faults.Invalid("api", "%q is no loopback address such as 127.0.0.1:8474, which it must be since it asks for no token", c.API)
		}
	}
	return nil
}

// serveMesh listens, serves, and ends what it began.
func serveMesh(ctx context.Context, config Config, m mesh.Scheduled, api http.Handler, started func(Addresses)) error {
	var (
		listen    net.ListenConfig
		addresses Addresses
	)
	servers, failed := errgroup.WithContext(context.Background())
	tunnels, endTunnels := context.WithCancel(context.Background())
	defer endTunnels()
	controlAPI := newControlServer(m, config.Token)

	listener, err := listen.Listen(ctx, "tcp", config.Control)
	if err != nil {
		return fmt.Errorf("serve the control API: %w", err)
	}
	addresses.Control = listener.Addr().String()
	control := newHTTPServer(controlAPI.handler(tunnels))
	toxiproxy := newHTTPServer(api)
	if config.API != "" {
		apiListener, err := listen.Listen(ctx, "tcp", config.API)
		if err != nil {
			return errors.Join(fmt.Errorf("serve toxiproxy's API: %w", err), listener.Close())
		}
		addresses.API = apiListener.Addr().String()
		servers.Go(func() error { return served("toxiproxy's API", toxiproxy.Serve(apiListener)) })
	}
	servers.Go(func() error { return served("the control API", control.Serve(listener)) })
	started(addresses)

	select {
	case <-ctx.Done():
	case <-controlAPI.closed:
	case <-failed.Done():
	}
	endTunnels()
	// With the mesh closed no call can be waiting for an edge.
	err = errors.Join(m.Close(), controlAPI.names.close())
	err = errors.Join(err, shutdown(control), shutdown(toxiproxy))
	controlAPI.open.Wait()
	return errors.Join(err, servers.Wait())
}

// newHTTPServer bounds every wait on a client: reading a request, writing an answer, and idling.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       callTimeout,
		WriteTimeout:      2 * callTimeout,
		IdleTimeout:       serverIdleTimeout,
		MaxHeaderBytes:    64 << 10,
	}
}

// shutdown waits for the calls that are under way, for a bounded time, and ends the rest.
func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

// served is a server's error, where its end was not asked for.
func served(what string, err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", what, err)
}

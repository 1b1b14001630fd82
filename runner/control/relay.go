package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
)

// Relay is a run's control on this machine, where the run is made elsewhere and answers on loopback there: in a pod. Who asks has the run's own
// token, which is checked there; the relay lets nobody in by itself.
type Relay struct {
	// Run is the run's id, Dir a folder of this machine, in which it is found as any run's.
	Run, Dir string
	// Far is what the control's file there has.
	Far Address
	// Dial connects to a port of loopback there.
	Dial func(ctx context.Context, port int) (net.Conn, error)
}

// ErrRelayed is the error where a folder has the control of a run already that is under way.
var ErrRelayed = errors.New("there is a control in the folder already")

// Serve answers on a loopback address of its own, which it writes into the folder for its owner alone, until close is called, which removes that and, where
// it was made and holds nothing more, the folder. The address has where the run's page is, too, as it is reached from here.
func (r Relay) Serve() (near Address, close func() error, err error) {
	if file := filepath.Join(r.Dir, File); alive(file) {
		return near, nil, fmt.Errorf("%w: %s", ErrRelayed, file)
	}
	_, missing := os.Stat(r.Dir)
	own := Options{Dir: r.Dir}
	doors := map[string]*door{}
	close = func() error {
		var errs []error
		for _, d := range doors {
			errs = append(errs, d.server.Close())
		}
		errs = append(errs, own.forget())
		if missing != nil {
			_ = os.Remove(r.Dir) // where the run's folder is in it by now, it stays
		}
		return errors.Join(errs...)
	}
	near = Address{Token: r.Far.Token, PID: os.Getpid()}
	for _, link := range []struct {
		far  string
		near *string
	}{{r.Far.URL, &near.URL}, {r.Far.Page, &near.Page}, {r.Far.Spectators, &near.Spectators}} {
		if err == nil && link.far != "" {
			*link.near, err = r.open(link.far, doors)
		}
	}
	if err == nil {
		err = r.write(near)
	}
	if err != nil {
		return near, nil, errors.Join(fmt.Errorf("take the run's control to this machine: %w", err), close())
	}
	return near, close, nil
}

// write writes the files by which the run is found.
func (r Relay) write(near Address) error {
	data, err := json.Marshal(near)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(r.Dir, File), append(data, '\n'), 0o600); err != nil {
		return err
	}
	at, err := url.Parse(near.URL)
	if err != nil {
		return err
	}
	return writeScrape(r.Dir, r.Run, at.Host, near.Token)
}

// door is an address of this machine that stands for one there.
type door struct {
	at     string
	server *http.Server
}

// open tells the link by which a link there is reached from here, by a door that is opened where there is none yet: doors are by what they stand for.
func (r Relay) open(link string, doors map[string]*door) (string, error) {
	far, err := url.Parse(link)
	if err != nil {
		return "", err
	}
	if doors[far.Host] == nil {
		port, err := strconv.Atoi(far.Port())
		if err != nil {
			return "", fmt.Errorf("%q has no port", far.Host)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		server := &http.Server{Handler: r.carry(port), ReadHeaderTimeout: headerTime, IdleTimeout: askTime}
		go func() { _ = server.Serve(listener) }() // until it is closed
		doors[far.Host] = &door{listener.Addr().String(), server}
	}
	far.Host = doors[far.Host].at
	return far.String(), nil
}

// carry takes what is asked to a port there as it is, names and origins of web pages included, which are judged there.
func (r Relay) carry(port int) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(asked *httputil.ProxyRequest) {
			asked.SetURL(&url.URL{Scheme: "http", Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))})
			asked.Out.Host = asked.In.Host
		},
		Transport: Through(func(ctx context.Context) (net.Conn, error) { return r.Dial(ctx, port) }),
		ErrorLog:  log.New(io.Discard, "", 0), // the answer says it
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			answer(w, http.StatusBadGateway, Done{Error: fmt.Sprintf("run %s is not reached: %v", r.Run, err)})
		},
	}
}

// Through asks over connections that dial makes, a new one for each question.
func Through(dial func(context.Context) (net.Conn, error)) http.RoundTripper {
	return &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
}

// Client asks a control at an address, over a transport.
func (a Address) Client(over http.RoundTripper) *Client {
	return &Client{address: a, http: &http.Client{Timeout: askTime + headerTime, Transport: over}}
}

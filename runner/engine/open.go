package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

var _ runner.Opener = (*system)(nil)

// API is a Testbed whose mesh answers toxiproxy's HTTP API on this machine, at HOST:PORT, "" where it does not.
type API interface {
	API() string
}

// Open lets the loads' edges, every instance that runs and its metrics, and toxiproxy's API answer on this machine's
// loopback until ctx ends, or the system is taken down: as they are where they listen there, else by a port that leads to them.
func (s *system) Open(ctx context.Context) ([]runner.Address, error) {
	ctx, shut := context.WithCancel(ctx)
	context.AfterFunc(s.lifetime, shut)
	var out []runner.Address
	var errs []error
	add := func(what, scheme, address, path string) {
		local, err := s.local(ctx, address)
		if err != nil {
			errs = append(errs, fmt.Errorf("open %s: %w", what, err))
			return
		}
		out = append(out, runner.Address{What: what, URL: scheme + local + path})
	}
	for _, e := range s.plan.Edges {
		if opened, ok := s.edge(e.Name); ok && e.Client {
			scheme := "http://"
			if i := slices.IndexFunc(s.plan.Scenario.Loads, func(l *scenarios.Load) bool { return l.Name == e.From }); i >= 0 && s.plan.Scenario.Loads[i].Protocol() != scenarios.HTTP {
				scheme = ""
			}
			add("load "+e.From+" to "+e.To, scheme, opened.Listen, "")
		}
	}
	for _, i := range s.instances {
		p := i.current()
		if p == nil || over(p) {
			continue
		}
		scheme := "http://"
		if i.image() || i.plan.Node.Kind == scenarios.KindDatabase {
			scheme = "" // it speaks a protocol of its own
		}
		add(i.plan.Name, scheme, p.Addresses().Listen, "")
		if !i.image() {
			add(i.plan.Name+" metrics", "http://", p.Addresses().Admin, "/metrics")
		}
	}
	if a, is := s.testbed.(API); is && a.API() != "" {
		add("toxiproxy's API", "http://", a.API(), "/proxies")
	}
	return out, errors.Join(errs...)
}

// over tells that an incarnation has ended.
func over(p Process) bool {
	select {
	case <-p.Done():
		return true
	default:
		return false
	}
}

// local is an address on this machine's loopback that leads to address until ctx ends.
func (s *system) local(ctx context.Context, address string) (string, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		return address, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	s.watches.Go(func() { s.forward(ctx, listener, address) })
	return listener.Addr().String(), nil
}

// forward carries what comes to a listener to an address until ctx ends.
func (s *system) forward(ctx context.Context, listener net.Listener, address string) {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		c, err := listener.Accept()
		if err != nil {
			return // ctx has ended
		}
		open.Go(func() {
			defer c.Close()
			to, err := s.testbed.Dial(ctx, address)
			if err != nil {
				return // whoever asked sees a connection that ends
			}
			defer to.Close()
			stop := context.AfterFunc(ctx, func() { c.Close(); to.Close() })
			defer stop()
			carry(c, to)
		})
	}
}

// carry copies both ways until both have ended.
func carry(a, b net.Conn) {
	var way sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		way.Go(func() {
			_, _ = io.Copy(pair[0], pair[1]) // its end is the connection's, however it came
			if half, is := pair[0].(interface{ CloseWrite() error }); is {
				_ = half.CloseWrite()
			} else {
				_ = pair[0].Close()
			}
		})
	}
	way.Wait()
}

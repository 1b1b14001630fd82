package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
)

// lookupTimeout bounds looking for one host.
const lookupTimeout = 10 * time.Second

// external finds where a plan's external nodes are, by node: what it found is what is sent to, whatever a name stands for later.
// Those outside this machine are told, and an error unless that is allowed.
func external(ctx context.Context, d Driver, l runner.Launch) (map[string]netip.AddrPort, error) {
	out := map[string]netip.AddrPort{}
	var errs []error
	for _, n := range l.Plan.Scenario.Nodes {
		if n.External == nil {
			continue
		}
		found, port, err := find(ctx, d, n)
		if err != nil {
			errs = append(errs, fmt.Errorf("find external node %q: %w", n.Name, err))
			continue
		}
		if slices.ContainsFunc(found, func(a netip.Addr) bool { return !a.IsLoopback() }) {
			if !l.AllowExternal {
				errs = append(errs, &runner.NotAllowed{Node: n.Name, Address: n.External.Address(), At: found})
				continue
			}
			l.Progress(fmt.Sprintf("%s goes outside this machine: it is %s (%s)", n.Name, n.External.Address(), found[0]))
		}
		out[n.Name] = netip.AddrPortFrom(found[0], port)
	}
	return out, errors.Join(errs...)
}

// find finds an external node: the driver does where the host is one of its own names.
func find(ctx context.Context, d Driver, n *scenarios.Node) ([]netip.Addr, uint16, error) {
	finder, finds := d.(Finder)
	if finds {
		at, known, err := finder.Find(ctx, n)
		if known || err != nil {
			return []netip.Addr{at.Addr()}, at.Port(), err
		}
	}
	found, err := lookup(ctx, n.External.Host)
	host := strings.TrimSuffix(n.External.Host, ".")
	if err != nil && !finds && (strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local")) {
		err = fmt.Errorf("%w; a Service of a cluster is found with --engine kubernetes", err)
	}
	return found, uint16(n.External.Port), err
}

// lookup is every address of a host, those of IPv4 first, which every engine's networks have.
func lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	for i, a := range found {
		found[i] = a.Unmap()
		if found[i].IsUnspecified() || found[i].IsMulticast() {
			return nil, fmt.Errorf("%s is %s, which is nobody's address", host, a)
		}
	}
	slices.SortStableFunc(found, func(a, b netip.Addr) int { return a.BitLen() - b.BitLen() })
	return found, nil
}

// metPatience is how long an external node may take to answer: nobody is starting it. It is asked every metPause.
const (
	metPatience = 10 * time.Second
	metPause    = 100 * time.Millisecond
)

// meet waits until an external node answers where it is.
func (i *instance) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, metPatience)
	defer cancel()
	for {
		last := i.look(ctx, nil)
		if last == nil {
			return nil
		}
		if sleep.For(ctx, metPause) != nil {
			return fmt.Errorf("reach %q, which is external, at %s: %w", i.plan.Node.Name, i.plan.Node.External.Address(), last)
		}
	}
}

// outsideClient asks an external node by its own name, where it is, with TLS where it speaks that.
func (i *instance) outsideClient() *http.Client {
	transport := &http.Transport{DisableCompression: true, DialContext: func(ctx context.Context, _, named string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(i.address())
		if err != nil {
			return nil, err
		}
		_, port, err := net.SplitHostPort(named)
		if err != nil {
			return nil, err
		}
		return i.testbed.Dial(ctx, net.JoinHostPort(host, port))
	}}
	if secure := i.plan.Node.Secure(); secure != nil {
		transport.TLSClientConfig, _ = secure.Config() // its files were tried when they were read
	}
	return &http.Client{Transport: transport}
}

// site is what a path on a port of an instance's begins with, as it is asked: what is external by its own name.
func (i *instance) site(port string) string {
	host, own, _ := net.SplitHostPort(i.address())
	if port == "" {
		port = own
	}
	e := i.plan.Node.External
	if e == nil {
		return "http://" + net.JoinHostPort(host, port)
	}
	scheme := "http://"
	if e.TLS {
		scheme = "https://"
	}
	return scheme + net.JoinHostPort(e.Host, port)
}

// RefuseExternal says of a node that is outside that an engine can't reach it.
func RefuseExternal(n *scenarios.Node, engine string) error {
	return fmt.Errorf("node %q is external, and the %s engine reaches nothing outside; add stand_in: {kind: service, endpoints: {...}} with what it does, or use --engine process or docker", n.Name, engine)
}

// Relay lets what comes from one address to another of this machine's reach a third, such as one of its loopback, until ctx ends; who
// comes from elsewhere is turned away. It returns where it listens.
func Relay(ctx context.Context, tasks *sync.WaitGroup, at, from netip.Addr, to string) (string, error) {
	listener, err := net.Listen("tcp", netip.AddrPortFrom(at, 0).String())
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	tasks.Go(func() {
		var open sync.WaitGroup
		defer open.Wait()
		for {
			c, err := listener.Accept()
			if err != nil {
				return // ctx has ended
			}
			if peer, err := netip.ParseAddrPort(c.RemoteAddr().String()); err != nil || peer.Addr().Unmap() != from {
				_ = c.Close()
				continue
			}
			open.Go(func() { pass(ctx, c, to) })
		}
	})
	return listener.Addr().String(), nil
}

// pass carries one connection on. Where nobody answers it ends with a reset, which is as near to a refusal as it gets.
func pass(ctx context.Context, c net.Conn, to string) {
	defer c.Close()
	var d net.Dialer
	up, err := d.DialContext(ctx, "tcp", to)
	if err != nil {
		if tcp, is := c.(*net.TCPConn); is {
			_ = tcp.SetLinger(0)
		}
		return
	}
	defer up.Close()
	stop := context.AfterFunc(ctx, func() { c.Close(); up.Close() })
	defer stop()
	carry(c, up)
}

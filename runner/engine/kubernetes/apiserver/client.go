// Package apiserver speaks to the API server of a Kubernetes cluster: it makes, reads, watches, changes and removes objects, reads logs,
// and connects to ports of pods. An API server that is away for a while, or busy, is waited for; what was asked of it is done once.
//
// It is what squall needs of one, over package net/http: docs/kubernetes-client.md says why it is not client-go.
package apiserver

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
)

// DefaultPatience is how long an API server may be away: a control plane of one machine that is started anew takes less.
const DefaultPatience = time.Minute

// Options of a client.
type Options struct {
	kubeconfig.Options
	// Patience is how long an API server may be away, or refuse as too busy, before what is asked of it fails; 0 means DefaultPatience.
	Patience time.Duration
	// Agent says in the API server's logs who asks; empty means squall.
	Agent string
}

// Client speaks to one API server. It is safe for concurrent use.
type Client struct {
	// Namespace is where objects are that belong to one.
	Namespace string
	// Server is where the API server is, for people.
	Server string
	// From says where the way to it was found, for people.
	From string

	base     *url.URL
	who      identity
	plain    *http.Client // requests and their answers, on few connections
	upgrade  *http.Client // those that become connections of their own
	patience time.Duration
	agent    string
}

// identity says who one is: kubeconfig's Access.
type identity interface {
	Authorize(*http.Request) error
	Refused() (renewed bool)
}

// Open finds the way to a cluster. It does not ask whether anybody is there: Version does.
func Open(o Options) (*Client, error) {
	access, err := kubeconfig.Find(o.Options)
	if err != nil {
		return nil, err
	}
	trust, err := access.TLS()
	if err != nil {
		return nil, err
	}
	once := trust.Clone()
	once.NextProtos = []string{"http/1.1"} // a connection of HTTP/2 becomes nothing else
	c := newClient(access.Server, access, &http.Transport{
		Proxy: access.Proxy, TLSClientConfig: trust, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: handshake, IdleConnTimeout: idle, MaxIdleConnsPerHost: 8,
		// A server that has gone without a word is found out by that: watches say nothing for minutes.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}, &http.Transport{Proxy: access.Proxy, TLSClientConfig: once, TLSHandshakeTimeout: handshake, DisableKeepAlives: true})
	c.Namespace, c.From = access.Namespace, access.From
	if o.Patience > 0 {
		c.patience = o.Patience
	}
	if o.Agent != "" {
		c.agent = o.Agent
	}
	return c, nil
}

const (
	handshake = 10 * time.Second
	idle      = 90 * time.Second
)

func newClient(server *url.URL, who identity, plain, upgrade http.RoundTripper) *Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // nobody else gets the token
	return &Client{
		Server: server.String(), Namespace: "default", base: server, who: who, patience: DefaultPatience, agent: "squall",
		plain:   &http.Client{Transport: plain, CheckRedirect: stay},
		upgrade: &http.Client{Transport: upgrade, CheckRedirect: stay},
	}
}

// In is the same client for another namespace.
func (c *Client) In(namespace string) *Client {
	other := *c
	other.Namespace = namespace
	return &other
}

// Close gives back idle connections.
func (c *Client) Close() {
	c.plain.CloseIdleConnections()
	c.upgrade.CloseIdleConnections()
}

// Version is that of the API server, such as v1.34.4. It is one try: an API server that is not there is not waited for.
func (c *Client) Version(ctx context.Context) (string, error) {
	impatient := *c
	impatient.patience = 0
	var v struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := impatient.ask(ctx, call{method: http.MethodGet, path: "/version", what: "ask for the version"}, &v); err != nil {
		return "", err
	}
	if v.GitVersion == "" {
		return "", fmt.Errorf("ask for the version: %s answers, and is no API server of Kubernetes", c.Server)
	}
	return v.GitVersion, nil
}

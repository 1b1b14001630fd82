package scenarios

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/wire"
)

// External is where something serves that Squall did not launch and does not stop.
type External struct {
	// Host is a name or an address.
	Host string
	Port int
	// TLS tells that it is spoken there.
	TLS bool
}

// ParseExternal reads HOST:PORT, http://HOST or https://HOST, with a port or without.
func ParseExternal(text string) (External, error) {
	scheme, rest, is := strings.Cut(text, "://")
	if !is {
		return hostPort(text, "")
	}
	usual := map[string]string{"http": "80", "https": "443", "tcp": ""}
	port, known := usual[scheme]
	if !known {
		return External{}, fmt.Errorf("squall speaks no %s", scheme)
	}
	u, err := url.Parse(scheme + "://" + rest)
	switch {
	case err != nil:
		return External{}, errors.New("it is no URL")
	case u.User != nil:
		return External{}, errors.New("a password in it would be told: use headers, or dsn for a database")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return External{}, errors.New("it has a path: write that in the requests")
	}
	e, err := hostPort(u.Host, port)
	e.TLS = scheme == "https"
	return e, err
}

func hostPort(text, usual string) (External, error) {
	host, port, err := net.SplitHostPort(text)
	if err != nil && usual != "" {
		host, port, err = net.SplitHostPort(strings.TrimSuffix(text, ":") + ":" + usual)
	}
	number, bad := strconv.Atoi(port)
	switch {
	case err != nil || host == "" || strings.ContainsAny(host, " /\t"):
		return External{}, errors.New("it is no HOST:PORT")
	case bad != nil || number < 1 || number > 65535:
		return External{}, fmt.Errorf("its port can't be %q", port)
	}
	return External{Host: host, Port: number}, nil
}

// Address is HOST:PORT.
func (e External) Address() string { return net.JoinHostPort(e.Host, strconv.Itoa(e.Port)) }

// site is the host as requests name it.
func (e External) site() string {
	if usual := map[bool]int{true: 443, false: 80}[e.TLS]; e.Port == usual {
		return strings.TrimSuffix(e.Address(), ":"+strconv.Itoa(usual))
	}
	return e.Address()
}

// MarshalText is as ParseExternal reads it.
func (e External) MarshalText() ([]byte, error) {
	if e.TLS {
		return []byte("https://" + e.Address()), nil
	}
	return []byte(e.Address()), nil
}

// UnmarshalText is ParseExternal.
func (e *External) UnmarshalText(text []byte) (err error) {
	*e, err = ParseExternal(string(text))
	return err
}

// Site is the host that requests to an external node name, "" for any other node.
func (n *Node) Site() string {
	if n.External == nil {
		return ""
	}
	return n.External.site()
}

// Secure is the TLS that an external node is spoken to with; nil: none.
func (n *Node) Secure() *wire.Secure {
	if n.External == nil || !n.External.TLS {
		return nil
	}
	t := n.TLS
	if t == nil {
		t = &TLS{}
	}
	return t.Secure(n.External.Host)
}

// BuiltIn tells that a node is one of ours: it neither runs an image, nor is it outside.
func (n *Node) BuiltIn() bool { return n.Image == "" && n.External == nil }

// Address makes loads to external nodes name their hosts, and speak TLS where they are https.
func (s *Scenario) Address() {
	for _, l := range s.Loads {
		n := s.Node(l.To)
		if p := l.Protocol(); n == nil || n.External == nil || p == SQL || p == Redis {
			continue
		}
		if n.External.TLS && l.TLS == nil {
			l.TLS = &TLS{}
			if n.TLS != nil {
				*l.TLS = *n.TLS
			}
		}
		if l.TLS != nil && l.TLS.ServerName == "" {
			l.TLS.ServerName = n.External.Host
		}
		named := false
		for name := range l.Headers {
			named = named || strings.EqualFold(name, "Host")
		}
		if !named {
			headers := map[string]string{"Host": n.Site()}
			for name, value := range l.Headers {
				headers[name] = value
			}
			l.Headers = headers
		}
	}
}

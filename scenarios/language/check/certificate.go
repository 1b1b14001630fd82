package check

import (
	"fmt"
	"net"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// certificate checks what an image's certificate is of, and where it is put.
func (v *Checker) certificate(n *scenarios.Node, at scenarios.Path) {
	c := n.Certificate
	if c == nil {
		return
	}
	if n.External != nil {
		v.Problem(at, fmt.Sprintf("%q is external: squall did not launch it and can't give it a certificate", n.Name), "take it away, and give loads the file of its authority: tls: {ca: FILE}")
		return
	}
	for _, one := range []struct{ key, target string }{{"cert", c.Cert}, {"key", c.Key}, {"ca", c.CA}} {
		switch {
		case one.target == "":
		case !strings.HasPrefix(one.target, "/") || path.Clean(one.target) != one.target || one.target == "/":
			v.Problem(at.Key(one.key), fmt.Sprintf("%s is no place for a file in a container", source.QuoteShort(one.target)), "write it whole, as in /etc/tls/web.crt")
		default:
			v.seen(n, one.target, "the certificate's file "+one.target, at.Key(one.key))
		}
	}
	if c.CA != "" && (c.CA == c.Cert || c.CA == c.Key) {
		v.Problem(at.Key("ca"), "the authority's certificate and the node's own can't be one file", "give each a file of its own")
	}
	for i, name := range c.Names {
		if net.ParseIP(name) == nil && !dnsName.MatchString(name) {
			v.Problem(at.Key("names").Item(i), fmt.Sprintf("%s is neither a name nor an address", source.QuoteShort(name)), "write it as in shop.test, *.shop.test or 10.0.0.1, without a port")
		}
	}
	if len(c.Reload) == 1 && strings.HasPrefix(c.Reload[0], "SIG") && !signal.MatchString(c.Reload[0]) {
		v.Problem(at.Key("reload"), fmt.Sprintf("%s is no signal by which a server reads its files anew", source.QuoteShort(c.Reload[0])), "use SIGHUP, SIGUSR1, SIGUSR2 or SIGWINCH, or a command")
	}
}

var (
	dnsName = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)
	signal  = regexp.MustCompile(`^SIG(HUP|USR1|USR2|WINCH)$`)
)

// trusted checks that somebody has a certificate of the run's that a load with ca: run asks for.
func (v *Checker) trusted(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) {
	if l.TLS == nil || !l.TLS.TrustsRun || to == nil || to.BuiltIn() {
		return
	}
	at = at.Key("ca")
	asked := l.TLS.ServerName
	if asked == "" {
		asked = l.To
	}
	var names []string
	for _, n := range v.Nodes {
		if n.Certificate != nil && n.External == nil {
			names = append(names, n.CertificateNames()...)
		}
	}
	switch {
	case to.External != nil:
		v.Problem(at, fmt.Sprintf("%q is external, and has no certificate of the run's authority", l.To), "give the file of its own authority, as in ca: ./ca.pem")
	case len(names) == 0:
		v.Problem(at, fmt.Sprintf("nobody has a certificate of the run's authority, %q no more than others", l.To),
			fmt.Sprintf("give it one: certificate: {cert: /etc/tls/%s.crt, key: /etc/tls/%s.key}, where its image looks for them", l.To, l.To))
	case !slices.ContainsFunc(names, func(name string) bool { return stands(name, asked) }):
		v.Problem(at, fmt.Sprintf("no certificate of the run's is for %q, which the load asks for", asked), fmt.Sprintf("add it to the certificate of %q: names: [%s]", l.To, asked))
	}
}

// stands tells whether a name of a certificate stands for the one that is asked for.
func stands(name, asked string) bool {
	if rest, wild := strings.CutPrefix(name, "*."); wild {
		_, parent, _ := strings.Cut(asked, ".")
		return strings.EqualFold(parent, rest)
	}
	return strings.EqualFold(name, asked)
}

package check

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// Answers finds what every service answers; what is wrong with its endpoints is told where all nodes are checked.
func (v *Checker) Answers() {
	mark := len(v.Report.Problems)
	for _, n := range v.Nodes {
		v.register(n)
	}
	v.Report.Problems = v.Report.Problems[:mark]
}

// register builds the same multiplexer that a service answers with, and reports endpoints that it refuses.
func (v *Checker) register(n *scenarios.Node) {
	if n.Kind != scenarios.KindService || !n.BuiltIn() {
		return
	}
	mux := http.NewServeMux()
	for _, e := range n.Endpoints {
		at := scenarios.At("topology", n.Name, "endpoints", e.Match)
		if what, _ := grammar.CheckMatch(e.Match, true); what != "" {
			continue
		}
		if strings.HasSuffix(e.Match, "*") {
			v.Problem(at, fmt.Sprintf("endpoint %s has a *", source.QuoteShort(e.Match)), "write {rest...} for the rest of a path")
			continue
		}
		if _, p, _ := strings.Cut(e.Match, " "); plain(p) != p {
			v.Problem(at, fmt.Sprintf("endpoint %s never gets a request: its path is not plain", source.QuoteShort(e.Match)),
				"write "+strings.Replace(e.Match, p, plain(p), 1))
			continue
		}
		err := handle(mux, e.Match)
		if other := conflict.FindStringSubmatch(err); other != nil {
			v.Problem(at, fmt.Sprintf("endpoint %s takes some of the same requests as %s", source.QuoteShort(e.Match), source.QuoteShort(other[1])), "let one be more specific in every part of its path")
		} else if err != "" {
			v.Problem(at, fmt.Sprintf("endpoint %s can't be matched", source.QuoteShort(e.Match)), "let each {name} be a whole part of the path, as in /orders/{id}, and stand there once")
		}
	}
	if v.endpoints == nil {
		v.endpoints = map[string]*http.ServeMux{}
	}
	v.endpoints[n.Name] = mux
}

// conflict finds the other one of two endpoints in what ServeMux says.
var conflict = regexp.MustCompile(`conflicts with pattern "([^"]*)"`)

// handle registers a pattern; ServeMux panics about bad ones.
func handle(mux *http.ServeMux, pattern string) (err string) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Sprint(p)
		}
	}()
	mux.Handle(pattern, http.NotFoundHandler())
	return ""
}

// plain is a path without empty, . and .. parts; a slash at its end stays.
func plain(p string) string {
	out := path.Clean(p)
	if strings.HasSuffix(p, "/") && out != "/" {
		out += "/"
	}
	return out
}

// answered tells whether a node can answer a request, as far as that is known from the scenario,
// and if not, what would be right. It follows a cdn to its origin and a gateway along its routes.
func (v *Checker) answered(node, method, target string) (ok bool, what, fix string) {
	target = grammar.Sample(target)
	for range len(v.Nodes) + 1 { // a cycle is reported elsewhere
		n := v.node(node)
		switch {
		case n == nil || !n.BuiltIn():
			return true, "", ""
		case n.Kind == scenarios.KindCDN:
			if ok, what, fix := v.elsewhere(n.Failover, method, target); !ok {
				return false, what, fix
			}
			node = n.Origin
		case n.Kind == scenarios.KindGateway:
			next := ""
			for _, r := range n.Routes {
				if r.Match == "" || wire.ParseRoute(r.Match).Takes(method, target) {
					if ok, what, fix := v.elsewhere(r.Failover, method, target); !ok {
						return false, what, fix
					}
					next = r.To
					break
				}
			}
			if next == "" && len(n.Routes) > 0 {
				matches := make([]string, len(n.Routes))
				for i, r := range n.Routes {
					matches[i] = r.Match
				}
				return false, fmt.Sprintf("no route of gateway %q takes it", n.Name), "its routes: " + source.ShortList(matches)
			}
			node = next
		case n.Kind == scenarios.KindService:
			return v.served(n, method, target)
		case n.Kind == scenarios.KindQueue || n.Kind == scenarios.KindStream:
			if method == "POST" && target == "/messages" {
				return true, "", ""
			}
			return false, fmt.Sprintf("%s %q takes only POST /messages", n.Kind, n.Name), "send that, or write to it from a service"
		default:
			return true, "", "" // what can't be asked is reported where it is named
		}
	}
	return true, "", ""
}

func (v *Checker) served(n *scenarios.Node, method, target string) (ok bool, what, fix string) {
	mux := v.endpoints[n.Name]
	if mux == nil || len(n.Endpoints) == 0 {
		return true, "", ""
	}
	u := &url.URL{Path: target}
	if handler, pattern := mux.Handler(&http.Request{Method: method, URL: u}); pattern != "" {
		if !wire.PathRedirect(handler) {
			return true, "", ""
		}
		right := plain(target)
		if right == target { // the endpoint is of everything below
			right += "/"
		}
		return false, fmt.Sprintf("service %q would redirect it to %s, and nobody would follow", n.Name, right),
			fmt.Sprintf("write %s %s, which %s answers", method, right, pattern)
	}
	var matches []string
	for _, e := range n.Endpoints {
		matches = append(matches, e.Match)
	}
	return false, fmt.Sprintf("service %q has no endpoint for it", n.Name), "its endpoints: " + source.ShortList(matches)
}

// reaches checks that a name is a node's that answers HTTP.
func (v *Checker) reaches(name, key string, at scenarios.Path) {
	if n := v.node(name); v.unasked(n, at) {
		return
	} else if n != nil && n.Kind == scenarios.KindDatabase {
		v.Problem(at, fmt.Sprintf("%s names %q, which is a database", key, name), "name a node that answers HTTP; let a service read it")
	}
}

func (v *Checker) called(c *scenarios.Call, at scenarios.Path) {
	n := v.node(c.Node)
	switch {
	case n == nil || v.unasked(n, at):
	case n.Kind == scenarios.KindDatabase:
		v.Problem(at, fmt.Sprintf("%q is a database and can't be called", c.Node), "use read: or write: in a step")
	default:
		if ok, what, fix := v.answered(c.Node, c.Method, c.Path); !ok {
			v.Problem(at, fmt.Sprintf("nothing answers %s %s on %q: %s", c.Method, source.Shorten(c.Path), c.Node, what), fix)
		}
	}
}

// unasked reports a cache where somebody is named who is to answer HTTP, or to be read or written.
func (v *Checker) unasked(n *scenarios.Node, at scenarios.Path) bool {
	if n == nil || n.Kind != scenarios.KindCache {
		return false
	}
	v.Problem(at, fmt.Sprintf("%q is a cache, and only keeps what others read or set", n.Name), fmt.Sprintf("let a service use it: read: DATABASE with cache: {in: %s, ttl: 60s}, or get and set", n.Name))
	return true
}

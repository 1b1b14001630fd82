package scenarios

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/squallhq/squall/runner/wire"
)

// answers finds what every service answers; what is wrong with its endpoints is told where all nodes are checked.
func (v *validator) answers() {
	mark := len(v.report.problems)
	for _, n := range v.Nodes {
		v.register(n)
	}
	v.report.problems = v.report.problems[:mark]
}

// register builds the same multiplexer that a service answers with, and reports endpoints that it refuses.
func (v *validator) register(n *Node) {
	if n.Kind != KindService || n.Image != "" {
		return
	}
	mux := http.NewServeMux()
	for _, e := range n.Endpoints {
		at := At("topology", n.Name, "endpoints", e.Match)
		if what, _ := checkMatch(e.Match, true); what != "" {
			continue
		}
		if strings.HasSuffix(e.Match, "*") {
			v.problem(at, fmt.Sprintf("endpoint %s has a *", quoteShort(e.Match)), "write {rest...} for the rest of a path")
			continue
		}
		err := handle(mux, e.Match)
		if other := conflict.FindStringSubmatch(err); other != nil {
			v.problem(at, fmt.Sprintf("endpoint %s takes some of the same requests as %s", quoteShort(e.Match), quoteShort(other[1])), "let one be more specific in every part of its path")
		} else if err != "" {
			v.problem(at, fmt.Sprintf("endpoint %s can't be matched", quoteShort(e.Match)), "let each {name} be a whole part of the path, as in /orders/{id}, and stand there once")
		}
	}
	if v.endpoints == nil {
		v.endpoints = map[string]*http.ServeMux{}
	}
	v.endpoints[n.Name] = mux
}

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

// answered tells whether a node can answer a request, as far as that is known from the scenario,
// and if not, what would be right. It follows a cdn to its origin and a gateway along its routes.
func (v *validator) answered(node, method, target string) (ok bool, what, fix string) {
	target = sample(target)
	for range len(v.Nodes) + 1 { // a cycle is reported elsewhere
		n := v.node(node)
		switch {
		case n == nil || n.Image != "":
			return true, "", ""
		case n.Kind == KindCDN:
			if ok, what, fix := v.elsewhere(n.Failover, method, target); !ok {
				return false, what, fix
			}
			node = n.Origin
		case n.Kind == KindGateway:
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
				return false, fmt.Sprintf("no route of gateway %q takes it", n.Name), "its routes: " + shortList(matches)
			}
			node = next
		case n.Kind == KindService:
			return v.served(n, method, target)
		case n.Kind == KindQueue || n.Kind == KindStream:
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

func (v *validator) served(n *Node, method, target string) (ok bool, what, fix string) {
	mux := v.endpoints[n.Name]
	if mux == nil || len(n.Endpoints) == 0 {
		return true, "", ""
	}
	u := &url.URL{Path: target}
	if _, pattern := mux.Handler(&http.Request{Method: method, URL: u}); pattern != "" {
		return true, "", ""
	}
	var matches []string
	for _, e := range n.Endpoints {
		matches = append(matches, e.Match)
	}
	return false, fmt.Sprintf("service %q has no endpoint for it", n.Name), "its endpoints: " + shortList(matches)
}

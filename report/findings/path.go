package findings

import (
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// passes tells that a load's request comes by a node, as far as routes and endpoints tell; "" is every node.
func (d *diagnosis) passes(load, request, node string) bool {
	if node == "" {
		return true
	}
	key := load + "\x00" + request
	if d.paths[key] == nil {
		l := d.loads[load]
		if l == nil {
			return true
		}
		seen := map[string]bool{}
		d.follow(l.To, request, seen, map[string]bool{})
		d.paths[key] = seen
	}
	return d.paths[key][node]
}

// written stands among the nodes that a request comes by where something is written on its way.
const written = "\x00written"

// follow marks every node that a request gets to from a node on; asked are the requests of nodes that were followed already.
func (d *diagnosis) follow(at, request string, seen, asked map[string]bool) {
	n := d.nodes[at]
	if n == nil || asked[at+"\x00"+request] {
		return
	}
	asked[at+"\x00"+request] = true
	seen[at] = true
	if n.Kind == scenarios.KindGateway {
		d.route(n, request, seen, asked)
		return
	}
	for _, c := range d.from(at) {
		switch {
		case n.Kind == scenarios.KindCDN, c.endpoint == "":
			d.follow(c.to, request, seen, asked)
		case matches(c.endpoint, request) && c.path != "":
			d.follow(c.to, c.method+" "+c.path, seen, asked)
		case matches(c.endpoint, request):
			seen[c.to] = true
			seen[written] = seen[written] || c.write
			if c.cache != nil && c.cache.In != "" {
				seen[c.cache.In] = true
			}
		}
	}
}

// route follows the first route of a gateway that takes a request, and whom it asks about it.
func (d *diagnosis) route(n *scenarios.Node, request string, seen, asked map[string]bool) {
	if n.Identity != nil {
		d.follow(n.Identity.Node, n.Identity.Method+" "+n.Identity.Path, seen, asked)
	}
	for _, r := range n.Routes {
		if !matches(r.Match, request) {
			continue
		}
		d.follow(r.To, request, seen, asked)
		if r.Split != nil {
			d.follow(r.Split.To, request, seen, asked)
		}
		for _, other := range r.Failover.Failover {
			d.follow(other, request, seen, asked)
		}
		return
	}
}

// matches tells that a request, as GET /items/{id}?x=y, is one that a route or an endpoint takes.
func matches(pattern, request string) bool {
	method, path, ok := strings.Cut(request, " ")
	if !ok {
		method, path = "", request
	}
	path, _, _ = strings.Cut(path, "?")
	wanted, want, ok := strings.Cut(pattern, " ")
	if !ok {
		wanted, want = "", pattern
	}
	if wanted != "" && wanted != "*" && method != "" && wanted != method {
		return false
	}
	if rest, any := strings.CutSuffix(want, "*"); any {
		return strings.HasPrefix(path, rest) || path+"/" == rest
	}
	a, b := strings.Split(strings.Trim(path, "/"), "/"), strings.Split(strings.Trim(want, "/"), "/")
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] && !strings.Contains(a[i], "{") && !strings.Contains(b[i], "{") {
			return false
		}
	}
	return true
}

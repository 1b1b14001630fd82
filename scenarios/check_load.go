package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// maxParams is how many different parameters a request may have.
const maxParams = 8

// loads checks where loads go and that somebody answers what they send.
func (v *validator) loads() {
	for _, l := range v.Loads {
		at := At("load", l.Name)
		n := v.exists(l.To, at.Key("to"))
		if v.unasked(n, at.Key("to")) {
			n = nil
		}
		if n != nil && n.Kind == KindDatabase {
			v.problem(at.Key("to"), fmt.Sprintf("load %q goes to %q, which is a database", l.Name, l.To), "users talk HTTP; let them talk to a service")
			n = nil
		}
		if given := v.root.get("load").get(l.Name).get("requests"); given != nil && given.kind == list && len(given.items) == 0 {
			v.problem(at.Key("requests"), fmt.Sprintf("load %q sends no requests", l.Name), `add one, as in {send: "GET /"}`)
		}
		v.requests(l, n, at)
	}
	if loads := v.root.get("load"); loads != nil && loads.kind == mapping && len(loads.entries) == 0 {
		v.problem(At("load"), "load is empty", "add one, as in NAME: {to: NODE, rate: 100/s, requests: [...]}")
	}
}

func (v *validator) requests(l *Load, to *Node, at Path) {
	seen := map[string]bool{}
	for i, r := range l.Requests {
		here := at.Key("requests").Item(i).Key("send")
		if r.Send == "" {
			continue
		}
		if seen[r.Send] {
			v.problem(here, fmt.Sprintf("load %q sends %s twice", l.Name, quoteShort(r.Send)), "make it one request with the sum of their weights")
		}
		seen[r.Send] = true
		var names []string
		for _, match := range parameter.FindAllStringSubmatch(r.Send+" "+r.Body, -1) {
			if !slices.Contains(names, match[1]) {
				names = append(names, match[1])
			}
		}
		if len(names) > maxParams {
			v.problem(here, fmt.Sprintf("the request has %d parameters", len(names)), fmt.Sprintf("use %d at most", maxParams))
		}
		method, target, ok := strings.Cut(r.Send, " ")
		if what, _ := checkMatch(r.Send, true); what != "" || !ok || to == nil {
			continue
		}
		if ok, what, fix := v.answered(l.To, method, target); !ok {
			v.problem(here, fmt.Sprintf("nothing behind %q answers %s: %s", l.To, shorten(r.Send), what), fix)
		}
	}
}

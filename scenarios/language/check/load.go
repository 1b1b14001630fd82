package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// maxParams is how many different parameters a request may have.
const maxParams = 8

// loads checks where loads go and that somebody answers what they send.
func (v *Checker) loads() {
	for _, l := range v.Loads {
		at := scenarios.At("load", l.Name)
		n := v.node(l.To)
		if v.unasked(n, at.Key("to")) {
			n = nil
		}
		if n != nil && n.Kind == scenarios.KindDatabase {
			v.Problem(at.Key("to"), fmt.Sprintf("load %q goes to %q, which is a database", l.Name, l.To), "users talk HTTP; let them talk to a service")
			n = nil
		}
		if given := v.Root.Get("load").Get(l.Name).Get("requests"); given != nil && given.Kind == source.List && len(given.Items) == 0 {
			v.Problem(at.Key("requests"), fmt.Sprintf("load %q sends no requests", l.Name), `add one, as in {send: "GET /"}`)
		}
		v.headers(l, at)
		if l.WarmUpFrom > 0 && l.Users == 0 && v.WarmUpTime() == 0 {
			v.Problem(at.Key("warm_up_from"), "there is no warm-up that the rate could rise in", "give the scenario one, as in warm_up: 10s, or leave it out")
		}
		v.requests(l, n, at)
		v.writes(l, n, at)
	}
	if loads := v.Root.Get("load"); loads != nil && loads.Kind == source.Mapping && len(loads.Entries) == 0 {
		v.Problem(scenarios.At("load"), "load is empty", "add one, as in NAME: {to: NODE, rate: 100/s, requests: [...]}")
	}
}

func (v *Checker) requests(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) {
	seen := map[string]bool{}
	for i, r := range l.Requests {
		here := at.Key("requests").Item(i).Key("send")
		if r.Send == "" {
			continue
		}
		if seen[r.Send] {
			v.Problem(here, fmt.Sprintf("load %q sends %s twice", l.Name, source.QuoteShort(r.Send)), "make it one request with the sum of their weights")
		}
		seen[r.Send] = true
		var names []string
		for _, match := range grammar.Parameter.FindAllStringSubmatch(strings.Join(r.Texts(), " "), -1) {
			if !slices.Contains(names, match[1]) && (r.Write == nil || match[1] != scenarios.WriteParameter) {
				names = append(names, match[1])
			}
		}
		if len(names) > maxParams {
			v.Problem(here, fmt.Sprintf("the request has %d parameters", len(names)), fmt.Sprintf("use %d at most", maxParams))
		}
		method, target, ok := strings.Cut(r.Send, " ")
		if what, _ := grammar.CheckMatch(r.Send, true); what != "" || !ok || to == nil {
			continue
		}
		if ok, what, fix := v.answered(l.To, method, target); !ok {
			v.Problem(here, fmt.Sprintf("nothing behind %q answers %s: %s", l.To, source.Shorten(r.Send), what), fix)
		}
	}
}

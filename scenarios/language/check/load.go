package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
)

// loads checks where loads go and that somebody answers what they send.
func (v *Checker) loads() {
	for _, l := range v.Loads {
		at := scenarios.At("load", l.Name)
		n := v.node(l.To)
		if !v.spoken(l, n, at) {
			n = nil
		}
		if given := v.Root.Get("load").Get(l.Name).Get("requests"); given != nil && given.Kind == source.List && len(given.Items) == 0 {
			v.Problem(at.Key("requests"), fmt.Sprintf("load %q sends no requests", l.Name), `add one, as in {send: "GET /"}`)
		}
		v.headers(l.Headers, l.APIKey, l.Name, at)
		if l.WarmUpFrom > 0 && l.Users == 0 && v.WarmUpTime() == 0 {
			v.Problem(at.Key("warm_up_from"), "there is no warm-up that the rate could rise in", "give the scenario one, as in warm_up: 10s, or leave it out")
		}
		v.requests(l, n, at)
		v.writes(l, n, at)
		v.secured(l, n, at)
	}
	if loads := v.Root.Get("load"); loads != nil && loads.Kind == source.Mapping && len(loads.Entries) == 0 {
		v.Problem(scenarios.At("load"), "load is empty", "add one, as in NAME: {to: NODE, rate: 100/s, requests: [...]}")
	}
}

func (v *Checker) requests(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) {
	seen := map[string]bool{}
	steps := l.Steps() != nil
	at = requestsAt(l, at)
	known := map[string]bool{} // what earlier steps extract
	for i, r := range l.Requests {
		here := at.Item(i).Key("send")
		v.content(l, &l.Requests[i], at.Item(i), steps, known)
		if r.Send == "" {
			continue
		}
		if seen[r.Send] && !steps {
			v.Problem(here, fmt.Sprintf("load %q sends %s twice", l.Name, source.QuoteShort(r.Send)), "make it one request with the sum of their weights")
		}
		seen[r.Send] = true
		if r.Protocol() != scenarios.HTTP {
			continue // who understands it answers what it does
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

// content checks what a request is made of: that it can be sent, and that everything in braces is something.
func (v *Checker) content(l *scenarios.Load, r *scenarios.Request, at scenarios.Path, steps bool, known map[string]bool) {
	v.headers(r.Headers, "", l.Name, at)
	numbers := 0
	for _, name := range grammar.ParametersOf(r) {
		_, drawn := r.Params[name]
		table, column, dotted := strings.Cut(name, ".")
		switch {
		case dotted:
			v.column(l, table, column, at)
		case known[name] && drawn:
			v.Problem(at.Key(name), fmt.Sprintf("%q is extracted by an earlier step, and drawn here", name), "rename one of them")
		case r.Write != nil && name == scenarios.WriteParameter: // it is drawn by Squall
		case !known[name]:
			numbers++
		}
	}
	if numbers > scenarios.MaxParams {
		v.Problem(at.Key("send"), fmt.Sprintf("the request has %d parameters", numbers), fmt.Sprintf("use %d at most", scenarios.MaxParams))
	}
	if !steps {
		if r.Extract != nil {
			v.Problem(at.Key("extract"), "nothing comes after this request that could use what it extracts", "make it a step: session: {steps: [...]}")
		}
		if r.GoOn {
			v.Problem(at.Key("go_on"), "go_on is for the steps of a session", "take it away")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Extract)) {
		known[name] = true
		if h := r.Extract[name].Header; h != "" {
			v.headerName(h, at.Key("extract").Key(name).Key("header"))
		}
	}
	if r.Check != nil {
		for _, name := range slices.Sorted(maps.Keys(r.Check.Header)) {
			v.headerName(name, at.Key("check").Key("header").Key(name))
		}
	}
	if method, _, _ := strings.Cut(r.Send, " "); method == "HEAD" && r.Protocol() == scenarios.HTTP {
		v.bodiless(r, at)
	}
}

// secured checks that who is asked can speak as the load does.
func (v *Checker) secured(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) {
	if to != nil && to.BuiltIn() && slices.Contains(builtIn, to.Kind) {
		what := ""
		switch {
		case l.TLS != nil:
			what = "tls"
		case l.HTTP == "2" || l.HTTP == "h2c":
			what = "http"
		}
		if what != "" {
			v.Problem(at.Key(what), fmt.Sprintf("%q is built in, and speaks HTTP/1.1 without TLS", l.To), "take it away, or send the load to an image")
		}
	}
	v.trusted(l, to, at.Key("tls"))
	if l.HTTP == "2" && l.TLS == nil {
		v.Problem(at.Key("http"), "HTTP/2 is spoken over TLS", "add tls: {ca: FILE}, or write http: h2c")
	}
	if l.HTTP == "h2c" && l.TLS != nil {
		v.Problem(at.Key("http"), "h2c is HTTP/2 without TLS", `write http: "2", or take tls away`)
	}
}

// builtIn are the kinds that users can ask.
var builtIn = []scenarios.Kind{scenarios.KindCDN, scenarios.KindGateway, scenarios.KindService, scenarios.KindQueue, scenarios.KindStream}

// column checks that {table.column} is there.
func (v *Checker) column(l *scenarios.Load, table, column string, at scenarios.Path) {
	d := l.Table(table)
	if d == nil {
		var names []string
		for _, one := range l.Data {
			names = append(names, one.Name)
		}
		fix := "add data: {" + table + ": FILE.csv} to the load"
		if len(names) > 0 {
			fix = source.DidYouMean(table, names, "its data")
		}
		v.Problem(at.Key("send"), fmt.Sprintf("load %q has no data %q, which {%s.%s} is of", l.Name, table, table, column), fix)
		return
	}
	if d.Columns != nil && d.Column(column) < 0 {
		v.Problem(at.Key("send"), fmt.Sprintf("data %q has no column %q", table, column), source.DidYouMean(column, d.Columns, "its columns"))
	}
}

func (v *Checker) headerName(name string, at scenarios.Path) {
	if !httpguts.ValidHeaderFieldName(name) {
		v.Problem(at, fmt.Sprintf("%s can't be the name of a header", source.QuoteShort(name)), "use letters, digits and dashes, as in Content-Type")
	}
}

// bodiless checks that nothing is asked of the body of an answer that has none.
func (v *Checker) bodiless(r *scenarios.Request, at scenarios.Path) {
	if r.Check != nil && (r.Check.JSON != nil || r.Check.Body != nil) {
		v.Problem(at.Key("check"), "the answer to a HEAD has no body to check", "check its status or headers, or send a GET")
	}
}

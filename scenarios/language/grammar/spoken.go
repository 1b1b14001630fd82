package grammar

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// asks are the keys that say what a request asks for: it has one of them.
var asks = []string{"send", "query", "command", "grpc", "websocket"}

// oneRequired is a schema in which exactly one of some keys is there.
func oneRequired(keys []string) []any {
	var out []any
	for _, key := range keys {
		out = append(out, schema{"required": []string{key}})
	}
	return out
}

// foreign are the keys of a request that mean nothing in a protocol.
var foreign = map[scenarios.Protocol][]string{
	scenarios.SQL:       {"body", "json", "form", "file", "headers", "redirect", "redirects", "priority"},
	scenarios.Redis:     {"body", "json", "form", "file", "headers", "redirect", "redirects", "priority"},
	scenarios.GRPC:      {"body", "form", "file", "redirect", "redirects"},
	scenarios.WebSocket: {"form", "file", "redirect", "redirects", "write"},
}

// asked checks that a request asks for one thing, and has no keys that mean nothing there. What it asks for is its name.
func (d *Decoder) asked(v *source.Value, r *scenarios.Request) {
	var given []source.Entry
	for _, e := range v.Entries {
		if slices.Contains(asks, e.Key) && !namesParam(v, e) {
			given = append(given, e)
		}
	}
	if len(given) == 0 {
		d.Problem(v, "a request asks for nothing", `add send: "GET /path", or query, command, grpc or websocket in its place`)
		return
	}
	if len(given) > 1 {
		d.ProblemAt(given[1].At, fmt.Sprintf("a request has both %s and %s", given[0].Key, given[1].Key), "keep one of them: each request asks for one thing")
		return
	}
	p := r.Protocol()
	if p == scenarios.HTTP {
		return
	}
	for _, e := range v.Entries {
		if slices.Contains(foreign[p], e.Key) && !namesParam(v, e) {
			d.ProblemAt(e.At, fmt.Sprintf("%s means nothing to a request of %s", e.Key, p), "take it away")
		}
	}
	switch at := given[0].Value; {
	case p == scenarios.GRPC && !grpcMethod.MatchString(r.GRPC):
		d.Problem(at, fmt.Sprintf("%s is no method of gRPC", source.QuoteShort(r.GRPC)), "write it as in shop.Carts/Get: package, service, a slash and the method")
	case p == scenarios.WebSocket:
		if what, _ := CheckMatch("GET "+r.WebSocket, true); what != "" || strings.HasSuffix(r.WebSocket, "*") {
			d.Problem(at, fmt.Sprintf("%s is no path", source.QuoteShort(r.WebSocket)), "begin it with /, as in /echo")
		} else if r.Body == "" && r.JSON == "" {
			d.Problem(v, "a request of WebSocket has no message", "add body or json: what is sent and comes back")
		}
	case p == scenarios.Redis && waits(r.Command):
		d.Problem(at, fmt.Sprintf("%s changes what a connection is for, or waits on it", source.QuoteShort(r.Command[0])), "use commands that answer at once: each request takes any connection of the load's")
	}
	r.Send = d.called(r, given[0].Value)
}

// called is the name of what a request asks for, as it may be told: a command may have come from the environment.
func (d *Decoder) called(r *scenarios.Request, asks *source.Value) string {
	if r.Protocol() != scenarios.Redis {
		return r.Name()
	}
	open := *asks
	open.Text, open.Items = asks.Told(), slices.Clone(asks.Items)
	for i, item := range open.Items {
		one := *item
		one.Text = item.Told()
		open.Items[i] = &one
	}
	told := scenarios.Spoken{}
	before := len(d.Problems)
	d.words(&open, &told.Command, field{key: "command"})
	d.Problems = d.Problems[:before] // they were told of what is sent
	return told.Name()
}

var grpcMethod = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*\.)*[A-Za-z_][A-Za-z0-9_]*/[A-Za-z_][A-Za-z0-9_]*$`)

// waits tells the commands of Redis whose connection is another's no more: that answer more than once, or are one half of two.
func waits(command scenarios.Words) bool {
	switch strings.ToUpper(command[0]) {
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "MULTI", "EXEC", "WATCH", "SELECT", "AUTH", "HELLO", "QUIT", "RESET", "SYNC", "PSYNC", "CLIENT":
		return true
	}
	return false
}

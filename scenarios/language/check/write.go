package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/jsonpath"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/source"
)

// writes checks that a load's writes can be told apart and are read back, and that what reads them back can.
func (v *Checker) writes(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) {
	for i := range l.Requests {
		r := &l.Requests[i]
		if r.Write == nil {
			continue
		}
		here := at.Key("requests").Item(i).Key("write")
		if l.ReadBack == nil {
			v.Problem(here, fmt.Sprintf("load %q has a write and nothing that reads it back", l.Name),
				`add to the load read_back: {http: NODE, send: "GET /orders", ids: "$[*].id"} or {sql: NODE, query: "SELECT id FROM orders"}`)
		}
		v.writeID(r, here)
		v.writeRead(l, r, to, here)
	}
	if l.ReadBack == nil {
		return
	}
	if !l.Writes() {
		v.Problem(at.Key("read_back"), fmt.Sprintf("load %q has a read_back and no write", l.Name), `mark the request that writes, as in {send: "POST /orders/{write}", write: {}}`)
	}
	v.readBack(l.ReadBack, at.Key("read_back"))
}

// writeID checks that no two writes have one id, and that the texts name parameters that they can.
func (v *Checker) writeID(r *scenarios.Request, at scenarios.Path) {
	w := r.Write
	if w.ID == "" || v.Report.Full() {
		return
	}
	if strings.ContainsFunc(w.ID, func(c rune) bool { return c <= ' ' || c > '~' }) {
		v.Problem(at.Key("id"), fmt.Sprintf("%s can't be the id of a write: it stands in a path and in a header", source.QuoteShort(w.ID)), "use letters, digits and dashes")
		return
	}
	for _, match := range scenarios.Placeholder.FindAllStringSubmatch(w.ID, -1) {
		name := match[1]
		p, drawn := r.Params[name]
		if name == scenarios.WriteParameter || !drawn || p.Sequence && p.Of == 0 {
			return
		}
	}
	v.Problem(at.Key("id"), fmt.Sprintf("writes can have the same id %s", source.QuoteShort(w.ID)),
		"put {write} in it, or a parameter that is an unbounded sequence")
}

func (v *Checker) writeRead(l *scenarios.Load, r *scenarios.Request, to *scenarios.Node, at scenarios.Path) {
	look := r.Write.Read
	if look == nil || look.Send == "" {
		return
	}
	here := at.Key("read").Key("send")
	if what, fix := grammar.CheckMatch(look.Send, true); what != "" {
		v.Problem(here, what, fix)
		return
	}
	if !strings.HasPrefix(look.Send, "GET ") {
		v.Problem(here, "a look at a write is not a GET", `write read: {send: "GET /orders/{write}"}`)
		return
	}
	known := []string{scenarios.WriteParameter}
	known = append(known, slices.DeleteFunc(grammar.ParametersOf(r), func(name string) bool { return name == scenarios.WriteParameter })...)
	for _, match := range scenarios.Placeholder.FindAllStringSubmatch(look.Send+" "+look.Contains, -1) {
		if !slices.Contains(known, match[1]) {
			v.Problem(here, fmt.Sprintf("the write has no parameter %s", source.QuoteShort(match[1])), source.DidYouMean(match[1], known, "its parameters"))
		}
	}
	method, target, _ := strings.Cut(look.Send, " ")
	if to != nil {
		if ok, what, fix := v.answered(l.To, method, target); !ok {
			v.Problem(here, fmt.Sprintf("nothing behind %q answers %s: %s", l.To, source.Shorten(look.Send), what), fix)
		}
	}
}

// readBack checks that it is of one sort, and that its node can be asked so.
func (v *Checker) readBack(b *scenarios.ReadBack, at scenarios.Path) {
	given := v.valueAt(at)
	has := func(key string) bool { return given != nil && given.Get(key) != nil }
	switch {
	case b.HTTP != "" && b.SQL != "":
		v.Problem(at.Key("sql"), "read_back has both http and sql", "keep one of them")
		return
	case b.Redis != "" && b.HTTP+b.SQL != "":
		v.Problem(at.Key("redis"), "read_back has redis and another", "keep one of them")
		return
	case b.Redis != "":
		v.readBackRedis(b, at, has)
		return
	case has("command"):
		v.Problem(at.Key("command"), "command is for redis", "add redis: NODE, or leave it out")
	case b.Node() == "":
		v.Problem(at, "read_back says of no node how it is asked", `write {http: NODE, send: "GET /orders", ids: "$[*].id"}, {sql: NODE, query: "SELECT id FROM orders"} or {redis: NODE, command: SMEMBERS orders}`)
		return
	case b.HTTP != "" && b.Send == "":
		v.Problem(at, "read_back has http and no send", `add send: "GET /orders"`)
	case b.HTTP != "" && has("query"):
		v.Problem(at.Key("query"), "query does not go with http", "leave it out")
	case b.SQL != "" && b.Query == "":
		v.Problem(at, "read_back has sql and no query", `add query: "SELECT id FROM orders"`)
	case b.SQL != "" && (has("send") || has("ids")):
		v.Problem(at, "send and ids do not go with sql", "the query's first column has the ids: leave them out")
	}
	if b.HTTP != "" {
		v.readBackHTTP(b, at)
		return
	}
	if n := v.nodeOf(b.SQL, at.Key("sql")); n != nil && n.Kind != scenarios.KindDatabase {
		v.Problem(at.Key("sql"), fmt.Sprintf("%q is a %s, not a database", n.Name, n.Kind), "name a node of kind database, built in or with a PostgreSQL image, or read back by http")
	}
}

// readingCommands are those of Redis whose answer is a list of texts, and that change nothing.
var readingCommands = []string{"KEYS", "LRANGE", "SMEMBERS", "ZRANGE", "ZREVRANGE", "HKEYS", "HVALS", "MGET", "GET", "SORT_RO"}

func (v *Checker) readBackRedis(b *scenarios.ReadBack, at scenarios.Path, has func(string) bool) {
	for _, key := range []string{"send", "ids", "query"} {
		if has(key) {
			v.Problem(at.Key(key), key+" does not go with redis", "leave it out")
		}
	}
	switch {
	case len(b.Command) == 0:
		v.Problem(at, "read_back has redis and no command", "add command: SMEMBERS orders")
	case !slices.Contains(readingCommands, strings.ToUpper(b.Command[0])):
		v.Problem(at.Key("command"), fmt.Sprintf("%s is no command that lists texts and changes nothing", source.QuoteShort(b.Command[0])), "use one of "+strings.Join(readingCommands, ", "))
	}
	switch n := v.nodeOf(b.Redis, at.Key("redis")); {
	case n == nil:
	case n.Speaks() != parts.SpeaksRedis:
		v.Problem(at.Key("redis"), fmt.Sprintf("%q is not Redis or Valkey", n.Name), "name a node with part: redis; what is built in is read back by http or sql")
	case n.Replicas > 1:
		v.Problem(at.Key("redis"), fmt.Sprintf("%q has %d instances, each with keys of its own, and one is read", n.Name, n.Replicas), "leave its replicas out, or read back by http from who knows them all")
	}
}

func (v *Checker) readBackHTTP(b *scenarios.ReadBack, at scenarios.Path) {
	n := v.nodeOf(b.HTTP, at.Key("http"))
	if n != nil && n.Kind == scenarios.KindDatabase {
		v.Problem(at.Key("http"), fmt.Sprintf("%q is a database", n.Name), "read it back by sql, as in {sql: NODE, query: \"SELECT id FROM orders\"}")
		return
	}
	if b.IDs != "" {
		if _, err := jsonpath.Parse(b.IDs); err != nil {
			v.Problem(at.Key("ids"), fmt.Sprintf("ids is no path: %s", err), "write a path such as $[*].id or $.orders[*].id")
		}
	}
	method, target, ok := strings.Cut(b.Send, " ")
	if b.Send == "" || v.Report.Full() {
		return
	}
	if !ok || method != "GET" || !strings.HasPrefix(target, "/") || strings.ContainsFunc(target, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
		v.Problem(at.Key("send"), fmt.Sprintf("%s is not what can be read", source.QuoteShort(b.Send)), `write send: "GET /orders" or "GET /orders?page={page}"`)
		return
	}
	if n == nil {
		return
	}
	path, _, _ := strings.Cut(strings.ReplaceAll(target, scenarios.PageParameter, "1"), "?")
	if n.Kind == scenarios.KindQueue || n.Kind == scenarios.KindStream {
		if n.BuiltIn() && path != "/writes" {
			v.Problem(at.Key("send"), fmt.Sprintf("%q lists what it has accepted under /writes alone", n.Name), `write send: "GET /writes", ids: "$.writes"`)
		}
		return
	}
	if ok, what, fix := v.answered(n.Name, method, path); !ok {
		v.Problem(at.Key("send"), fmt.Sprintf("nothing behind %q answers %s: %s", n.Name, source.Shorten(b.Send), what), fix)
	}
}

// nodeOf is the node of a name, or a mistake and nil.
func (v *Checker) nodeOf(name string, at scenarios.Path) *scenarios.Node {
	n := v.node(name)
	if n == nil && !v.Report.Full() {
		v.Problem(at, fmt.Sprintf("there is no node %s", source.QuoteShort(name)), source.DidYouMean(name, v.nodeNames(), "nodes"))
	}
	return n
}

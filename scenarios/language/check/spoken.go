package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// spoken checks what a load speaks: one protocol, one that its node understands, with keys that mean something in it. false: there is
// no use in looking on.
func (v *Checker) spoken(l *scenarios.Load, to *scenarios.Node, at scenarios.Path) bool {
	p := l.Protocol()
	list := requestsAt(l, at)
	for i := range l.Requests {
		if other := l.Requests[i].Protocol(); other != p && l.Requests[i].Send != "" && l.Requests[0].Send != "" {
			v.Problem(list.Item(i), fmt.Sprintf("load %q speaks %s and %s", l.Name, p, other), "make two loads of it: the users of each speak one protocol")
			return false
		}
	}
	if to != nil && l.ToPort == "" && !to.Understands(p) { // what another port speaks is not known
		what, fix := misunderstands(to, p)
		if v.StandsIn != nil && v.StandsIn(l.To) {
			what, fix = "where there are no images is stood in for by what is built in, and that speaks no "+string(p), "take stand_in away: engines without images refuse the scenario then"
		}
		v.Problem(at.Key("to"), fmt.Sprintf("load %q speaks %s to %q, which %s", l.Name, p, l.To, what), fix)
		return false
	}
	if p == scenarios.HTTP {
		if l.Descriptors != nil {
			v.Problem(at.Key("descriptors"), "descriptors are for requests of gRPC", "take it away, or write requests: [{grpc: shop.Carts/Get, json: {...}}]")
		}
		return true
	}
	v.meaningless(l, p, at)
	for i := range l.Requests {
		r, here := &l.Requests[i], list.Item(i)
		v.checkedAs(r, p, here)
		if p == scenarios.SQL {
			v.statement(r, to, here.Key("query"))
		}
		if w := r.Write; w != nil && w.Read != nil {
			v.Problem(here.Key("write").Key("read"), "a look at a write is a GET, and this load speaks "+string(p), "take it away: read_back finds what was lost")
		}
	}
	return true
}

func requestsAt(l *scenarios.Load, at scenarios.Path) scenarios.Path {
	if l.Steps() != nil {
		return at.Key("session").Key("steps")
	}
	return at.Key("requests")
}

// misunderstands says what a node is that a protocol is not for, and what would be right.
func misunderstands(n *scenarios.Node, p scenarios.Protocol) (what, fix string) {
	switch speaks := n.Speaks(); {
	case p == scenarios.SQL:
		what, fix = "is no database", "send it to one: of kind database, or with part: postgres, mysql or mariadb"
	case p == scenarios.Redis && n.Kind == scenarios.KindCache && n.BuiltIn():
		what, fix = "is built in and knows no commands", "give it an image, as in part: redis (docker engine), or let a service get and set"
	case p == scenarios.Redis:
		what, fix = "is neither Redis nor Valkey", "send it to a node with part: redis or valkey"
	case n.Kind == scenarios.KindDatabase:
		what, fix = "is a database", "write query: SELECT ... in place of send, or let users talk to a service"
	case n.Kind == scenarios.KindCache && n.BuiltIn():
		what = "is a cache, and only keeps what others read or set"
		fix = fmt.Sprintf("let a service use it: read: DATABASE with cache: {in: %s, ttl: 60s}, or get and set", n.Name)
	case speaks == "redis":
		what, fix = "speaks Redis", "write command: GET KEY in place of what the requests ask for"
	case n.BuiltIn():
		what, fix = "is built in and speaks HTTP/1.1", `write send: "GET /path", or send the load to an image`
	default:
		what, fix = "speaks "+string(speaks), "send it to who speaks "+string(p)
	}
	return what, fix
}

// meaningless tells of a load's keys that say nothing in its protocol.
func (v *Checker) meaningless(l *scenarios.Load, p scenarios.Protocol, at scenarios.Path) {
	plain := p == scenarios.SQL || p == scenarios.Redis
	for _, one := range []struct {
		key   string
		given bool
	}{
		{"http", l.HTTP != ""}, {"gzip", l.Gzip},
		{"headers", plain && len(l.Headers) > 0 && v.valueAt(at.Key("headers")) != nil}, {"api_key", plain && l.APIKey != ""},
		{"priority", plain && l.Priority != ""}, {"tenant", plain && l.Tenant != nil},
		{"tls", p == scenarios.SQL && l.TLS != nil},
		{"descriptors", p != scenarios.GRPC && l.Descriptors != nil},
	} {
		if !one.given {
			continue
		}
		what := fmt.Sprintf("%s means nothing to a load that speaks %s", one.key, p)
		if one.key == "tls" {
			what = "SQL is spoken without TLS"
		}
		v.Problem(at.Key(one.key), what, "take it away")
	}
}

// checkedAs checks that what is wanted of an answer is something that an answer of the protocol has.
func (v *Checker) checkedAs(r *scenarios.Request, p scenarios.Protocol, at scenarios.Path) {
	headers := p == scenarios.GRPC
	if r.Check != nil && len(r.Check.Status) > 0 {
		v.Problem(at.Key("check").Key("status"), fmt.Sprintf("an answer of %s has no status of HTTP", p), "take it away: what the server refuses is a failed request of its own class")
	}
	if r.Check != nil && len(r.Check.Header) > 0 && !headers {
		v.Problem(at.Key("check").Key("header"), fmt.Sprintf("an answer of %s has no headers", p), "check its json or body")
	}
	for name, e := range r.Extract {
		if e.Header != "" && !headers {
			v.Problem(at.Key("extract").Key(name), fmt.Sprintf("an answer of %s has no headers", p), "extract from its json, or by regexp")
		}
	}
}

// statement checks a request's SQL as far as its text tells.
func (v *Checker) statement(r *scenarios.Request, to *scenarios.Node, at scenarios.Path) {
	dialect := sqltext.Postgres
	if to != nil {
		dialect = to.Dialect()
	}
	bound, err := sqltext.Bind(r.Query, dialect)
	if err != nil {
		v.Problem(at, fmt.Sprintf("the query can't be read: %s", err), "close what is open; a parameter is {name}, and a { that is none stands in quotes")
		return
	}
	if all, _ := sqltext.Split(r.Query, dialect); len(all) != 1 {
		v.Problem(at, fmt.Sprintf("a query is one statement, and this is %d", len(all)), "make each a request; what they need before is the database's setup")
	}
	for _, name := range bound.Names {
		if strings.HasPrefix(name, "?") {
			v.Problem(at, fmt.Sprintf("{%s} is of an endpoint's request, and a load has none", source.Shorten(name)), "take the ? away: parameters of a load are {name}")
		}
	}
	for _, name := range sqltext.Quoted(r.Query, dialect) {
		if slices.Contains(grammar.ParametersOf(r), name) {
			v.Problem(at, fmt.Sprintf("{%s} is in quotes, where it is a text and no parameter", source.Shorten(name)), "take the quotes away: what is bound needs none")
		}
	}
	if to != nil && to.ReplicaOf != "" && !sqltext.Reads(r.Query, dialect) {
		v.Problem(at, fmt.Sprintf("%q is a replica and refuses what changes rows", to.Name), "send it to its primary, "+to.ReplicaOf)
	}
}

package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language/grammar"
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// query checks a step's SQL as far as its text tells: that it is one statement, for a database, of parameters that there are.
func (v *Checker) query(s *scenarios.Step, match string, at scenarios.Path) {
	text := s.Query.Query
	if text == "" {
		return
	}
	if s.SQL == "" {
		v.Problem(at.Key("query"), "a query does not say where it is sent", "add sql: DATABASE")
		return
	}
	dialect := sqltext.Postgres
	to := v.node(s.SQL)
	if to != nil {
		dialect = to.Dialect()
	}
	bound, err := sqltext.Bind(text, dialect)
	if err != nil {
		v.Problem(at.Key("query"), fmt.Sprintf("the query can't be read: %s", err), "close what is open; a parameter is {name}, and a { that is none stands in quotes")
		return
	}
	if all, _ := sqltext.Split(text, dialect); len(all) != 1 {
		v.Problem(at.Key("query"), fmt.Sprintf("a query is one statement, and this is %d", len(all)), "make each a step; what they need before is the database's setup")
	}
	for _, name := range bound.Names {
		if !strings.HasPrefix(name, "?") {
			v.taken("the query", "{"+name+"}", match, at.Key("query"))
		}
	}
	for _, name := range sqltext.Quoted(text, dialect) {
		if slices.Contains(grammar.AnyParameter.FindAllString(match, -1), "{"+name+"}") {
			v.Problem(at.Key("query"), fmt.Sprintf("{%s} is in quotes, where it is a text and no parameter", source.Shorten(name)), "take the quotes away: what is bound needs none")
		}
	}
	if to != nil && to.ReplicaOf != "" && !s.Query.Reads() {
		v.Problem(at.Key("sql"), fmt.Sprintf("%q is a replica and refuses what changes rows", to.Name), "send it to its primary, "+to.ReplicaOf)
	}
	mysql := func(n *scenarios.Node) bool { return n != nil && n.Speaks() == parts.SpeaksMySQL }
	for i, other := range s.Failover.Failover {
		if o := v.node(other); to != nil && o != nil && mysql(o) != mysql(to) {
			v.Problem(at.Key("failover").Item(i), fmt.Sprintf("%q and %q do not speak the same SQL", s.SQL, other), "use two of a kind")
		}
	}
}

// setup checks that a database's SQL can be cut into statements.
func (v *Checker) setup(n *scenarios.Node) {
	if n.Setup == "" {
		return
	}
	at := scenarios.At("topology", n.Name, "setup")
	if n.ReplicaOf != "" {
		v.Problem(at, fmt.Sprintf("%q is a replica and gets what its primary has", n.Name), "put it on "+n.ReplicaOf)
		return
	}
	all, err := sqltext.Split(n.Setup, n.Dialect())
	switch {
	case err != nil:
		v.Problem(at, fmt.Sprintf("the setup can't be read: %s", err), "close it")
	case len(all) == 0:
		v.Problem(at, "the setup has no statement", "write SQL, or leave it out")
	}
}

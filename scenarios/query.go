package scenarios

import (
	"github.com/squallhq/squall/scenarios/parts"
	"github.com/squallhq/squall/scenarios/sqltext"
)

// Query is a step of SQL of the scenario's own.
type Query struct {
	// One statement of SQL, as in UPDATE stock SET n = n - 1 WHERE item = {item} AND n > 0, in the words of the database that it
	// is for (the built-in one's are PostgreSQL's). A {parameter} of the endpoint's path, or {?name} of the request's query, is bound
	// to the statement, never pasted into it; one that is not there is NULL. A statement is a transaction of its own.
	Query string `yaml:"query" step:"does" json:"query,omitempty"`
	// query: the database that it is sent to.
	SQL string `yaml:"sql" of:"query" json:"sql,omitempty"`
}

// Reads tells that it changes nothing, as far as its words say.
func (q *Query) Reads() bool { return sqltext.Reads(q.Query, sqltext.Postgres) }

// Dialect is how SQL for a database is read.
func (n *Node) Dialect() sqltext.Dialect {
	if n.Speaks() == parts.SpeaksMySQL {
		return sqltext.MySQL
	}
	return sqltext.Postgres
}

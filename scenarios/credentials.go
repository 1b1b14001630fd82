package scenarios

import (
	"cmp"

	"github.com/squallhq/squall/runner/wire"
)

// Credentials are those of a database that runs in an image: as its dsn says (user:password@database),
// else as its environment says in the words of the usual PostgreSQL images, else squall for all three.
func (n *Node) Credentials() wire.Login {
	if n.DSN != "" {
		l := wire.ParseLogin(n.DSN)
		l.Database = cmp.Or(l.Database, l.User)
		return l
	}
	c := wire.Login{User: n.Env["POSTGRES_USER"], Password: n.Env["POSTGRES_PASSWORD"], Database: n.Env["POSTGRES_DB"]}
	if c == (wire.Login{}) {
		return wire.Login{User: "squall", Password: "squall", Database: "squall"}
	}
	c.User = cmp.Or(c.User, "postgres")
	c.Database = cmp.Or(c.Database, c.User)
	return c
}

// Login is the dsn that a caller of a node connects with: its own, or that of its image. Only databases in images have one that the
// scenario does not give.
func (n *Node) Login() string {
	if n.Image == "" || n.Kind != KindDatabase {
		return n.DSN
	}
	return n.Credentials().DSN()
}

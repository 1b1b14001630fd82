package scenarios

import (
	"cmp"
	"strings"
)

// Credentials are what services connect to a database with.
type Credentials struct{ User, Password, Database string }

// DSN is user:password@database.
func (c Credentials) DSN() string { return c.User + ":" + c.Password + "@" + c.Database }

// Credentials are those of a database that runs in an image: as its dsn says (user:password@database),
// else as its environment says in the words of the usual PostgreSQL images, else squall for all three.
func (n *Node) Credentials() Credentials {
	if n.DSN != "" {
		// A password may hold an @, a database's name does not.
		login, database := n.DSN, ""
		if i := strings.LastIndex(n.DSN, "@"); i >= 0 {
			login, database = n.DSN[:i], n.DSN[i+1:]
		}
		user, password, _ := strings.Cut(login, ":")
		return Credentials{user, password, cmp.Or(database, user)}
	}
	c := Credentials{User: n.Env["POSTGRES_USER"], Password: n.Env["POSTGRES_PASSWORD"], Database: n.Env["POSTGRES_DB"]}
	if c == (Credentials{}) {
		return Credentials{"squall", "squall", "squall"}
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

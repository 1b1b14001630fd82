package docker

import (
	"cmp"
	"maps"
	"strings"

	"github.com/squallhq/squall/scenarios"
)

// credentials are what services connect to a database with.
type credentials struct{ user, password, database string }

// databaseCredentials are those of a database that runs in an image: as its dsn says
// (user:password@database), else as its environment says in the words of the usual PostgreSQL
// images, else squall for all three.
func databaseCredentials(n *scenarios.Node) credentials {
	if n.DSN != "" {
		login, database, _ := strings.Cut(n.DSN, "@")
		user, password, _ := strings.Cut(login, ":")
		return credentials{user, password, cmp.Or(database, user)}
	}
	c := credentials{user: n.Env["POSTGRES_USER"], password: n.Env["POSTGRES_PASSWORD"], database: n.Env["POSTGRES_DB"]}
	if c == (credentials{}) {
		return credentials{"squall", "squall", "squall"}
	}
	c.user = cmp.Or(c.user, "postgres")
	c.database = cmp.Or(c.database, c.user)
	return c
}

// dsn is what a caller of a node is told to connect with; only databases have one.
func dsn(n *scenarios.Node) string {
	if n.Image == "" || n.Kind != scenarios.KindDatabase {
		return n.DSN
	}
	c := databaseCredentials(n)
	return c.user + ":" + c.password + "@" + c.database
}

// environment is an image's: what the scenario says, and for a database the credentials that its
// callers use, which the usual images don't start without.
func environment(n *scenarios.Node) []string {
	env := map[string]string{}
	if n.Kind == scenarios.KindDatabase {
		c := databaseCredentials(n)
		env["POSTGRES_USER"], env["POSTGRES_PASSWORD"], env["POSTGRES_DB"] = c.user, c.password, c.database
		if c.password == "" {
			delete(env, "POSTGRES_PASSWORD")
		}
	}
	maps.Copy(env, n.Env)
	var out []string
	for name, value := range env {
		out = append(out, name+"="+value)
	}
	return out
}

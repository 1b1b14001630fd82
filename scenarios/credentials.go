package scenarios

import (
	"cmp"

	"github.com/squallhq/squall/runner/wire"
	"github.com/squallhq/squall/scenarios/parts"
)

// Credentials are those of a database that runs in an image: as its dsn says (user:password@database),
// else as its environment says in the words of the usual images of PostgreSQL, or of MariaDB and MySQL, else those of its primary,
// else squall for all three.
func (n *Node) Credentials() wire.Login {
	if n.DSN != "" {
		l := wire.ParseLogin(n.DSN)
		l.Database = cmp.Or(l.Database, l.User)
		return l
	}
	if n.Speaks() == parts.SpeaksMySQL {
		return n.mysqlCredentials()
	}
	c := wire.Login{User: n.Env["POSTGRES_USER"], Password: n.Env["POSTGRES_PASSWORD"], Database: n.Env["POSTGRES_DB"]}
	if c == (wire.Login{}) && n.PrimaryDSN != "" {
		return wire.ParseLogin(n.PrimaryDSN)
	}
	if c == (wire.Login{}) {
		return wire.Login{User: "squall", Password: "squall", Database: "squall"}
	}
	c.User = cmp.Or(c.User, "postgres")
	c.Database = cmp.Or(c.Database, c.User)
	return c
}

// mysqlCredentials are those of the environment: its user, else root.
func (n *Node) mysqlCredentials() wire.Login {
	said := func(name string) string { return cmp.Or(n.Env["MARIADB_"+name], n.Env["MYSQL_"+name]) }
	c := wire.Login{User: said("USER"), Password: said("PASSWORD"), Database: said("DATABASE")}
	root := said("ROOT_PASSWORD")
	if c == (wire.Login{}) && root == "" {
		return wire.Login{User: "squall", Password: "squall", Database: "squall"}
	}
	if c.User == "" {
		c.User, c.Password = "root", root
	}
	c.Database = cmp.Or(c.Database, "squall")
	return c
}

// DatabaseEnvironment is what a database's image needs in its environment so that Credentials are right, beside what the
// scenario says: the usual images don't start without.
func (n *Node) DatabaseEnvironment() map[string]string {
	c := n.Credentials()
	env := map[string]string{}
	if n.Speaks() != parts.SpeaksMySQL {
		env["POSTGRES_USER"], env["POSTGRES_DB"] = c.User, c.Database
		if c.Password != "" {
			env["POSTGRES_PASSWORD"] = c.Password
		}
		return env
	}
	prefix := "MARIADB_"
	if p, _ := n.Real(); p.Name == parts.MySQL {
		prefix = "MYSQL_"
	}
	env[prefix+"DATABASE"] = c.Database
	if c.User == "root" {
		env[prefix+"ROOT_PASSWORD"] = c.Password
		return env
	}
	env[prefix+"USER"], env[prefix+"PASSWORD"] = c.User, c.Password
	if n.Env[prefix+"ROOT_PASSWORD"] == "" {
		env[prefix+"RANDOM_ROOT_PASSWORD"] = "yes"
	}
	return env
}

// Login is the dsn that a caller of a node connects with: its own, or that of its image. Only what runs in images has one that
// the scenario does not give.
func (n *Node) Login() string {
	switch {
	case n.Speaks() == parts.SpeaksRedis && n.Env["REDIS_PASSWORD"] != "":
		return wire.Login{Password: n.Env["REDIS_PASSWORD"], Database: "0"}.DSN()
	case n.Speaks() == parts.SpeaksAMQP:
		return wire.Login{User: cmp.Or(n.Env["RABBITMQ_DEFAULT_USER"], "guest"), Password: cmp.Or(n.Env["RABBITMQ_DEFAULT_PASS"], "guest"),
			Database: cmp.Or(n.Env["RABBITMQ_DEFAULT_VHOST"], "/")}.DSN()
	case n.BuiltIn() || n.Kind != KindDatabase:
		return n.DSN
	}
	return n.Credentials().DSN()
}

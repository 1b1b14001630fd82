package wire

import (
	"cmp"
	"strings"
)

// Login is who somebody is at a database.
type Login struct{ User, Password, Database string }

// ParseLogin reads a dsn, user:password@database; what is missing is empty. A password may hold an @, a database's name
// does not.
func ParseLogin(dsn string) Login {
	var l Login
	user := dsn
	if n := strings.LastIndex(dsn, "@"); n >= 0 {
		user, l.Database = dsn[:n], dsn[n+1:]
	}
	l.User, l.Password, _ = strings.Cut(user, ":")
	return l
}

// DSN is user:password@database.
func (l Login) DSN() string { return l.User + ":" + l.Password + "@" + l.Database }

// ParseBuiltinLogin is ParseLogin for a built-in database, where user and database are squall if they are missing.
func ParseBuiltinLogin(dsn string) Login {
	l := ParseLogin(dsn)
	l.User = cmp.Or(l.User, "squall")
	l.Database = cmp.Or(l.Database, "squall")
	return l
}

package node

import "strings"

// identity is who a service is at a database.
type identity struct{ user, password, database string }

// parseDSN reads user:password@database; what is missing is squall (the password: none).
func parseDSN(dsn string) identity {
	who := identity{user: "squall", database: "squall"}
	user, name, ok := cutLast(dsn, "@")
	if !ok {
		user, name = dsn, ""
	}
	if name != "" {
		who.database = name
	}
	user, who.password, _ = strings.Cut(user, ":")
	if user != "" {
		who.user = user
	}
	return who
}

// cutLast is strings.Cut at the last separator: a password may hold an @, a database's name does not.
func cutLast(s, separator string) (before, after string, found bool) {
	if n := strings.LastIndex(s, separator); n >= 0 {
		return s[:n], s[n+len(separator):], true
	}
	return s, "", false
}

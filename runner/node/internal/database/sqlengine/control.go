package sqlengine

import "strings"

// Control is a statement that is the session's own business.
type Control struct {
	// Verb is BEGIN, COMMIT, ROLLBACK, SAVEPOINT, ROLLBACK TO, RELEASE, SET, SHOW, RESET, DISCARD or DEALLOCATE.
	Verb string
	// Tag is what BEGIN is called when it is done: it has two names.
	Tag string
	// Name is of a savepoint, a setting or a prepared statement; "" is all.
	Name, Value string
	// Serializable and ReadOnly are what BEGIN asks for.
	Serializable, ReadOnly bool
}

// control reads one, nil if the statement is none.
func control(tokens []token) (*Control, error) {
	last := tokens[len(tokens)-1]
	switch first := tokens[0]; {
	case first.is("begin"), first.is("start") && len(tokens) > 1 && tokens[1].is("transaction"):
		c := &Control{Verb: "BEGIN", Tag: "BEGIN"}
		if first.is("start") {
			c.Tag = "START TRANSACTION"
		}
		c.options(tokens)
		return c, nil
	case first.is("commit"), first.is("end"):
		if len(tokens) > 1 && tokens[1].is("prepared") {
			return nil, unsupported("two-phase commit")
		}
		return &Control{Verb: "COMMIT"}, nil
	case first.is("rollback"), first.is("abort"):
		if at := find(tokens, 0, "to"); at > 0 && last.name() {
			return &Control{Verb: "ROLLBACK TO", Name: last.text}, nil
		}
		return &Control{Verb: "ROLLBACK"}, nil
	case first.is("savepoint"), first.is("release"):
		if len(tokens) < 2 || !last.name() {
			return nil, &Error{Code: "42601", Message: "syntax error: a savepoint has a name"}
		}
		return &Control{Verb: strings.ToUpper(first.text), Name: last.text}, nil
	case first.is("set"):
		return set(tokens)
	case first.is("show"), first.is("reset"), first.is("discard"), first.is("deallocate"):
		c := &Control{Verb: strings.ToUpper(first.text)}
		if len(tokens) > 1 && !last.is("all") {
			c.Name = strings.Join(textOf(tokens[1:]), "_")
		}
		return c, nil
	}
	return nil, nil
}

func textOf(tokens []token) []string {
	var all []string
	for _, t := range tokens {
		all = append(all, t.text)
	}
	return all
}

func (c *Control) options(tokens []token) {
	for n := range tokens {
		if matches(tokens[n:], []string{"serializable"})+matches(tokens[n:], []string{"repeatable", "read"}) > 0 {
			c.Serializable = true
		}
		if matches(tokens[n:], []string{"read", "only"}) > 0 {
			c.ReadOnly = true
		}
	}
}

// set reads SET name = value and SET TRANSACTION.
func set(tokens []token) (*Control, error) {
	at := 1
	if at < len(tokens) && (tokens[at].is("session") || tokens[at].is("local")) {
		at++
	}
	rest := tokens[at:]
	switch {
	case len(rest) > 0 && (rest[0].is("transaction") || rest[0].is("characteristics")):
		c := &Control{Verb: "SET", Name: "transaction"}
		c.options(rest)
		return c, nil
	case matches(rest, []string{"time", "zone"}) > 0 && len(rest) > 2:
		return &Control{Verb: "SET", Name: "timezone", Value: rest[2].text}, nil
	case len(rest) >= 3 && rest[0].name() && (rest[1].is("=") || rest[1].is("to")):
		return &Control{Verb: "SET", Name: rest[0].text, Value: strings.Join(textOf(rest[2:]), "")}, nil
	}
	return nil, &Error{Code: "42601", Message: "syntax error in SET"}
}

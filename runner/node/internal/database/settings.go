package database

import (
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/squallhq/squall/runner/node/internal/database/sqlengine"
)

// settings are what a client may SET and SHOW, and what they are if it does not. Those that would change what the
// built-in database does, and do not, are not among them. A transaction in which a client says nothing ends after 10s,
// where PostgreSQL's own default is for ever: here one that writes holds up every other one.
var settings = map[string]string{
	"application_name": "", "client_encoding": "UTF8", "client_min_messages": "notice", "datestyle": "ISO, MDY",
	"default_transaction_isolation": "read committed", "extra_float_digits": "1", "idle_in_transaction_session_timeout": "10s",
	"integer_datetimes": "on", "intervalstyle": "postgres", "max_connections": strconv.Itoa(defaultConnections), "search_path": "public",
	"server_encoding": "UTF8", "server_version": "15.0 (squall)", "standard_conforming_strings": "on", "statement_timeout": "0",
	"timezone": "UTC", "transaction_isolation": "read committed", "transaction_read_only": "off",
}

// fixed are those of which only the one value is known.
var fixedSettings = map[string]string{
	"client_encoding": "utf8", "timezone": "utc", "standard_conforming_strings": "on", "datestyle": "iso,mdy", "search_path": "public",
	"default_transaction_isolation": "read committed",
}

// setting is SET, SHOW, RESET, DISCARD or DEALLOCATE.
func (s *session) setting(c *sqlengine.Control) (tag string, _ *pgproto3.ErrorResponse) {
	switch c.Verb {
	case "DISCARD":
		clear(s.prepared)
		clear(s.set)
		return "DISCARD ALL", nil
	case "DEALLOCATE":
		if c.Name == "" {
			clear(s.prepared)
		}
		delete(s.prepared, c.Name)
		return c.Verb, nil
	case "RESET":
		if c.Name == "" {
			clear(s.set)
		}
		delete(s.set, c.Name)
		return c.Verb, nil
	}
	if c.Name == "transaction" {
		t := s.within()
		t.serializable, t.readOnly = t.serializable || c.Serializable, t.readOnly || c.ReadOnly
		return c.Verb, nil
	}
	name := strings.NewReplacer("time_zone", "timezone", "transaction_isolation_level", "transaction_isolation").Replace(c.Name)
	if _, known := settings[name]; !known {
		return "", sqlError("42704", "unrecognized configuration parameter \""+c.Name+"\" of the built-in database")
	}
	if c.Verb == "SET" {
		return c.Verb, s.change(name, c.Value)
	}
	return c.Verb, nil
}

func (s *session) change(name, to string) *pgproto3.ErrorResponse {
	plain := strings.ToLower(strings.Trim(to, `"`))
	if only := fixedSettings[name]; only != "" && plain != only && plain != "default" && strings.ReplaceAll(plain, "-", "") != only && !strings.HasPrefix(only, plain) {
		return sqlError("0A000", "the built-in database has no other "+name+" than "+settings[name])
	}
	if _, err := period(to); err != nil && strings.HasSuffix(name, "_timeout") && plain != "default" {
		return sqlError("22023", "invalid value for parameter \""+name+"\": "+strconv.Quote(to))
	}
	if s.set == nil {
		s.set = make(map[string]string)
	}
	if delete(s.set, name); plain != "default" {
		s.set[name] = to
	}
	return nil
}

// value is a setting as it is now.
func (s *session) value(name string) string {
	if is, set := s.set[name]; set {
		return is
	}
	return settings[name]
}

// period is a setting of time: a number of milliseconds, or with a unit; 0 is for ever.
func period(value string) (time.Duration, error) {
	if ms, err := strconv.Atoi(value); err == nil {
		return time.Duration(ms) * time.Millisecond, nil
	}
	return time.ParseDuration(strings.ReplaceAll(strings.TrimSuffix(value, "in"), " ", ""))
}

// timeout is a setting of time that was read when it was set.
func (s *session) timeout(name string) time.Duration {
	d, _ := period(s.value(name))
	return d
}

// show is what SHOW answers.
func (s *session) show(c *sqlengine.Control) []any {
	return []any{s.value(strings.NewReplacer("time_zone", "timezone", "transaction_isolation_level", "transaction_isolation").Replace(c.Name))}
}

func shown(c *sqlengine.Control) []sqlengine.Field {
	if c == nil || c.Verb != "SHOW" {
		return nil
	}
	return []sqlengine.Field{{Name: c.Name, OID: pgtype.TextOID}}
}

package node

import "strings"

// matcher is "[METHOD ]/path", where a trailing * stands for any rest. GET covers HEAD too.
type matcher struct {
	method, path string
	rest         bool
}

func newMatcher(s string) matcher {
	var m matcher
	if method, path, ok := strings.Cut(strings.TrimSpace(s), " "); ok {
		m.method, m.path = method, strings.TrimSpace(path)
	} else {
		m.path = method
	}
	m.path, m.rest = strings.CutSuffix(m.path, "*")
	return m
}

func (m matcher) matches(method, path string) bool {
	if m.method != "" && m.method != method && (m.method != "GET" || method != "HEAD") {
		return false
	}
	if m.rest {
		return strings.HasPrefix(path, m.path)
	}
	return path == m.path
}

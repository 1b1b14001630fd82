package wire

import "testing"

func TestRoutesTake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		match, method, path string
		want                bool
	}{
		{"/a", "POST", "/a", true}, {"/a", "GET", "/a/b", false}, {"/a/*", "GET", "/a/b/c", true}, {"/a/*", "GET", "/a", false},
		{"GET /a", "HEAD", "/a", true}, {"HEAD /a", "GET", "/a", false}, {"POST /*", "GET", "/", false}, {" /a ", "GET", "/a", true},
	} {
		if got := ParseRoute(test.match).Takes(test.method, test.path); got != test.want {
			t.Errorf("%q takes %s %s: %t", test.match, test.method, test.path, got)
		}
	}
}

func TestRoutesCover(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wide, narrow string
		want         bool
	}{
		{"/*", "GET /a", true}, {"/a", "/a", true}, {"/a", "/a*", false}, {"/a*", "/ab*", true}, {"GET /*", "HEAD /a", true},
		{"GET /*", "/a", false}, {"/ab*", "/a*", false},
	} {
		if got := ParseRoute(test.wide).Covers(ParseRoute(test.narrow)); got != test.want {
			t.Errorf("%q covers %q: %t", test.wide, test.narrow, got)
		}
	}
}

func TestLogins(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		dsn           string
		want, builtin Login
	}{
		{"", Login{}, Login{User: "squall", Database: "squall"}},
		{"ann", Login{User: "ann"}, Login{User: "ann", Database: "squall"}},
		{"ann:p@ss:word@shop", Login{"ann", "p@ss:word", "shop"}, Login{"ann", "p@ss:word", "shop"}},
	} {
		if got := ParseLogin(test.dsn); got != test.want {
			t.Errorf("%q is %+v", test.dsn, got)
		}
		if got := ParseBuiltinLogin(test.dsn); got != test.builtin {
			t.Errorf("%q of a built-in database is %+v", test.dsn, got)
		}
	}
}

func TestCallCountersAddUp(t *testing.T) {
	t.Parallel()
	a, b := CallCounters{5, 3, 2, 1}, CallCounters{2, 1, 1, 1}
	if got := a.Add(b).Sub(b); got != a {
		t.Errorf("%+v", got)
	}
}

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

// What was in flight when an earlier life of the caller ended has ended with it.
func TestCallCountersAddUp(t *testing.T) {
	t.Parallel()
	first, later := CallCounters{Attempts: 5, Organic: 3, Retries: 2, Failures: 1, InFlight: 1}, CallCounters{Attempts: 2, Organic: 1, Retries: 1, Failures: 1}
	want := CallCounters{Attempts: 7, Organic: 4, Retries: 3, Failures: 2, GaveUp: 1}
	if got := first.Add(later); got != want || got.Answered() != 4 {
		t.Errorf("%+v, %d answered", got, got.Answered())
	}
	if got := want.Sub(later); got != (CallCounters{Attempts: 5, Organic: 3, Retries: 2, Failures: 1, GaveUp: 1}) {
		t.Errorf("%+v", got)
	}
}

package wire

import "strings"

// Route is "[METHOD ]/path[*]", the match of a gateway's routes, a cdn's rules and the like: without a method it takes
// all of them, GET takes HEAD too, and a * at the path's end stands for any rest. The path is matched as it was sent.
type Route struct {
	Method, Path string
	Rest         bool
}

// ParseRoute reads a match. It accepts anything: the language refuses what is none.
func ParseRoute(match string) Route {
	var r Route
	if method, path, ok := strings.Cut(strings.TrimSpace(match), " "); ok {
		r.Method, r.Path = method, strings.TrimSpace(path)
	} else {
		r.Path = method
	}
	r.Path, r.Rest = strings.CutSuffix(r.Path, "*")
	return r
}

// Takes tells whether a request goes by this route.
func (r Route) Takes(method, path string) bool {
	return r.takesMethod(method) && (r.Path == path || r.Rest && strings.HasPrefix(path, r.Path))
}

// Covers tells whether the route takes everything that another one would.
func (r Route) Covers(narrow Route) bool {
	if !r.takesMethod(narrow.Method) {
		return false
	}
	return r.Rest && strings.HasPrefix(narrow.Path, r.Path) || !r.Rest && !narrow.Rest && r.Path == narrow.Path
}

func (r Route) takesMethod(method string) bool {
	return r.Method == "" || r.Method == method || r.Method == "GET" && method == "HEAD"
}

package scenarios

import (
	"fmt"
	"strings"
)

// entrance checks that a gateway's auth has what it needs, and that what it needs is used.
func (v *validator) entrance(n *Node) {
	if n.Kind != KindGateway {
		return
	}
	for _, part := range []struct {
		key, auth, fix string
		given          bool
	}{
		{"jwt", "jwt", "jwt: {secret: KEY}, what tokens are signed with", n.JWT != nil},
		{"identity", "introspect", "identity: NODE METHOD /path, who is asked about each token", n.Identity != nil},
	} {
		switch {
		case n.Auth == part.auth && !part.given && v.valueAt(At("topology", n.Name, part.key)) == nil:
			v.problem(At("topology", n.Name, "auth"), fmt.Sprintf("auth: %s of gateway %q has no %s", part.auth, n.Name, part.key), "add "+part.fix)
		case n.Auth != part.auth && part.given:
			v.problem(At("topology", n.Name, part.key), fmt.Sprintf("%s is for auth: %s", part.key, part.auth), "take it away, or add auth: "+part.auth)
		}
	}
}

// ignored checks the names of query parameters that a cache's key leaves out.
func (v *validator) ignored(names []string, at Path) {
	for i, name := range names {
		if name == "" || strings.Contains(strings.TrimSuffix(name, "*"), "*") {
			v.problem(at.Item(i), fmt.Sprintf("%s is not the name of a query parameter", quoteShort(name)), "write it as in utm_source, or utm_* for every one that begins so")
		}
	}
}

package check

import (
	"fmt"
	"strings"

	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/source"
)

// entrance checks that a gateway's auth has what it needs, and that what it needs is used.
func (v *Checker) entrance(n *scenarios.Node) {
	if n.Kind != scenarios.KindGateway {
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
		case n.Auth == part.auth && !part.given && v.valueAt(scenarios.At("topology", n.Name, part.key)) == nil:
			v.Problem(scenarios.At("topology", n.Name, "auth"), fmt.Sprintf("auth: %s of gateway %q has no %s", part.auth, n.Name, part.key), "add "+part.fix)
		case n.Auth != part.auth && part.given:
			v.Problem(scenarios.At("topology", n.Name, part.key), fmt.Sprintf("%s is for auth: %s", part.key, part.auth), "take it away, or add auth: "+part.auth)
		}
	}
}

// ignored checks the names of query parameters that a cache's key leaves out.
func (v *Checker) ignored(names []string, at scenarios.Path) {
	for i, name := range names {
		if name == "" || strings.Contains(strings.TrimSuffix(name, "*"), "*") {
			v.Problem(at.Item(i), fmt.Sprintf("%s is not the name of a query parameter", source.QuoteShort(name)), "write it as in utm_source, or utm_* for every one that begins so")
		}
	}
}

package imagenode

import (
	"maps"
	"slices"

	"github.com/squallhq/squall/scenarios"
)

// environment is an image's: what the scenario says, and for a database the credentials that its
// callers use, which the usual images don't start without.
func environment(n *scenarios.Node) []string {
	env := map[string]string{}
	if n.Kind == scenarios.KindDatabase {
		maps.Copy(env, n.DatabaseEnvironment())
	}
	maps.Copy(env, n.Env)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

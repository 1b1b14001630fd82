package scenarios

import (
	"maps"
	"slices"
)

// Environ is the environment of an image, NAME=VALUE by name: what the scenario says, and for a database the credentials that its
// callers use, which the usual images don't start without.
func (n *Node) Environ() []string {
	env := map[string]string{}
	if n.Kind == KindDatabase {
		maps.Copy(env, n.DatabaseEnvironment())
	}
	maps.Copy(env, n.Env)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		out = append(out, name+"="+env[name])
	}
	return out
}

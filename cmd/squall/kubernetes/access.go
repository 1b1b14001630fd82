// Package kubernetes is what commands have to do with a cluster besides running scenarios in it: how it is reached, the role that squall needs
// there, and what is removed that runs have left.
package kubernetes

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
)

// Access is flags that say which cluster is meant, and which namespace in it.
type Access struct {
	kubeconfig, context, namespace string
}

// Register adds the flags.
func (a *Access) Register(f *pflag.FlagSet) {
	f.StringVar(&a.kubeconfig, "kubeconfig", "", "kubernetes: the file that says how the cluster is reached (default: as for kubectl, or this pod's account)")
	f.StringVar(&a.context, "context", "", "kubernetes: the file's context (default: its current one)")
	f.StringVar(&a.namespace, "namespace", "", "kubernetes: the namespace to work in (default: the context's)")
}

// Client is for the cluster that is meant; patience is how long it may be away, 0 for as long as a run waits.
func (a *Access) Client(patience time.Duration) (*apiserver.Client, error) {
	return apiserver.Open(apiserver.Options{
		Options:  kubeconfig.Options{Path: a.kubeconfig, Context: a.context, Namespace: a.namespace},
		Patience: patience,
	})
}

// given are the flags as they were given.
func (a *Access) given() []string {
	return given("--kubeconfig", a.kubeconfig, "--context", a.context, "--namespace", a.namespace)
}

// words are the same for people to type, with a blank before each.
func (a *Access) words() string {
	out := ""
	for _, w := range a.given() {
		out += " " + w
	}
	return out
}

// given are names and values, those that have one.
func given(pairs ...string) (out []string) {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out = append(out, pairs[i], pairs[i+1])
		}
	}
	return out
}

// patience is how long somebody waits who only cleans up.
const patience = 10 * time.Second

// Clean removes what runs have left in the namespace whose conductors are gone, and says so.
func (a *Access) Clean(ctx context.Context, say func(string)) error {
	c, err := a.Client(patience)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := c.Version(ctx); err != nil { // one that is not there is said at once
		return err
	}
	removed, err := claim.Reap(ctx, c)
	for _, line := range removed {
		say("removed " + line)
	}
	if err != nil {
		return fmt.Errorf("clean namespace %q of the cluster at %s: %w", c.Namespace, c.Server, err)
	}
	return nil
}

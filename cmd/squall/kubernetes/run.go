package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	engine "github.com/squallhq/squall/runner/engine/kubernetes"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
)

// Running is flags that say in which cluster a scenario runs, and of which image.
type Running struct {
	Access
	image string
	pull  []string
	zones bool
	own   bool
	// reroute: Services of others may be led to the run.
	reroute bool
}

// Register adds the flags.
func (r *Running) Register(f *pflag.FlagSet) {
	r.Access.Register(f)
	f.StringVar(&r.image, "image", "", "kubernetes: squall's own image, where the cluster pulls it from")
	f.StringSliceVar(&r.pull, "image-pull-secrets", nil, "kubernetes: secrets of the namespace by which images are pulled")
	f.BoolVar(&r.own, "own-namespace", false, "kubernetes: make a namespace for the run, which goes with it, in place of --namespace (squall kubernetes role --own-namespace says what that needs)")
	f.BoolVar(&r.reroute, "allow-reroute", false, "kubernetes: let Services that external nodes call lead to the run while it lasts, for everybody who calls them, so that faults can be between what runs there (squall kubernetes role --allow-reroute SERVICE)")
	f.BoolVar(&r.zones, "node-zones", false, "kubernetes: put instances on machines whose labels say the scenario's regions and zones")
}

// Check says what the flags lack for a run in a cluster.
func (r *Running) Check() error {
	if r.image == "" {
		return errors.New("--engine kubernetes needs --image: the name by which the cluster pulls squall's own image")
	}
	switch {
	case r.own && r.namespace != "":
		return fmt.Errorf("--own-namespace makes a namespace for the run, and --namespace %s names one that is there; leave one of them out", r.namespace)
	case r.own && r.reroute:
		return errors.New("--allow-reroute puts a pod in the place of a Service of the run's namespace, and one that --own-namespace makes has none; run in the namespace of the Service (--namespace)")
	case r.own && len(r.pull) > 0:
		return errors.New("--image-pull-secrets are secrets of the namespace, and one that --own-namespace makes has none; give a namespace that has them (--namespace), or pull without")
	}
	return nil
}

// Words are the flags as they were given, for who makes the run once more.
func (r *Running) Words() (out []string) {
	out = append(r.Access.given(), given("--image", r.image, "--image-pull-secrets", strings.Join(r.pull, ","))...)
	if r.own {
		out = append(out, "--own-namespace")
	}
	if r.reroute {
		out = append(out, "--allow-reroute")
	}
	if r.zones {
		out = append(out, "--node-zones")
	}
	return out
}

// Engine makes the engine, once the cluster has answered, and says where that is. Generators is how many pods send the loads; 0: one.
func (r *Running) Engine(ctx context.Context, generators int) (*engine.Engine, string, error) {
	client, err := r.Client(apiserver.DefaultPatience)
	if err != nil {
		return nil, "", err
	}
	e := engine.New(engine.Options{Client: client, OwnNamespace: r.own, AllowReroute: r.reroute, Image: r.image, PullSecrets: r.pull, Zones: r.zones, Generators: max(1, generators)})
	where, err := e.Available(ctx)
	return e, where, err
}

package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/scenarios/topology"
)

// Plan is flags that say what a plan is in a cluster, for who reviews it.
type Plan struct {
	namespace, image string
	generators       int
	zones, own       bool
}

// Register adds the flags.
func (p *Plan) Register(f *pflag.FlagSet) {
	f.StringVar(&p.namespace, "namespace", "", "kubernetes: the namespace of its objects (default: one of the run's own)")
	f.BoolVar(&p.own, "own-namespace", false, "kubernetes: in a namespace of the run's own, as where no --namespace is given")
	f.StringVar(&p.image, "image", "", "kubernetes: squall's own image, where the cluster pulls it from")
	f.IntVar(&p.generators, "generators", 1, "kubernetes: how many pods send the loads")
	f.BoolVar(&p.zones, "node-zones", false, "kubernetes: put instances on machines whose labels say the scenario's regions and zones")
}

// shownRun stands for the run's id where objects are only shown.
const shownRun = "plan"

// Write writes a plan's objects as YAML, the Job that owns all of them among the first: what is made when it runs, such as tokens, and secrets, are only said.
func (p *Plan) Write(to io.Writer, plan *topology.Plan) error {
	if p.image == "" {
		return errors.New("--engine kubernetes needs --image: the name by which the cluster pulls squall's own image")
	}
	if p.own && p.namespace != "" {
		return fmt.Errorf("--own-namespace makes a namespace for the run, and --namespace %s names one that is there; leave one of them out", p.namespace)
	}
	if p.generators < 1 {
		return fmt.Errorf("--generators %d: one pod at least sends the loads", p.generators)
	}
	o := objects.Options{
		Run: shownRun, Namespace: p.namespace, Image: p.image, Folder: objects.Folder(plan.Scenario.Folder),
		Generators: p.generators, Generator: objects.GeneratorWords, Zones: p.zones,
	}
	if o.Namespace == "" {
		o.Namespace, o.Own = "squall-"+shownRun, true
	}
	set, err := objects.Make(plan, o)
	if err != nil {
		return err
	}
	// What is made for who owns all goes before: the namespace, and the Job with which everything expires.
	all, at := set.All(), 0
	if set.Namespace != nil {
		at = 1
	}
	return manifest.Write(to, slices.Insert(all, at, any(claim.Shown(o.Run, o.Namespace)))...)
}

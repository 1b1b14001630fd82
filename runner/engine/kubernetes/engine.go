// Package kubernetes runs topologies in a cluster: every instance in a pod of its own, with the mesh beside it that carries what it calls, and
// an agent as process 1 that runs it (package objects says what a plan is there). The conductor is outside the cluster or in it.
//
// Everything that is made is owned by one object that expires by itself (package claim): a run whose conductor is gone is gone soon after,
// with nobody there to clean up. Nothing is asked of the cluster but what package role says, in one namespace.
package kubernetes

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/trust"
	"github.com/squallhq/squall/scenarios/topology"
)

// Options of an Engine.
type Options struct {
	// Client speaks to the cluster, in the namespace where runs are.
	Client *apiserver.Client
	// OwnNamespace gives every run a namespace of its own, which goes with it, in place of the client's.
	OwnNamespace bool
	// Image is squall's own, as the cluster pulls it.
	Image string
	// PullSecrets are those by which images are pulled.
	PullSecrets []string
	// AllowReroute lets Services of others be led to pods of a run while it lasts, where its scenario has edges between external nodes; without it that is
	// an error.
	AllowReroute bool
	// Generators are how many pods send the loads. 0: none; who drives loads then reaches their edges by way of the API server, which is for
	// trying out alone.
	Generators int
	// Zones puts instances on machines whose labels say the scenario's regions and zones.
	Zones bool
	// Program is what an image runs by itself, where that is known; nil: of none.
	Program func(image string) (objects.Program, bool)
	// Lease is how long a run's objects outlive the last word of its conductor; 0: the claim's own.
	Lease time.Duration
}

// Engine starts runs in a cluster.
type Engine struct {
	o Options
	// secret is what the tokens of all runs are made of.
	secret []byte

	mu sync.Mutex
	// runs are those that are up, by their ids.
	runs map[string]*testbed
}

var (
	_ runner.Engine = (*Engine)(nil)
	_ engine.Driver = (*Engine)(nil)
)

// New makes an engine. Nothing is asked yet.
func New(o Options) *Engine {
	e := &Engine{o: o, secret: make([]byte, sha256.Size), runs: map[string]*testbed{}}
	_, _ = rand.Read(e.secret) // never fails
	return e
}

// Generators are how many pods send the loads.
func (e *Engine) Generators() int { return e.o.Generators }

// token is what who tells a part of something must show: each has its own, and the conductor keeps but one secret.
func (e *Engine) token(of ...string) string {
	h := hmac.New(sha256.New, e.secret)
	for _, one := range of {
		_, _ = h.Write([]byte(one + "\x00")) // never an error
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Name is kubernetes.
func (e *Engine) Name() string { return "kubernetes" }

// Has tells what pods can do beyond starting and ending built-in nodes.
func (e *Engine) Has(c runner.Capability) bool {
	switch c {
	case runner.Images, runner.Externals, runner.Reroutes, runner.Machines, runner.Pauses, runner.CPULimits, runner.MemoryLimits:
		return true
	default:
		return false
	}
}

// Available tells the cluster's version, or why none can be used.
func (e *Engine) Available(ctx context.Context) (string, error) {
	version, err := e.o.Client.Version(ctx)
	if err != nil {
		return "", fmt.Errorf("reach the cluster: %w", err)
	}
	namespace := "namespace " + e.o.Client.Namespace
	if e.o.OwnNamespace {
		namespace = "a namespace of the run's own"
	}
	return fmt.Sprintf("Kubernetes %s at %s, %s", version, e.o.Client.Server, namespace), nil
}

// Check says why a plan can't run in pods.
func (e *Engine) Check(p *topology.Plan) error {
	o := e.objects(p, "check")
	o.Own = e.o.OwnNamespace
	_, err := objects.Make(p, o)
	return errors.Join(engine.Check(e, p), e.mayReroute(p), undoable(p), trust.Check(p, trust.Roots()), err)
}

// undoable says which faults of a plan pods can't be put on.
func undoable(p *topology.Plan) error {
	why := map[faults.Op]string{
		faults.OpFill:        "a pod's volumes can't be filled from outside; use --engine docker",
		faults.OpReplace:     "a pod whose image is replaced is another one, at another address; use --engine docker",
		faults.OpCertificate: "a pod is given no certificate of the run's; use --engine docker",
	}
	var errs []error
	for _, f := range p.Faults {
		for _, one := range f.Primitives {
			if words := why[one.Op]; words != "" {
				errs = append(errs, f.Refused(errors.New(words)))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// Launch starts everything and returns when every instance is healthy.
func (e *Engine) Launch(ctx context.Context, l runner.Launch) (runner.System, error) {
	return engine.Launch(ctx, e, l)
}

// objects are the options of a run's objects, but for what is only known when it runs.
func (e *Engine) objects(p *topology.Plan, run string) objects.Options {
	return objects.Options{
		Run: run, Namespace: e.o.Client.Namespace, Image: e.o.Image, PullSecrets: e.o.PullSecrets, Zones: e.o.Zones, Generators: e.o.Generators, Generator: objects.GeneratorWords,
		Folder: objects.Folder(p.Scenario.Folder), Environment: os.LookupEnv, Program: e.o.Program,
	}
}

package kubernetes

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/squallhq/squall/internal/clocks"
	engine "github.com/squallhq/squall/runner/engine/kubernetes"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// Doctor is flags that say which cluster is looked at.
type Doctor struct {
	Access
	image string
	pull  []string
	more  role.More
}

// Register adds the flags.
func (d *Doctor) Register(f *pflag.FlagSet) {
	d.Access.Register(f)
	f.StringVar(&d.image, "image", "", "kubernetes: squall's own image: three small pods of it are run for some seconds, to see whether it is there, what clocks say and whether policies are enforced")
	f.StringSliceVar(&d.pull, "image-pull-secrets", nil, "kubernetes: secrets of the namespace by which images are pulled")
	f.BoolVar(&d.more.OwnNamespace, "own-namespace", false, "kubernetes: look at what runs need that have a namespace of their own")
	f.StringSliceVar(&d.more.Reroutes, "allow-reroute", nil, "kubernetes: services of the namespace that runs may lead to themselves while they last: whether they can, and whether these are given back")
}

// Mark is how well a thing is.
type Mark string

// The marks.
const (
	Good    Mark = "ok "
	Fix     Mark = "fix"
	Untold  Mark = "-  "
	least        = 29 // the minor version from which on sidecars are there
	resizes      = 33 // and limits that change while a pod runs
)

// Look says of each thing that runs need of a cluster how it is.
func (d *Doctor) Look(ctx context.Context, say func(mark Mark, what, text string)) {
	c, err := d.Client(patience)
	if err != nil {
		say(Fix, "cluster", err.Error())
		return
	}
	defer c.Close()
	version, err := c.Version(ctx)
	if err != nil {
		say(Fix, "cluster", err.Error())
		return
	}
	say(Good, "cluster", fmt.Sprintf("the API server at %s answers, as %s says", c.Server, c.From))
	say(versioned(version))
	missing, err := d.more.Missing(ctx, c)
	words := " --namespace " + c.Namespace
	if d.more.OwnNamespace {
		words += " --own-namespace"
	}
	switch {
	case err != nil:
		say(Fix, "role", err.Error())
	case len(missing) > 0:
		say(Fix, "role", fmt.Sprintf("you lack: %s; `squall kubernetes role%s` prints a role that has it", strings.Join(missing, ", "), words))
	default:
		say(Good, "role", "you may do all that runs need")
	}
	well := err == nil && len(missing) == 0
	if !d.more.OwnNamespace {
		well = d.admits(ctx, c, say) && well
	}
	d.reroutes(ctx, c, say)
	switch {
	case d.image == "":
		say(Untold, "pods", "not tried: --image REF runs three small ones for some seconds, to see whether the image is there, what clocks say and whether policies are enforced")
	case !well:
		say(Untold, "pods", "not tried before that is fixed")
	default:
		d.probe(ctx, c, say)
	}
}

func (d *Doctor) engine(c *apiserver.Client) *engine.Engine {
	return engine.New(engine.Options{Client: c, OwnNamespace: d.more.OwnNamespace, Image: cmp.Or(d.image, "squall"), PullSecrets: d.pull})
}

// versioned is what a version means to runs.
func versioned(version string) (Mark, string, string) {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	minor := -1
	if len(parts) > 1 && parts[0] == "1" {
		if n, err := strconv.Atoi(parts[1]); err == nil {
			minor = n
		}
	}
	switch {
	case minor < 0:
		return Untold, "version", version + ": whether it has what runs need is not known here"
	case minor < least:
		return Fix, "version", fmt.Sprintf("%s has no sidecars: runs need 1.%d or later", version, least)
	case minor < resizes:
		return Good, "version", fmt.Sprintf("%s; faults on CPU and memory need 1.%d", version, resizes)
	}
	return Good, "version", version
}

// admits says what Pod Security asks of pods in the namespace, and whether what a run makes would be let in: the server is asked, and makes nothing.
func (d *Doctor) admits(ctx context.Context, c *apiserver.Client, say func(Mark, string, string)) bool {
	n, err := apiserver.Get[kinds.Namespace](ctx, c, apiserver.Namespaces, c.Namespace)
	switch {
	case errors.Is(err, apiserver.ErrNotFound):
		say(Fix, "namespace", fmt.Sprintf("there is no namespace %s; make it, or use --namespace, or --own-namespace", c.Namespace))
		return false
	case errors.Is(err, apiserver.ErrForbidden): // the least role may not read it, and need not
		say(Untold, "namespace", c.Namespace+"; what Pod Security asks there is not told: you may not read it")
	case err != nil:
		say(Fix, "namespace", err.Error())
		return false
	default:
		level := cmp.Or(n.Metadata.Labels["pod-security.kubernetes.io/enforce"], "what the cluster asks by default")
		say(Good, "namespace", fmt.Sprintf("%s; Pod Security enforces %s, and squall's pods are as restricted wants them", c.Namespace, level))
	}
	if err := d.engine(c).Admits(ctx, "doctor"); err != nil {
		say(Fix, "admission", "what a run makes is not let in: "+err.Error())
		return false
	}
	say(Good, "admission", "what a run makes would be let in")
	return true
}

// reroutes says whether Services can be led to a run, and whether the account of the pods that give them back may do that.
func (d *Doctor) reroutes(ctx context.Context, c *apiserver.Client, say func(Mark, string, string)) {
	if len(d.more.Reroutes) == 0 {
		return
	}
	if d.more.OwnNamespace {
		say(Fix, "reroute", "a run that reroutes a Service is in the namespace of that: leave --own-namespace or --allow-reroute out")
		return
	}
	for _, name := range d.more.Reroutes {
		s, err := apiserver.Get[kinds.Service](ctx, c, apiserver.Services, name)
		if err != nil {
			say(Fix, "reroute", err.Error())
		} else if err := reroute.Check(s); err != nil {
			say(Fix, "reroute", fmt.Sprintf("Service %s %v", name, err))
		} else {
			say(Good, "reroute", fmt.Sprintf("Service %s can be led to a run", name))
		}
	}
	g, err := d.more.Guarded(ctx, c)
	switch {
	case err != nil:
		say(Fix, "guard", err.Error())
	case len(g.Missing) > 0:
		say(Fix, "guard", fmt.Sprintf("there lacks: %s; `squall kubernetes role --namespace %s --allow-reroute %s` prints it", strings.Join(g.Missing, ", "), c.Namespace, strings.Join(d.more.Reroutes, ",")))
	case len(g.Untold) > 0:
		say(Untold, "guard", "not told: "+strings.Join(g.Untold, "; "))
	default:
		say(Good, "guard", fmt.Sprintf("account %s may give back what is led to a run", role.Rerouter))
	}
}

// probe runs pods and says what they have found.
func (d *Doctor) probe(ctx context.Context, c *apiserver.Client, say func(Mark, string, string)) {
	p, err := d.engine(c).Probe(ctx, "doctor-"+strings.ToLower(rand.Text()[:8]))
	if err != nil {
		say(Fix, "pods", err.Error())
		return
	}
	say(Good, "pods", fmt.Sprintf("three of %s ran and answered after %.1f s", d.image, p.Up.Seconds()))
	worst := slices.MaxFunc(p.Clocks, func(a, b clocks.Offset) int { return cmp.Compare(a.Ahead.Abs()+a.Uncertain, b.Ahead.Abs()+b.Uncertain) })
	say(Good, "clocks", fmt.Sprintf("at most %s from this machine's, give or take %s; runs reckon with that", round(worst.Ahead.Abs()), round(worst.Uncertain)))
	switch {
	case p.Enforced == nil:
		say(Untold, "policies", "not told: "+p.Why)
	case *p.Enforced:
		say(Good, "policies", "the cluster's network enforces NetworkPolicies: pods reach what the scenario connects them to, and nothing else")
	default:
		say(Untold, "policies", "the cluster's network does not enforce NetworkPolicies: runs go well, and a pod could reach what the scenario does not connect it to")
	}
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

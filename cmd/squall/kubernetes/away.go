package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

// House is what the commands about a cluster need of the program: how errors are marked, scenarios read, and runs shown.
type House struct {
	// Environment marks an error as the environment's, Usage as the command line's.
	Environment, Usage func(error) error
	// Ended is the program's end with the exit code of a run.
	Ended func(code int) error
	// NewRun is a new run's id.
	NewRun func() string
	// Who is who runs this program, for the record.
	Who func() string
	// Read reads a scenario.
	Read func(ctx context.Context, file, variant string, seed uint64, sets []string) (Scenario, error)
	// Saved notes that a run's folder was saved under runs/.
	Saved func(run, folder string)
	// Table shows a run that is in a folder, JSON writes its record as a line.
	Table func(w io.Writer, folder string, r *record.Result) error
	JSON  func(w io.Writer, r *record.Result) error
}

// Scenario is one that was read.
type Scenario struct {
	Document *language.Document
	Plan     *topology.Plan
	// Title is for people, Folder what a folder of its run is called, but for the run's id.
	Title, Folder string
}

// Away is flags by which a run's conductor works in the cluster itself.
type Away struct {
	// On tells that it is to.
	On     bool
	detach bool
	kept   kept
	// job is the one that this process is the conductor of; "": it is none.
	job string
}

// kept are flags about a conductor's pod.
type kept struct {
	keep           time.Duration
	claim, account string
}

func (k *kept) register(f *pflag.FlagSet) {
	f.DurationVar(&k.keep, "keep-results", conductor.DefaultKeep, "in the cluster: for how long a run's folder can be fetched once it is over, and its log be read after that")
	f.StringVar(&k.claim, "results-claim", "", "in the cluster: a PersistentVolumeClaim of the namespace whose volume keeps the runs' folders, each under its run's id")
	f.StringVar(&k.account, "service-account", "", "in the cluster: the conductor's account, with the role of `squall kubernetes role` (default: squall)")
}

func (k *kept) check() error {
	if k.keep < time.Second {
		return fmt.Errorf("--keep-results %s: it takes a while to fetch a run's folder; write 1h, say", k.keep)
	}
	return nil
}

// Register adds the flags.
func (a *Away) Register(f *pflag.FlagSet) {
	f.BoolVar(&a.On, "in-cluster", false, "kubernetes: have the conductor work in the cluster, too: this command follows it, and may be left with Ctrl-C; squall attach comes back")
	f.BoolVar(&a.detach, "detach", false, "with --in-cluster: begin, and don't follow")
	a.kept.register(f)
	f.StringVar(&a.job, "conductor", "", "")
	_ = f.MarkHidden("conductor")
}

// Conducts is the run of whose job this process is the conductor, and where its folder is; "": it is none's.
func (a *Away) Conducts() (run, folder string) {
	if a.job == "" {
		return "", ""
	}
	run, is := conductor.RunOf(a.job)
	if !is {
		run = a.job
	}
	return run, filepath.Join(conductor.ResultsFolder, run)
}

// here are flags that are about this machine, and stay; nobody are those that need somebody beside the conductor, or several runs.
var (
	here   = "engine kubeconfig context namespace image in-cluster detach keep-results results-claim service-account conductor out junit metrics quiet format docker-range virtual-hop virtual-sync"
	nobody = "keep web-at web-cert web-key alerts allow-hooks variants repeat jobs lease"
)

// words are the flags that were given, for the conductor.
func words(f *pflag.FlagSet) (out []string, err error) {
	f.Visit(func(one *pflag.Flag) {
		switch {
		case has(here, one.Name):
		case has(nobody, one.Name):
			err = errors.Join(err, fmt.Errorf("--%s and --in-cluster do not go together: the conductor makes one run, and nobody is beside it", one.Name))
		default:
			out = append(out, word(one)...)
		}
	})
	return out, err
}

func has(names, name string) bool {
	return strings.Contains(" "+names+" ", " "+name+" ")
}

// word is a flag as it was given.
func word(f *pflag.Flag) (out []string) {
	values := []string{f.Value.String()}
	if several, is := f.Value.(pflag.SliceValue); is {
		values = several.GetSlice()
	}
	for _, v := range values {
		out = append(out, "--"+f.Name+"="+v)
	}
	return out
}

// Ended is a run whose conductor has ended.
type Ended struct {
	Code int
	// Folder is where it was fetched to, and Result its record; "" and nil: there is none.
	Folder string
	Result *record.Result
}

// Run begins a run whose conductor is in the cluster, and follows it; nil: it was left to itself, as was asked for.
func (a *Away) Run(ctx context.Context, c *cobra.Command, r *Running, s Scenario, generators int, o Following) (*Ended, error) {
	order, err := a.order(c, r, s)
	if err != nil {
		return nil, o.House.Usage(err)
	}
	e, where, err := r.Engine(ctx, generators)
	if err != nil {
		return nil, o.House.Environment(err)
	}
	if err := e.Check(s.Plan); err != nil {
		return nil, o.House.Usage(err)
	}
	client, err := r.Client(0)
	if err != nil {
		return nil, o.House.Environment(err)
	}
	order.Namespace = client.Namespace
	id := o.House.NewRun()
	if o.Out, err = free(o.Out, order.Folder+"-"+id); err != nil {
		return nil, o.House.Usage(err)
	}
	o.say(fmt.Sprintf("%s on the kubernetes engine (asked for; %s), run %s, by a conductor in the cluster", s.Title, where, id))
	run, err := conductor.Begin(ctx, client, id, order)
	if err != nil {
		return nil, o.House.Environment(err)
	}
	o.back = "squall attach " + id + r.Access.words()
	if a.detach {
		o.say("it is left to itself: `" + o.back + "` follows it")
		return nil, nil
	}
	o.say("Ctrl-C leaves it to itself; `" + o.back + "` comes back")
	ended, err := o.follow(ctx, run)
	if unable, is := errors.AsType[*conductor.NotBegun](err); is {
		return nil, o.House.Environment(errors.Join(unable, run.Remove(context.WithoutCancel(ctx))))
	}
	return ended, err
}

// order is what the conductor is to make.
func (a *Away) order(c *cobra.Command, r *Running, s Scenario) (conductor.Order, error) {
	given, err := words(c.Flags())
	if err = errors.Join(err, r.Check(), a.kept.check()); err != nil {
		return conductor.Order{}, err
	}
	if r.own {
		return conductor.Order{}, errors.New("--own-namespace and --in-cluster do not go together: the conductor's account may work in its own namespace alone; leave one out")
	}
	h, err := handed(s.Document)
	if err != nil {
		return conductor.Order{}, err
	}
	return a.kept.order(r, s, given, h), nil
}

func (k *kept) order(r *Running, s Scenario, words []string, h conductor.Handed) conductor.Order {
	return conductor.Order{
		Image: r.image, PullSecrets: r.pull, Account: k.account, Title: s.Title, Folder: s.Folder, Words: words, Handed: h,
		Keep: k.keep, Claim: k.claim, Lasts: s.Plan.Scenario.WarmUpTime() + s.Plan.Scenario.Duration(),
	}
}

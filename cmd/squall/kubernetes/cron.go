package kubernetes

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	engine "github.com/squallhq/squall/runner/engine/kubernetes"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/scenarios/topology"
)

// cronFlags are those of squall kubernetes cronjob.
type cronFlags struct {
	Running
	kept               kept
	schedule, timeZone string
	name, variant      string
	seed               uint64
	sets               []string
	generators         int
	allowExternal      bool
	more               role.More
}

func cronCommand(h House) *cobra.Command {
	var f cronFlags
	c := &cobra.Command{
		Use:   "cronjob FILE",
		Short: "Print all that a cluster needs to run a scenario by the clock, as one YAML file",
		Long: `Prints squall's account and role, the scenario with the files that it names as a ConfigMap, and a CronJob whose jobs conduct the run in the
cluster, for kubectl apply; nothing is asked of a cluster. squall attach follows such a run, or fetches its folder once it is over; with
--results-claim a volume keeps the folders, with the report and the figures as OpenMetrics in them, under the runs' ids. What the scenario takes
from the environment or from files of secrets is not printed: it is said how to give the cluster that.`,
		Example: `  squall kubernetes cronjob --schedule '0 3 * * *' --image registry.example/squall:1 --namespace load-tests shop.yaml | kubectl apply -f -`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return f.print(c, h, args[0]) },
	}
	c.Flags().StringVar(&f.namespace, "namespace", "default", "the namespace of it all")
	c.Flags().StringVar(&f.image, "image", "", "squall's own image, where the cluster pulls it from")
	c.Flags().StringSliceVar(&f.pull, "image-pull-secrets", nil, "secrets of the namespace by which images are pulled")
	c.Flags().BoolVar(&f.zones, "node-zones", false, "put instances on machines whose labels say the scenario's regions and zones")
	c.Flags().StringVar(&f.schedule, "schedule", "", "when: minute, hour, day, month, weekday, as in '0 3 * * *'")
	c.Flags().StringVar(&f.timeZone, "time-zone", "", "the schedule's time zone, as in Europe/Berlin (default: the cluster's)")
	c.Flags().StringVar(&f.name, "name", "", "what it is called, up to 20 letters (default: after the scenario)")
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
	c.Flags().StringArrayVar(&f.sets, "set", nil, "change the scenario: PATH=VALUE; may be given several times")
	c.Flags().IntVar(&f.generators, "generators", 1, "how many pods send the loads")
	c.Flags().BoolVar(&f.allowExternal, "allow-external", false, "let it send to external nodes that are outside the cluster")
	c.Flags().BoolVar(&f.reroute, "allow-reroute", false, "let it lead Services that external nodes call to itself while it lasts, for everybody who calls them: what gives those back is printed, too")
	c.Flags().StringSliceVar(&f.more.Targets, "target", nil, "other namespaces with Services that the scenario calls, as for squall kubernetes role")
	f.kept.register(c.Flags())
	return c
}

func (f *cronFlags) check() error {
	switch {
	case f.image == "":
		return errors.New("a CronJob needs --image: the name by which the cluster pulls squall's own image")
	case len(strings.Fields(f.schedule)) != 5 && !strings.HasPrefix(f.schedule, "@"):
		return fmt.Errorf("--schedule %q: write minute, hour, day, month and weekday, as in '0 3 * * *'", f.schedule)
	case f.generators < 1:
		return fmt.Errorf("--generators %d: one pod at least sends the loads", f.generators)
	}
	return f.kept.check()
}

// print prints the objects.
func (f *cronFlags) print(c *cobra.Command, h House, file string) error {
	if err := f.check(); err != nil {
		return h.Usage(err)
	}
	s, err := h.Read(c.Context(), file, f.variant, f.seed, f.sets)
	if err != nil {
		return err
	}
	if f.name == "" {
		f.name = named(s.Folder)
	}
	objects, given, err := f.objects(s)
	if err != nil {
		return h.Usage(err)
	}
	f.tell(c.ErrOrStderr(), given)
	return manifest.Write(c.OutOrStdout(), objects...)
}

func (f *cronFlags) objects(s Scenario) ([]any, conductor.Handed, error) {
	e := engine.New(engine.Options{Client: &apiserver.Client{Namespace: f.namespace}, AllowReroute: f.reroute, Image: f.image, Zones: f.zones, Generators: f.generators})
	if err := e.Check(s.Plan); err != nil {
		return nil, conductor.Handed{}, err
	}
	given, err := handed(s.Document)
	if err != nil {
		return nil, given, err
	}
	if len(given.Variables) > 0 || slices.ContainsFunc(given.Files, func(f conductor.File) bool { return f.Secret }) {
		given.Elsewhere = "squall-" + f.name
	}
	order := f.kept.order(&f.Running, s, f.words(), given)
	order.Namespace = f.namespace
	all, err := conductor.Cron(f.name, f.schedule, f.timeZone, order)
	if services := rerouted(s.Plan); len(services) > 0 { // under a name of its own: another one's stays as it is
		all = append(role.Guard(f.namespace, role.Rerouter+"-"+f.name, services), all...)
	}
	if f.kept.account == "" { // another one is somebody's who has given it its role
		all = append(f.more.Objects(f.namespace), all...)
	}
	return all, given, err
}

// rerouted are the Services that a run of a plan leads to itself.
func rerouted(p *topology.Plan) (out []string) {
	for node := range objects.Reroutes(p) {
		if name, _, is, err := objects.ServiceOf(p.Scenario.Node(node).External.Host); is && err == nil && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// words are those flags that the conductor is given.
func (f *cronFlags) words() []string {
	out := given("--variant", f.variant, "--image-pull-secrets", strings.Join(f.pull, ","))
	if f.seed != 0 {
		out = append(out, "--seed", strconv.FormatUint(f.seed, 10))
	}
	for _, set := range f.sets {
		out = append(out, "--set", set)
	}
	out = append(out, "--generators", strconv.Itoa(f.generators))
	if f.zones {
		out = append(out, "--node-zones")
	}
	if f.allowExternal {
		out = append(out, "--allow-external")
	}
	if f.reroute {
		out = append(out, "--allow-reroute")
	}
	return out
}

// tell says how the cluster is given what is not printed.
func (f *cronFlags) tell(to io.Writer, given conductor.Handed) {
	if given.Elsewhere == "" {
		return
	}
	files, variables := given.Keys()
	line := "kubectl create secret generic " + given.Elsewhere + " --namespace " + f.namespace
	for _, key := range slices.Sorted(maps.Keys(files)) {
		line += " --from-file=" + key + "=" + files[key]
	}
	for _, name := range variables {
		line += ` --from-literal=` + name + `="$` + name + `"`
	}
	fmt.Fprintln(to, "squall: what is secret is not printed; give the cluster that with: "+line)
}

// named is a scenario's name as a cluster takes one.
func named(text string) string {
	text = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(text))
	return strings.Trim(text[:min(len(text), 20)], "-")
}

// Package gameday is the commands by which people take part in a run under way.
package gameday

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/control"
)

// flags are what every verb takes.
type flags struct {
	run, who string
	cluster  Cluster
}

// Cluster finds runs whose conductors are in a cluster.
type Cluster interface {
	// Register adds flags that say which cluster; Meant tells that one is.
	Register(f *pflag.FlagSet)
	Meant() bool
	// Control is the control of a run there, by its id or the beginning of it; "": the one under way that began last. let ends what it takes to ask.
	Control(ctx context.Context, run string) (c *control.Client, let func(), err error)
}

// client is that of the run which is meant; let lets go of it.
func (f flags) client(ctx context.Context) (c *control.Client, let func(), err error) {
	if f.cluster.Meant() {
		return f.cluster.Control(ctx, f.run)
	}
	dir := f.run
	if dir == "" {
		newest, err := control.Newest("runs")
		if err != nil {
			return nil, nil, fmt.Errorf("%w (one whose conductor is in a cluster: --engine kubernetes)", err)
		}
		dir = newest
	}
	c, err = control.Find(dir)
	return c, func() {}, err
}

// Command is `squall ctl`; refused gives an error the exit code of a command line that is wrong.
func Command(refused func(error) error, cluster Cluster) *cobra.Command {
	f := &flags{cluster: cluster}
	c := &cobra.Command{
		Use:   "ctl",
		Short: "Look at a run under way, put faults on and off, hold its phases, note what happens, stop it",
		Long: `Steers a run in real time while it goes on, from another terminal: the newest one under runs/, or that of --run. Whatever is
done so is in the run's record, with who did it, when and what met it; the phases that it touched say so, and such a run has no
verdict of its own.

A run whose conductor is in a cluster (squall run --in-cluster, squall kubernetes cronjob) is found in the same way while squall run or squall
attach follows it from this machine, and else with --engine kubernetes, --namespace or --context: --run is its id then, or the
beginning of it (default: the one under way that began last). It is asked by way of the API server, with the rights of squall kubernetes role.`,
		Example: `  squall ctl status
  squall ctl inject 'latency: 300ms, on: orders -> payments' --for 30s
  squall ctl note "the pager rang"
  squall ctl clear 1
  squall ctl load x2
  squall ctl hold
  squall ctl go
  squall ctl abort "customers notice"
  squall ctl status --namespace load-tests --run 20261130-091502-3fa2`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&f.run, "run", "", "the run's folder (default: the newest under way in runs/); in a cluster its id")
	c.PersistentFlags().StringVar(&f.who, "who", Somebody(), "who does it, for the record")
	f.cluster.Register(c.PersistentFlags())
	c.AddCommand(statusCommand(f, refused), injectCommand(f, refused), clearCommand(f, refused), loadCommand(f, refused), holdCommand(f, refused),
		steering(f, refused, "go", "End a hold, or a phase that waits for it (until: go)", func(phase string) string {
			if phase == "" {
				return "the last phase is ended"
			}
			return "phase " + phase + " goes on"
		}),
		steering(f, refused, "next", "End the present phase and begin the next one", func(phase string) string {
			if phase == "" {
				return "the last phase is ended"
			}
			return "phase " + phase + " begins"
		}),
		steering(f, refused, "skip", "Leave out the phase that comes next, with its faults", func(phase string) string { return "phase " + phase + " will be left out" }),
		said(f, refused, "note TEXT...", "Put into the record what is seen or done, at this moment", "noted", cobra.MinimumNArgs(1)),
		said(f, refused, "mark NAME...", "Mark this moment by a name: reports draw it through their charts", "marked", cobra.MinimumNArgs(1)),
		said(f, refused, "alert NAME...", "Tell that monitoring has told of something, where no alert manager does (run --alerts)", "told", cobra.MinimumNArgs(1)),
		said(f, refused, "abort [WHY...]", "Stop the run: everything is undone, and what was measured is reported", "the run ends", cobra.ArbitraryArgs))
	return c
}

// Somebody is who runs this program, as the machine calls them.
func Somebody() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

func statusCommand(f *flags, refused func(error) error) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use: "status", Short: "How the run stands: its phase, what is on, what its users get", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			client, let, err := f.client(c.Context())
			if err != nil {
				return refused(err)
			}
			defer let()
			standing, err := client.Status(c.Context())
			if err != nil {
				return refused(err)
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(standing)
			}
			tell(c.OutOrStdout(), standing)
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func injectCommand(f *flags, refused func(error) error) *cobra.Command {
	var lasts string
	var dry, yes bool
	c := &cobra.Command{
		Use: "inject FAULT", Short: "Put a fault on, in the scenario's own words", Args: cobra.ExactArgs(1),
		Example: `  squall ctl inject 'latency: 300ms, on: orders -> payments'
  squall ctl inject 'outage: payments-2' --for 10s
  squall ctl inject 'pause: {node: orders, share: 50%}' --dry-run`,
		RunE: func(c *cobra.Command, args []string) error {
			done, err := f.do(c, "inject", control.Asked{Fault: args[0], For: lasts, DryRun: dry, Yes: yes})
			if err != nil {
				return refused(err)
			}
			if done.Blast != nil {
				fmt.Fprintln(c.OutOrStdout(), done.Blast)
			}
			if dry {
				return nil
			}
			if done.On == nil {
				return refused(errors.New("the run does not say what is on"))
			}
			fmt.Fprintf(c.OutOrStdout(), "act %d: %s on %s is on from %.2f s to %.2f s: %s\n", done.On.Act, done.On.What, done.On.Target,
				done.On.SinceS, done.On.UntilS, few(done.On.Hits))
			return nil
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what it would reach")
	c.Flags().BoolVar(&yes, "yes", false, "put it on also where it reaches more than the scenario's guard")
	c.Flags().StringVar(&lasts, "for", "", "how long it stays on, where the fault does not say so itself (default "+control.DefaultFor.String()+")")
	return c
}

func clearCommand(f *flags, refused func(error) error) *cobra.Command {
	return &cobra.Command{
		Use: "clear ACT|all", Short: "Take off what was put on so: one act by its number, or all", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			act := 0
			if args[0] != "all" {
				n, err := strconv.Atoi(args[0])
				if err != nil || n < 1 {
					return refused(fmt.Errorf("%q is neither the number of an act nor all", args[0]))
				}
				act = n
			}
			done, err := f.do(c, "clear", control.Asked{Act: act})
			if err != nil {
				return refused(err)
			}
			if len(done.Off) == 0 {
				fmt.Fprintln(c.OutOrStdout(), "nothing was on")
			}
			for _, n := range done.Off {
				fmt.Fprintf(c.OutOrStdout(), "act %d is off\n", n)
			}
			return nil
		},
	}
}

func loadCommand(f *flags, refused func(error) error) *cobra.Command {
	return &cobra.Command{
		Use: "load x2|LOAD=x2|LOAD=300/s", Short: "Change the rates of open loads from now on, of all or of one; x1 is the plan's again", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			done, err := f.do(c, "load", control.Asked{Load: args[0]})
			if err != nil {
				return refused(err)
			}
			_, pace, named := strings.Cut(args[0], "=")
			if !named {
				pace = args[0]
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", strings.Join(done.Loads, ", "), pace)
			return nil
		},
	}
}

func holdCommand(f *flags, refused func(error) error) *cobra.Command {
	var lasts string
	c := &cobra.Command{
		Use: "hold", Short: "Keep the present phase going, with its faults and its load, until go or next", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			done, err := f.do(c, "hold", control.Asked{For: lasts})
			if err != nil {
				return refused(err)
			}
			until := ""
			if done.UntilS != nil {
				until = fmt.Sprintf(", until %.0f s at the latest", *done.UntilS)
			}
			fmt.Fprintf(c.OutOrStdout(), "phase %s is held%s: squall ctl go lets it go on\n", done.Phase, until)
			return nil
		},
	}
	c.Flags().StringVar(&lasts, "for", "", "the longest that it is held (default 1h)")
	return c
}

// steering is a verb that changes the run's course, and takes nothing.
func steering(f *flags, refused func(error) error, verb, short string, said func(phase string) string) *cobra.Command {
	return &cobra.Command{
		Use: verb, Short: short, Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			done, err := f.do(c, verb, control.Asked{})
			if err != nil {
				return refused(err)
			}
			fmt.Fprintln(c.OutOrStdout(), said(done.Phase))
			return nil
		},
	}
}

// said is a verb that takes a text.
func said(f *flags, refused func(error) error, use, short, answer string, args cobra.PositionalArgs) *cobra.Command {
	verb, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short, Args: args,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := f.do(c, verb, control.Asked{Text: strings.Join(args, " ")}); err != nil {
				return refused(err)
			}
			fmt.Fprintln(c.OutOrStdout(), answer)
			return nil
		},
	}
}

func (f *flags) do(c *cobra.Command, verb string, asked control.Asked) (control.Done, error) {
	client, let, err := f.client(c.Context())
	if err != nil {
		return control.Done{}, err
	}
	defer let()
	asked.Who = f.who
	return client.Do(c.Context(), verb, asked)
}

// few names the first of many.
func few(names []string) string {
	const most = 4
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// tell is a standing run for people.
func tell(w io.Writer, s control.Standing) {
	phase := s.Phase
	if phase == "" {
		phase = "no phase"
	}
	if s.State == "kept" {
		fmt.Fprintf(w, "%s, run %s: it is over, and kept up under its load, which is not measured\n", s.Scenario, s.Run)
	} else {
		fmt.Fprintf(w, "%s, run %s: %s, %s, %.0f s of %.0f s\n", s.Scenario, s.Run, s.State, phase, s.ElapsedS, s.TotalS)
	}
	if s.HeldUntilS != nil {
		fmt.Fprintf(w, "  held, for %.0f s at most: squall ctl go lets it go on\n", *s.HeldUntilS-s.ElapsedS)
	}
	if s.Waits {
		fmt.Fprintln(w, "  it waits for somebody who says go: squall ctl go")
	}
	if s.Next != "" {
		fmt.Fprintf(w, "  then: %s\n", s.Next)
	}
	for _, c := range s.Coming {
		fmt.Fprintf(w, "  in %.0f s: %s\n", c.AtS-s.ElapsedS, c.What)
	}
	for _, on := range s.On {
		by := "planned"
		if on.Act > 0 {
			by = fmt.Sprintf("act %d, by %s", on.Act, cmp.Or(on.Who, "hand"))
		}
		fmt.Fprintf(w, "  on: %s on %s (%s), %.0f s left\n", on.What, on.Target, by, on.UntilS-s.ElapsedS)
	}
	for _, p := range s.Paces {
		fmt.Fprintf(w, "  load %s: %s (by %s)\n", p.Load, p.Pace, cmp.Or(p.Who, "hand"))
	}
	for _, r := range s.Requests {
		line := fmt.Sprintf("  %s, %s: %d answered or failed in the last second", r.Load, r.Request, r.Sent)
		if r.Sent > 0 {
			line += fmt.Sprintf(", %.1f%% ok, %d degraded, %d failed, p99 %.1f ms", 100*float64(r.OK)/float64(r.Sent), r.Degraded, r.Failed, r.P99Ms)
		}
		fmt.Fprintln(w, line)
	}
	for _, q := range s.Queues {
		fmt.Fprintf(w, "  %s -> %s: %d waiting, the oldest for %.1f s\n", q.From, q.To, q.Waiting, q.OldestS)
	}
	for _, b := range s.Breakers {
		if b.Open > 0 {
			fmt.Fprintf(w, "  %s: %d circuit breakers open\n", b.Node, b.Open)
		}
	}
}

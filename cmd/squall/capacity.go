package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report/capacity"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
)

// capacityFlags are what `squall capacity` was asked for.
type capacityFlags struct {
	roundFlags
	answerFlags
	variant   string
	sets      []string
	load      string
	least     float64
	most      float64
	border    int
	precision tolerance
}

func capacityCommand() *cobra.Command {
	f := capacityFlags{precision: .05}
	c := &cobra.Command{
		Use:   "capacity FILE",
		Short: "Find the highest load that keeps to what a scenario expects, without and under each of its faults, in virtual time",
		Long: `Find the highest load at which a scenario's expectations are met, by bisection in virtual time: without faults, under each fault alone, and, of several, under all.

All loads are raised by one factor (--load: one of them alone). A load meets what is expected where more than half of its rounds pass; the border is run more often
to say how noisy it is. What is met at one load is taken to be met at every lower one. Expectations of recovery after a fault go where the fault does.`,
		Example: `  squall capacity shop.yaml
  squall capacity shop.yaml --load shoppers --precision 2% --max 8 --out capacity`,
		Args: file,
		RunE: func(c *cobra.Command, args []string) error { return f.capacity(c.Context(), c, args[0]) },
	}
	registerSets(c, &f.sets)
	c.Flags().StringVar(&f.variant, "variant", "", "the variant to run (default: the scenario as it stands)")
	c.Flags().StringVar(&f.load, "load", "", "the load to raise (default: all, by one factor)")
	c.Flags().Float64Var(&f.least, "min", 1.0/16, "the least load to try, as a factor on the file's")
	c.Flags().Float64Var(&f.most, "max", 16, "the greatest load to try, as a factor on the file's")
	c.Flags().IntVar(&f.border, "border", 9, "how many rounds are made of the two loads at the border")
	c.Flags().Var(&f.precision, "precision", "how near to each other the two loads at the border come")
	f.roundFlags.register(c, 3)
	f.answerFlags.register(c, "capacity")
	return c
}

func (f *capacityFlags) checked() error {
	switch {
	case f.least <= 0 || f.most < f.least:
		return errors.New("--min and --max are factors on the file's load, the first more than 0 and not more than the second")
	case f.precision < .001 || f.precision > 1:
		return errors.New("--precision needs a share from 0.1% to 100%")
	case f.border < f.rounds:
		return fmt.Errorf("--border %d: it can't be fewer than --rounds %d", f.border, f.rounds)
	}
	return errors.Join(f.roundFlags.check(), f.answerFlags.check())
}

func (f *capacityFlags) capacity(ctx context.Context, c *cobra.Command, file string) error {
	if err := f.checked(); err != nil {
		return usageOf(err)
	}
	base, err := plan(ctx, file, f.variant, f.seed, f.sets...)
	if err != nil {
		return err
	}
	if len(base.Scenario.Expect) == 0 {
		return usageOf(fmt.Errorf("%s expects nothing, so every load meets it; add an expect: section", file))
	}
	children := newPool(ctx, f.jobs)
	defer children.close()
	found, err := f.find(ctx, file, base, func(rounds []round) ([]roundMade, error) { return f.runIn(children, rounds, nil) })
	if err != nil {
		return err
	}
	return f.tell(c, found.Answer(), found.Document())
}

// find looks for the capacity in every case; run makes rounds.
func (f *capacityFlags) find(ctx context.Context, file string, base *planned, run func([]round) ([]roundMade, error)) (*capacity.Capacity, error) {
	loads, err := f.raised(base.Scenario)
	if err != nil {
		return nil, usageOf(err)
	}
	out := &capacity.Capacity{Scenario: title(base), Seed: base.Seed,
		Search: capacity.Search{Least: f.least, Most: f.most, Precision: float64(f.precision), Rounds: f.rounds, Border: f.border}}
	for _, l := range loads {
		out.Loads = append(out.Loads, amountOf(l))
	}
	_, text, err := textOf(ctx, file)
	if err != nil {
		return nil, err
	}
	cases, err := casesOf(base)
	if err != nil {
		return nil, usageOf(err)
	}
	for _, one := range cases {
		fixed := append(slices.Clone(f.sets), one.sets...)
		if d, err := plan(ctx, file, f.variant, f.seed, fixed...); err != nil {
			out.Cases = append(out.Cases, capacity.Case{Name: one.name, Why: err.Error()})
			continue
		} else if len(d.Scenario.Expect) == 0 {
			out.Cases = append(out.Cases, capacity.Case{Name: one.name, Why: "nothing is expected of it"})
			continue
		}
		found, err := out.Search.Run(func(factor float64, from, n int) ([]capacity.Round, error) {
			d := design{variant: f.variant, plan: base, text: text, sets: append(slices.Clone(fixed), raise(loads, factor)...)}
			var rounds []round
			for i := range n {
				rounds = append(rounds, d.round(base.Seed+uint64(from+i)))
			}
			made, err := run(rounds)
			return outcomes(made), err
		})
		if err != nil {
			return nil, err
		}
		out.Cases = append(out.Cases, capacity.Case{Name: one.name, Found: found})
	}
	return out, nil
}

// outcomes are what runs are to a search: one passes, or it says why it does not.
func outcomes(made []roundMade) (out []capacity.Round) {
	for _, m := range made {
		r := capacity.Round{Met: m.Result.Verdict == record.Pass}
		if !r.Met && len(m.Result.Reasons) > 0 {
			r.Why = m.Result.Reasons[0]
		}
		out = append(out, r)
	}
	return out
}

// caseOf is which faults a scenario is run under.
type caseOf struct {
	name string
	sets []string
}

// casesOf are a scenario without faults, under each, and under all where there are several.
func casesOf(p *planned) ([]caseOf, error) {
	type fault struct{ phase, index int }
	var all []fault
	for i, phase := range p.document.Phases {
		for j := range phase.Faults {
			all = append(all, fault{i, j})
		}
	}
	under := func(name string, keep func(phase, index int) bool) (caseOf, error) {
		sets, err := p.document.Only(keep)
		return caseOf{name, sets}, err
	}
	first, err := under("without faults", func(int, int) bool { return false })
	cases := []caseOf{first}
	for _, one := range all {
		phase := p.document.Phases[one.phase]
		f := phase.Faults[one.index]
		name := f.Kind.String() + " on " + f.On.String()
		if f.Name != "" {
			name = f.Name
		}
		c, failure := under("under "+name+" in "+phase.Name, func(phase, index int) bool { return fault{phase, index} == one })
		cases, err = append(cases, c), errors.Join(err, failure)
	}
	if len(all) > 1 {
		cases = append(cases, caseOf{name: "under all faults, as the file has them"})
	}
	return cases, err
}

// raised are the loads that are raised.
func (f *capacityFlags) raised(s *scenarios.Scenario) ([]*scenarios.Load, error) {
	if f.load == "" {
		return s.Loads, nil
	}
	var names []string
	for _, l := range s.Loads {
		if l.Name == f.load {
			return []*scenarios.Load{l}, nil
		}
		names = append(names, l.Name)
	}
	return nil, fmt.Errorf("--load %s: there is no such load; there are %s", f.load, strings.Join(names, ", "))
}

// amountOf is what a load is in the file: of one that changes, the most that it comes to.
func amountOf(l *scenarios.Load) capacity.Load {
	if l.Users > 0 {
		return capacity.Load{Name: l.Name, Amount: float64(l.Users), Unit: " users"}
	}
	most := 0.0
	for _, s := range l.Shape() {
		most = max(most, s.From, s.To)
	}
	return capacity.Load{Name: l.Name, Amount: most, Unit: "/s"}
}

// raise are the changes that multiply loads.
func raise(loads []*scenarios.Load, factor float64) (sets []string) {
	set := func(path string, v float64) {
		if v > 0 {
			sets = append(sets, path+"="+strconv.FormatFloat(v*factor, 'f', -1, 64)+"/s")
		}
	}
	for _, l := range loads {
		at := "load." + l.Name
		if l.Users > 0 {
			sets = append(sets, fmt.Sprintf("%s.users=%d", at, max(int(float64(l.Users)*factor+.5), 1)))
		}
		if l.Replay != nil {
			sets = append(sets, at+".replay.speed="+strconv.FormatFloat(max(float64(l.Replay.Speed), 1)*factor, 'f', -1, 64)+"x")
		}
		set(at+".rate", l.Rate)
		set(at+".warm_up_from", l.WarmUpFrom)
		for i, s := range l.Stages {
			stage := fmt.Sprintf("%s.stages.%d", at, i)
			set(stage+".rate", s.Rate)
			set(stage+".from", s.From)
			set(stage+".to", s.To)
		}
	}
	return sets
}

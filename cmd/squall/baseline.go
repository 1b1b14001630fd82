package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/compare"
	"github.com/squallhq/squall/runner/record"
)

// tolerance is a share on the command line: 5%, or 0.05.
type tolerance float64

func (t *tolerance) String() string { return strconv.FormatFloat(float64(*t)*100, 'f', -1, 64) + "%" }
func (t *tolerance) Type() string   { return "share" }
func (t *tolerance) Set(text string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 {
		return errors.New("a share such as 5%")
	}
	if percent {
		v /= 100
	}
	*t = tolerance(v)
	return nil
}

// across is the flag by which runs of two scenarios are held against each other.
const across = "across"

func registerTolerance(c *cobra.Command, t *tolerance) {
	c.Flags().Var(t, "tolerance", "how much worse or better a figure may be, in itself, and count as the same")
}

const comparing = `In virtual time runs of the same seed are compared exactly. Elsewhere a figure is worse or better where that is beyond what chance shows anywhere in
the comparison of two sides that are the same, in one of 20 such comparisons, and the interval of its size has no 0 in it: that takes 4 runs a side.`

func diffCommand() *cobra.Command {
	var t tolerance
	var anyway bool
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare stored runs: what is worse in B, what is better, and by how much; exit 5 where something is worse",
		Long: `Compare stored runs. A and B are each a run's folder, a folder of runs (several runs a side, as run --repeat makes them), or the file of a baseline.
They are of one scenario, or of its variants; those of two scenarios are designs, which squall compare tells apart.

` + comparing,
		Example: `  squall diff runs/before runs/after
  squall run shop.yaml --repeat 5 --out after && squall diff before after`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return fmt.Errorf("%d given, diff takes two: squall diff BEFORE AFTER", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			before, err := sides(args[:1])
			if err != nil {
				return err
			}
			after, err := sides(args[1:])
			if err != nil {
				return err
			}
			if len(before) == 1 && len(after) == 1 {
				if !anyway {
					if err := ofOne(before[0], after[0], args); err != nil {
						return err
					}
				}
				return compared(c.OutOrStdout(), compare.Between, t, [2]*compare.Side{before[0], after[0]})
			}
			var pairs [][2]*compare.Side
			for _, b := range after {
				if i := slices.IndexFunc(before, func(a *compare.Side) bool { return a.Title() == b.Title() }); i >= 0 {
					pairs = append(pairs, [2]*compare.Side{before[i], b})
				} else {
					fmt.Fprintf(c.OutOrStdout(), "\n %s: %s has no run of it\n", b.Title(), args[0])
				}
			}
			if len(pairs) == 0 {
				return fmt.Errorf("%s and %s have no scenario, variant and engine in common", args[0], args[1])
			}
			return compared(c.OutOrStdout(), compare.Between, t, pairs...)
		},
	}
	c.Flags().BoolVar(&anyway, across, false, "compare runs of two different scenarios all the same")
	registerTolerance(c, &t)
	return c
}

// ofOne tells why two sides are not held against each other: what one scenario's runs came to says nothing of another's.
func ofOne(before, after *compare.Side, paths []string) error {
	if before.Scenario == after.Scenario {
		return nil
	}
	return usageOf(fmt.Errorf("%s is of scenario %s, %s of %s: diff says what became of one scenario; squall compare holds two designs against each other, and --%s does it here all the same",
		paths[0], before.Scenario, paths[1], after.Scenario, across))
}

func baselineCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "baseline",
		Short: "Keep what runs came to in small files to commit, and hold later runs against them",
		Args:  known,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(baselineSave(), baselineCheck())
	return c
}

const baselines = "baselines"

func baselineSave() *cobra.Command {
	var in string
	c := &cobra.Command{
		Use:     "save [DIR...]",
		Short:   "Keep runs as baselines, a file for each scenario, variant and engine (default: runs/latest)",
		Example: `  squall run shop.yaml --engine docker --repeat 5 --out now && squall baseline save now`,
		RunE: func(c *cobra.Command, args []string) error {
			all, err := sides(args)
			if err != nil {
				return err
			}
			for _, s := range all {
				path := filepath.Join(in, s.File())
				if err := s.Save(path); err != nil {
					return environment(err)
				}
				fmt.Fprintf(c.OutOrStdout(), "%s: %s, runs: %d\n", path, s.Title(), len(s.Runs))
			}
			return nil
		},
	}
	c.Flags().StringVar(&in, "in", baselines, "the folder of baselines")
	return c
}

func baselineCheck() *cobra.Command {
	var in string
	var t tolerance
	c := &cobra.Command{
		Use:   "check [DIR...]",
		Short: "Hold runs against their baselines (default: runs/latest); exit 5 where something is worse",
		Long:  "Hold runs against the baselines of their scenario, variant and engine.\n\n" + comparing,
		RunE: func(c *cobra.Command, args []string) error {
			all, err := sides(args)
			if err != nil {
				return err
			}
			var pairs [][2]*compare.Side
			for _, now := range all {
				path := filepath.Join(in, now.File())
				before, err := compare.Load(path)
				if errors.Is(err, fs.ErrNotExist) {
					return usageOf(fmt.Errorf("there is no baseline %s of %s; squall baseline save makes one", path, now.Title()))
				}
				if err != nil {
					return environment(err)
				}
				if before.Scenario != now.Scenario {
					return usageOf(fmt.Errorf("the baseline %s is of scenario %s, not of %s; squall baseline save makes it anew", path, before.Scenario, now.Scenario))
				}
				pairs = append(pairs, [2]*compare.Side{before, now})
			}
			return compared(c.OutOrStdout(), compare.Held, t, pairs...)
		},
	}
	c.Flags().StringVar(&in, "in", baselines, "the folder of baselines")
	registerTolerance(c, &t)
	return c
}

// compared tells of pairs of sides what became of them: a regression in one is the command's, else what can't be told in one.
func compared(w io.Writer, hold func(a, b *compare.Side, tolerance float64) *compare.Comparison, t tolerance, pairs ...[2]*compare.Side) error {
	code := report.ExitPass
	for _, pair := range pairs {
		result := hold(pair[0], pair[1], float64(t))
		if err := result.Text(w); err != nil {
			return environment(err)
		}
		switch {
		case result.Regressed():
			code = report.ExitRegression
		case !result.Told() && code == report.ExitPass:
			code = report.ExitInconclusive
		}
	}
	said := code.Meaning()
	switch code {
	case report.ExitPass:
		said = "nothing is worse"
	case report.ExitInconclusive:
		said = "can't be told whether something is worse"
	}
	fmt.Fprintf(w, "\n exit %d: %s\n", code, said)
	if code != report.ExitPass {
		return &exit{code: code}
	}
	return nil
}

// sides are what paths hold, the last run where there are none: runs, folders of runs, baselines.
func sides(paths []string) ([]*compare.Side, error) {
	if len(paths) == 0 {
		paths = []string{filepath.FromSlash(latest)}
	}
	var runs []*record.Result
	var kept []*compare.Side
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			side, err := compare.Load(path)
			if err != nil {
				return nil, err
			}
			kept = append(kept, side)
			continue
		}
		found, err := runsIn(path)
		if err != nil {
			return nil, err
		}
		runs = append(runs, found...)
	}
	made, err := compare.Sides(runs...)
	return append(kept, made...), err
}

// runsIn is the run of a folder, or those of the folders in it.
func runsIn(dir string) ([]*record.Result, error) {
	if _, err := os.Stat(filepath.Join(dir, record.ResultFile)); err == nil {
		r, err := record.Read(dir)
		return []*record.Result{r}, err
	}
	found, err := filepath.Glob(filepath.Join(dir, "*", record.ResultFile))
	if err != nil {
		return nil, err
	}
	var runs []*record.Result
	for _, file := range found {
		if filepath.Base(filepath.Dir(file)) == filepath.Base(latest) { // another name of one of them
			continue
		}
		r, err := record.Read(filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		runs = append(runs, r)
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s holds no run, and no folder of one; try: squall run FILE --out %s", dir, dir)
	}
	return runs, nil
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/runner/record"
)

func cleanCommand() *cobra.Command {
	keep := -1
	var in, engine string
	var cluster kubernetes.Access
	c := &cobra.Command{
		Use:   "clean",
		Short: "Remove what killed runs have left: processes, containers, networks, images, folders; and old runs, where asked to",
		Example: `  squall clean
  squall clean --runs 20
  squall clean --engine kubernetes --namespace load-tests`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("runs") && keep < 0 {
				return fmt.Errorf("--runs %d: say how many to keep, 0 or more", keep)
			}
			if engine != "" && engine != "kubernetes" {
				return fmt.Errorf("--engine %s: all engines of this machine are cleaned without it; use kubernetes for a cluster, too", engine)
			}
			removed := 0
			say := func(line string) {
				removed++
				fmt.Fprintln(c.OutOrStdout(), line)
			}
			reap(c.Context(), say)
			if engine != "" {
				if err := cluster.Clean(c.Context(), say); err != nil {
					return environment(err)
				}
			}
			if keep >= 0 {
				if err := retain(in, keep, say); err != nil {
					return environment(err)
				}
			}
			if removed == 0 {
				fmt.Fprintln(c.OutOrStdout(), "nothing to clean")
			}
			return nil
		},
	}
	c.Flags().IntVar(&keep, "runs", -1, "remove all finished runs of a folder too, but for so many that were made last")
	c.Flags().StringVar(&engine, "engine", "", "kubernetes: remove what runs have left in a cluster, too")
	cluster.Register(c.Flags())
	c.Flags().StringVar(&in, "in", "runs", "the folder of runs that --runs is about")
	return c
}

// madeAt is the end of a run's folder that squall named: when the run was made.
var madeAt = regexp.MustCompile(`-([0-9]{8}-[0-9]{6})-[0-9a-f]{4}$`)

// retain removes finished runs of a folder, but for so many that were made last. What is no run of ours, or goes on still, stays.
func retain(in string, keep int, say func(string)) error {
	entries, err := os.ReadDir(in)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for runs: %w", err)
	}
	var runs []string
	saved := map[string]time.Time{}
	for _, e := range entries {
		result, err := os.Stat(filepath.Join(in, e.Name(), record.ResultFile))
		if e.IsDir() && madeAt.MatchString(e.Name()) && err == nil {
			runs = append(runs, e.Name())
			saved[e.Name()] = result.ModTime()
		}
	}
	slices.SortStableFunc(runs, func(a, b string) int { // the last one first; of those made in one second the one saved last
		second := func(name string) string { return madeAt.FindStringSubmatch(name)[1] }
		return cmp.Or(strings.Compare(second(b), second(a)), saved[b].Compare(saved[a]))
	})
	for _, name := range runs[min(keep, len(runs)):] {
		if err := os.RemoveAll(filepath.Join(in, name)); err != nil {
			return fmt.Errorf("remove a run: %w", err)
		}
		say("removed run " + filepath.Join(in, name))
	}
	return nil
}

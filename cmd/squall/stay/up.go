package stay

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/scenarios"
)

// Phase is the one phase of a topology that is up.
const Phase = "up"

// longest is how long one stays up at most, whoever is there.
const longest = 7 * 24 * time.Hour

// Command is `squall up`: register adds the flags by which it is brought up, and bring does so.
func Command(register func(*cobra.Command), bring func(context.Context, *cobra.Command, string) error) *cobra.Command {
	c := &cobra.Command{
		Use:   "up FILE",
		Short: "Launch a scenario's topology under its load, with nothing scheduled, to look around in and play with",
		Long: `Launches the topology of a scenario on the process or the docker engine, prints where its parts answer, and keeps it up under its load: no faults, no
phases, no expectations. squall ctl works on it. It ends with squall ctl go, with Ctrl-C, or when nobody was there for an hour (--lease), and leaves a
record; squall record makes a scenario of what was done to it.`,
		Example: `  squall up examples/quickstart.yaml
  squall up shop.yaml --engine process --web --lease 4h`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return bring(c.Context(), c, args[0]) },
	}
	register(c)
	return c
}

// Sets are the changes, each PATH=VALUE, that leave nothing of a scenario scheduled.
func Sets(s *scenarios.Scenario) []string {
	sets := []string{fmt.Sprintf("phases=[{name: %s, for: %s, until: go}]", Phase, longest)}
	for key, there := range map[string]bool{"expect": len(s.Expect) > 0, "abort_when": len(s.AbortWhen) > 0, "pause_when": len(s.PauseWhen) > 0,
		"hooks": len(s.Hooks) > 0} {
		if there {
			sets = append(sets, key+"=null")
		}
	}
	for _, l := range s.Loads {
		if len(l.Stages) == 0 {
			continue
		}
		shape := l.Shape()
		rate := shape[len(shape)-1].To
		for _, one := range shape { // of one that ends with a pause, the last rate that is none
			if shape[len(shape)-1].To == 0 && one.To > 0 {
				rate = one.To
			}
		}
		sets = append(sets, fmt.Sprintf("load.%s.stages=null", l.Name), fmt.Sprintf("load.%s.rate=%g/s", l.Name, rate))
	}
	return sets
}

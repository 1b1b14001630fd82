package recording

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/record"
)

// Command is `squall record`.
func Command() *cobra.Command {
	from := "runs/latest"
	c := &cobra.Command{
		Use:   "record",
		Short: "Turn a run that people took part in into a scenario that repeats it without them",
		Long: `Writes the scenario of a stored run to standard output, with what people did to the run in it: each fault that they put on as a fault of the
phase in which they did, at its time and for as long as it was on; phases that they held, ended or left out as they really were; notes as comments.
What can't be carried over, such as a container that was stopped from outside, is said in comments and on standard error.`,
		Example: `  squall record > again.yaml
  squall record --from runs/gameday-20261130-101500-1a2b > again.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			res, err := record.Read(from)
			if err != nil {
				return err
			}
			text, left, err := Scenario(res)
			if err != nil {
				return err
			}
			for _, what := range left {
				fmt.Fprintln(c.ErrOrStderr(), "squall: not carried over: "+what)
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringVar(&from, "from", from, "the run's folder")
	return c
}

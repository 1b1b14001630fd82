package kubernetes

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
)

// guardCommand is what the pod of a reroute runs besides its mesh: it gives the Service back when the pod ends.
func guardCommand(environment func(error) error) *cobra.Command {
	var a Access
	var service, run string
	c := &cobra.Command{Use: "guard", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		client, err := a.Client(apiserver.DefaultPatience)
		if err != nil {
			return environment(err)
		}
		defer client.Close()
		say := func(line string) { fmt.Fprintln(c.OutOrStdout(), line) }
		if err := reroute.Guard(c.Context(), client, service, run, say); err != nil {
			return environment(err)
		}
		return nil
	}}
	a.Register(c.Flags())
	c.Flags().StringVar(&service, "service", "", "the Service that is rerouted")
	c.Flags().StringVar(&run, "run", "", "the run that does it")
	return c
}

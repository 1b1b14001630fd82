package kubernetes

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
)

// keeperCommand keeps a run's folder beside its conductor, in one pod.
func keeperCommand(environment func(error) error) *cobra.Command {
	var pod, job string
	var keep time.Duration
	c := &cobra.Command{Use: "keeper", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var a Access
		client, err := a.Client(0)
		if err != nil {
			return environment(err)
		}
		defer client.Close()
		run, _ := conductor.RunOf(job)
		k := conductor.Keeper{Client: client, Pod: pod, Folder: filepath.Join(conductor.ResultsFolder, run), Keep: keep}
		l, err := conductor.Listen()
		if err != nil {
			return environment(err)
		}
		if err := k.Serve(c.Context(), l); err != nil {
			return environment(err)
		}
		return nil
	}}
	c.Flags().StringVar(&pod, "pod", "", "its pod's name")
	c.Flags().StringVar(&job, "job", "", "the name of the conductor's job")
	c.Flags().DurationVar(&keep, "for", conductor.DefaultKeep, "for how long once the conductor has ended")
	return c
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/cmd/squall/machine"
	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/runner/engine/docker"
)

func doctorCommand() *cobra.Command {
	var engine string
	var cluster kubernetes.Doctor
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check what this machine, or a cluster, offers for runs",
		Example: `  squall doctor
  squall doctor --engine kubernetes --namespace load-tests --image registry.example/squall:1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			well := true
			switch engine {
			case "":
				well = doctor(c.Context(), c.OutOrStdout())
			case "kubernetes":
				cluster.Look(c.Context(), func(mark kubernetes.Mark, what, text string) {
					well = well && mark != kubernetes.Fix
					fmt.Fprintf(c.OutOrStdout(), "%s  %-10s %s\n", mark, what, text)
				})
			default:
				return usageOf(fmt.Errorf("--engine %s: this machine is looked at without it; use kubernetes for a cluster", engine))
			}
			if !well {
				return environment(fmt.Errorf("something above needs a fix"))
			}
			return nil
		},
	}
	c.Flags().StringVar(&engine, "engine", "", "kubernetes: look at a cluster in place of this machine")
	cluster.Register(c.Flags())
	return c
}

// doctor prints a line for each thing that a run needs and tells whether all is well.
func doctor(ctx context.Context, w io.Writer) bool {
	well := true
	line := func(ok bool, what, text string) {
		mark := "ok "
		if !ok {
			mark, well = "fix", false
		}
		fmt.Fprintf(w, "%s  %-10s %s\n", mark, what, text)
	}
	line(true, "program", fmt.Sprintf("squall %s, %s/%s, %d CPUs", version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU()))
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		line(false, "loopback", "can't listen on 127.0.0.1: "+err.Error())
	} else {
		listener.Close()
		line(true, "loopback", "the process engine can run")
	}
	for _, one := range machine.Read("runs").Wanted() {
		line(one.OK, one.What, one.Text)
	}
	if dir, err := os.MkdirTemp("", "squall-doctor-"); err != nil {
		line(false, "temp", "can't write to the temporary folder: "+err.Error())
	} else {
		os.Remove(dir)
		line(true, "temp", "the temporary folder can be written")
	}
	for _, k := range faults.Kinds {
		if k.Cannot != "" {
			fmt.Fprintf(w, "-    %-10s no engine can: %s\n", k.Word, k.Cannot)
		}
	}
	e, err := docker.New(docker.Options{})
	if err == nil {
		var version string
		if version, err = e.Available(ctx); err == nil {
			line(true, "docker", version+" answers: --engine auto takes it")
			return well
		}
	}
	fmt.Fprintf(w, "-    %-10s %s: --engine auto takes the process engine\n", "docker", err)
	return well
}

//go:build linux

// Command make makes a real Kubernetes cluster of two nodes on this machine, for tests:
//
//	go run ./internal/cluster/make up
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/squallhq/squall/internal/cluster"
)

const usage = `usage: go run ./internal/cluster/make COMMAND

  build                 make the programs of Kubernetes, where they are not in the cache
  up [-nodes N] [-while PID]
                        bring the cluster up, which takes some seconds; one that is up stays. With -while it ends with that process
  down                  end it, and remove what is left of one that was killed
  kubeconfig            print the path of the file by which it is reached
  load ARCHIVE...       give all nodes the images of an archive such as docker save writes
  hold WHAT, release WHAT
                        end a part (control/kube-apiserver, node1/kubelet) or a node (node2) with SIGKILL until it is released
  kubectl ...           the cluster's own kubectl

The environment variable SQUALL_CLUSTER names the cluster, where there are several.
`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("SQUALL_CLUSTER"), os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster: "+err.Error())
		os.Exit(1)
	}
}

func say(line string) { fmt.Fprintln(os.Stderr, "cluster: "+line) }

func run(ctx context.Context, name, command string, args []string) error {
	switch command {
	case "machine", "serve":
		return inside(command, args)
	case "build":
		folder, err := cluster.Build(ctx, say)
		if err == nil {
			fmt.Println(folder)
		}
		return err
	case "up":
		return up(ctx, name, args)
	case "down":
		removed, err := cluster.Down(name)
		if err == nil && !removed {
			say("there is none")
		}
		return err
	}
	c, err := cluster.Open(name)
	if err != nil {
		return err
	}
	return with(ctx, c, command, args)
}

// inside are the commands by which a cluster starts itself.
func inside(command string, args []string) error {
	if command == "machine" && len(args) == 1 {
		return cluster.RunMachine(args[0], os.Stdin)
	}
	if command == "serve" && len(args) == 2 {
		while, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return cluster.Serve(args[0], while, os.Stdin)
	}
	return fmt.Errorf("%s is for the cluster itself", command)
}

func up(ctx context.Context, name string, args []string) error {
	o := cluster.Options{Name: name}
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	flags.IntVar(&o.Nodes, "nodes", 0, "how many nodes; 0: two")
	flags.IntVar(&o.While, "while", 0, "a process that the cluster ends with")
	if err := flags.Parse(args); err != nil {
		return err
	}
	c, err := cluster.Up(ctx, o, say)
	if err != nil {
		return err
	}
	fmt.Println(c.Kubeconfig())
	return nil
}

// with are the commands about a cluster that is up.
func with(ctx context.Context, c *cluster.Cluster, command string, args []string) error {
	switch {
	case command == "kubeconfig":
		fmt.Println(c.Kubeconfig())
		return nil
	case command == "load":
		for _, archive := range args {
			if err := c.Load(ctx, archive); err != nil {
				return err
			}
		}
		return nil
	case command == "hold" && len(args) == 1:
		return c.Hold(args[0])
	case command == "release" && len(args) == 1:
		return c.Release(args[0])
	case command == "kubectl":
		return c.Kubectl(args)
	}
	return fmt.Errorf("there is no command %q\n%s", command, usage)
}

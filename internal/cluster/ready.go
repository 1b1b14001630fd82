package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
)

// Ready waits until every node takes pods, and pods have an account to run as.
func (c *Cluster) Ready(ctx context.Context) error {
	for {
		missing, err := c.missing(ctx)
		if err == nil && missing == "" {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("wait for the cluster: %s: %w", missing, ctx.Err())
		}
		rest(ctx, everyLook)
	}
}

// missing says what there is not yet; empty: nothing.
func (c *Cluster) missing(ctx context.Context) (string, error) {
	var nodes struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := c.ask(ctx, "/api/v1/nodes", &nodes); err != nil {
		return "the API server", err
	}
	var ready []string
	for _, n := range nodes.Items {
		for _, condition := range n.Status.Conditions {
			if condition.Type == "Ready" && condition.Status == "True" {
				ready = append(ready, n.Metadata.Name)
			}
		}
	}
	for _, node := range c.Nodes {
		if !slices.Contains(ready, node) {
			return node, nil
		}
	}
	var account struct{ Metadata struct{ Name string } }
	if err := c.ask(ctx, "/api/v1/namespaces/default/serviceaccounts/default", &account); err != nil {
		return "an account for pods", err
	}
	return "", nil
}

// ask puts one question to the API server, with the cluster's own kubectl.
func (c *Cluster) ask(ctx context.Context, path string, answer any) error {
	out, err := c.kubectl(ctx, "get", "--raw", path).Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, answer)
}

func (c *Cluster) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	command := c.program("kubectl", append([]string{"--kubeconfig=" + c.Kubeconfig()}, args...)...)
	return exec.CommandContext(ctx, command[0], command[1:]...)
}

// Kubectl becomes the cluster's own kubectl.
func (c *Cluster) Kubectl(args []string) error {
	command := c.kubectl(context.Background(), args...)
	return syscall.Exec(command.Path, command.Args, os.Environ())
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/api"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
)

// The hidden commands that engines start: this same binary as a node, as the mesh, as a health check.

func nodeCommand() *cobra.Command {
	var config string
	c := &cobra.Command{Use: "node", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var cfg node.Config
		ctx, err := childConfig(c.Context(), config, &cfg)
		if err != nil {
			return environment(fmt.Errorf("read node configuration: %w", err))
		}
		waker := port.NewWaker()
		defer waker.Close()
		environment := node.Environment{Network: node.TCP{}, Wake: waker.At}
		return childEnd(node.Serve(ctx, cfg, environment, func(a wire.Addresses) { announce(a) }))
	}}
	c.Flags().StringVar(&config, "config", "-", "file with the configuration as JSON, - for standard input")
	return c
}

func meshCommand() *cobra.Command {
	var config string
	c := &cobra.Command{Use: "mesh", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var cfg remote.Config
		ctx, err := childConfig(c.Context(), config, &cfg)
		if err != nil {
			return environment(fmt.Errorf("read mesh configuration: %w", err))
		}
		return childEnd(remote.Serve(ctx, cfg, func(m *mesh.Mesh) http.Handler { return api.New(m, m.Stats) }, func(a remote.Addresses) { announce(a) }))
	}}
	c.Flags().StringVar(&config, "config", "-", "file with the configuration as JSON, - for standard input")
	return c
}

// childConfig reads one JSON value. From standard input, the context also ends when that is closed:
// a child whose parent has gone, however it went, ends itself.
func childConfig(ctx context.Context, from string, into any) (context.Context, error) {
	if from != "-" {
		data, err := os.ReadFile(from)
		if err != nil {
			return ctx, err
		}
		return ctx, json.Unmarshal(data, into)
	}
	if err := json.NewDecoder(os.Stdin).Decode(into); err != nil {
		return ctx, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends when the parent has gone
		cancel(errParentGone)
	}()
	return ctx, nil
}

var errParentGone = errors.New("the parent process has gone")

// announce tells the parent one JSON line: where the child listens.
func announce(v any) {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, "squall: announce addresses:", err)
	}
}

func childEnd(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return nil
	}
	return environment(err)
}

func healthCommand() *cobra.Command {
	return &cobra.Command{Use: "health URL", Hidden: true, Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, args[0], nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return environment(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return environment(fmt.Errorf("health of %s: %s", args[0], answer.Status))
		}
		return nil
	}}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/faults/mesh"
	"github.com/squallhq/squall/faults/mesh/api"
	"github.com/squallhq/squall/faults/mesh/port"
	"github.com/squallhq/squall/faults/mesh/remote"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/engine/agent"
	"github.com/squallhq/squall/runner/load"
	"github.com/squallhq/squall/runner/load/worker"
	"github.com/squallhq/squall/runner/node"
	"github.com/squallhq/squall/runner/wire"
)

// The hidden commands that engines start: this same binary as a node, as the mesh, as the agent beside an instance, as a health check.

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
	c.Flags().StringVar(&config, "config", "-", "the configuration as JSON, or the file that has it; - for standard input")
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
	c.Flags().StringVar(&config, "config", "-", "the configuration as JSON, or the file that has it; - for standard input")
	return c
}

func agentCommand() *cobra.Command {
	var config, folder string
	var make []string
	c := &cobra.Command{Use: "agent [-- PROGRAM ARG...]", Hidden: true, RunE: func(c *cobra.Command, program []string) error {
		if folder != "" {
			return childEnd(agent.Install(folder, make...))
		}
		// What ends the harness ends it, but some signals are those of what it runs.
		signal.Reset()
		var cfg agent.Config
		ctx, err := childConfig(context.WithoutCancel(c.Context()), config, &cfg)
		if err != nil {
			return environment(fmt.Errorf("read agent configuration: %w", err))
		}
		if len(program) > 0 {
			cfg.Program = program
		}
		code, err := agent.Serve(ctx, cfg, os.Stdout, func(a agent.Addresses) { announce(a) })
		if err != nil {
			return environment(err)
		}
		if code != 0 {
			return &exit{code: report.Exit(code), err: fmt.Errorf("what it ran ended with exit code %d", code)}
		}
		return nil
	}}
	c.Flags().StringVar(&config, "config", "-", "the configuration as JSON, or the file that has it; - for standard input")
	c.Flags().StringVar(&folder, "install", "", "copy this program into a folder, for somebody else's image to run it, and end")
	c.Flags().StringArrayVar(&make, "make", nil, "with --install: a folder that is made, and is its user's own")
	return c
}

// childConfig reads one JSON value: what is given itself, or from a file. From standard input, the context also ends when that is closed:
// a child whose parent has gone, however it went, ends itself.
func childConfig(ctx context.Context, from string, into any) (context.Context, error) {
	if strings.HasPrefix(from, "{") {
		return ctx, json.Unmarshal([]byte(from), into)
	}
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

// generatorCommand is a load generator that a conductor drives, over its standard input and output, or over the first connection to an address
// that shows the token.
func generatorCommand() *cobra.Command {
	var listen, name string
	again := false
	c := &cobra.Command{Use: "generator", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		o := worker.Options{Loader: load.New(load.Options{FineWait: true}), Squall: version(), Token: os.Getenv(generatorToken), Machine: worker.Machine}
		_ = os.Unsetenv(generatorToken)
		if listen == "" {
			return childEnd(worker.Serve(c.Context(), standard{}, o))
		}
		at, err := generatorAddress(listen, o.Token)
		if err != nil {
			return usageOf(err)
		}
		l, err := net.Listen("tcp", at)
		if err != nil {
			return environment(err)
		}
		announce(wire.Addresses{Listen: l.Addr().String()})
		if again {
			return childEnd(worker.Hold(c.Context(), l, o))
		}
		return childEnd(worker.Listen(c.Context(), l, o))
	}}
	c.Flags().StringVar(&name, "name", "", "what it is called, for who looks at the machine's processes")
	c.Flags().StringVar(&listen, "listen", "", "answer the conductor at this address, who shows the token in "+generatorToken+"; a port alone is loopback's")
	c.Flags().BoolVar(&again, "resumable", false, "with --listen: the conductor connects anew where a connection is cut, and both go on from there")
	return c
}

// generatorAddress is where a generator listens: who tells it what to send can have it send anything anywhere, so that without a host it is
// loopback alone, and never without a token.
func generatorAddress(listen, token string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	switch {
	case err != nil:
		return "", fmt.Errorf("--listen %q is no address: give one as in 127.0.0.1:15072", listen)
	case token == "":
		return "", fmt.Errorf("--listen needs a token to know the conductor by: set %s, which the conductor shows", generatorToken)
	case host == "":
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}

// generatorToken is the variable that has what a conductor has to show a generator that listens.
const generatorToken = "SQUALL_GENERATOR_TOKEN"

// standard is standard input and output.
type standard struct{}

func (standard) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (standard) Write(b []byte) (int, error) { return os.Stdout.Write(b) }

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

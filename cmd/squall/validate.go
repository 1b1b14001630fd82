package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
	"github.com/squallhq/squall/scenarios/topology"
)

func validateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check scenario files, every variant of them; nothing is started. - is standard input",
		Args:  files,
		RunE: func(c *cobra.Command, args []string) error {
			var all source.Problems
			var unread []error
			for _, file := range args {
				problems, warnings, err := validate(c.Context(), file)
				if err != nil {
					unread = append(unread, err)
					continue
				}
				if len(problems) == 0 {
					fmt.Fprintf(c.OutOrStdout(), "%s: ok\n", file)
					for _, warning := range warnings {
						fmt.Fprintf(c.OutOrStdout(), "  warning: %s\n", warning)
					}
				}
				all = append(all, problems...)
			}
			if err := annotateProblems(c.ErrOrStderr(), args, all); err != nil {
				unread = append(unread, environment(err))
			}
			if len(all) > 0 {
				unread = append(unread, all)
			}
			return told(c.ErrOrStderr(), unread)
		},
	}
}

// told tells all of them but the last, which it returns for execute to tell.
func told(w io.Writer, errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	last := len(errs) - 1
	for _, err := range errs[:last] {
		fmt.Fprintln(w, "squall: "+err.Error())
	}
	return errs[last]
}

// validate checks a file as it is and with each of its variants; a problem that several have is told once. Warnings are of the file as it is.
func validate(ctx context.Context, file string) (all source.Problems, warnings []string, err error) {
	seen := map[source.Problem]bool{}
	collect := func(err error) error {
		if err == nil {
			return nil
		}
		problems, is := errors.AsType[source.Problems](err)
		if !is {
			return err
		}
		for _, p := range problems {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
			}
		}
		return nil
	}
	named, data, err := textOf(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	base, err := plan(ctx, file, "", 0)
	if err := collect(err); err != nil {
		return nil, nil, err
	}
	if base == nil { // its variants may have mistakes of their own
		return all, nil, collect(language.Check(named, data))
	}
	for _, variant := range base.Scenario.Variants {
		_, err := plan(ctx, file, variant, 0)
		if err := collect(err); err != nil {
			return nil, nil, err
		}
	}
	return all, base.Warnings, nil
}

// planned is a plan and the document that it is of.
type planned struct {
	*topology.Plan
	document *language.Document
}

// plan loads a file, with changes to it, and lays out its plan.
func plan(ctx context.Context, file, variant string, seed uint64, sets ...string) (*planned, error) {
	name, data, err := textOf(ctx, file)
	if err != nil {
		return nil, err
	}
	doc, err := language.Parse(name, data, variant, sets...)
	if err != nil {
		return nil, err
	}
	if err := doc.Absent(); err != nil {
		return nil, err
	}
	return lay(doc, cmp.Or(seed, doc.Seed, 1))
}

func lay(doc *language.Document, seed uint64) (*planned, error) {
	p, err := doc.Plan(seed)
	if err != nil {
		return nil, err
	}
	return &planned{p, doc}, nil
}

// files wants at least one scenario.
func files(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("no scenario given; try: %s examples/quickstart.yaml", c.CommandPath())
	}
	return nil
}

// file wants exactly one scenario.
func file(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%d scenarios given, %s takes one; try: %s examples/quickstart.yaml", len(args), c.Name(), c.CommandPath())
	}
	return nil
}

func printProblems(w io.Writer, problems source.Problems) {
	for _, p := range problems {
		fmt.Fprint(w, source.Render(source.Problems{p}, shown(p.File)))
	}
}

func planCommand() *cobra.Command {
	var variant, engine string
	var seed uint64
	var sets []string
	var cluster kubernetes.Plan
	c := &cobra.Command{
		Use:   "plan FILE",
		Short: "Print what a run would do: topology, every edge, every action with its time; nothing is started",
		Args:  file,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := plan(c.Context(), args[0], variant, seed, sets...)
			if err != nil {
				return err
			}
			switch engine {
			case "":
				return p.WriteText(c.OutOrStdout())
			case "kubernetes":
				if err := cluster.Write(c.OutOrStdout(), p.Plan); err != nil {
					return usageOf(err)
				}
				return nil
			}
			return usageOf(fmt.Errorf("--engine %s: a plan is the same on every engine but kubernetes, whose objects it can be shown as", engine))
		},
	}
	c.Flags().StringVar(&variant, "variant", "", "the variant to plan")
	c.Flags().Uint64Var(&seed, "seed", 0, "the root of all chance (default: the scenario's, or 1)")
	c.Flags().StringVar(&engine, "engine", "", "kubernetes: print the objects that it would be in a cluster, as YAML")
	cluster.Register(c.Flags())
	registerSets(c, &sets)
	return c
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of scenario files, for completion in editors",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := c.OutOrStdout().Write(scenarios.Schema())
			return err
		},
	}
}

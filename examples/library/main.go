// Command library measures the scenarios of examples/patterns, each with its pattern and without it, and writes what the patterns
// bought as Markdown: `make patterns`, `make confirm` and `make costs` call it.
//
//	library measure -engine docker FILE...   run them, and keep what was measured in examples/patterns/measured/docker.json
//	library readme FILE...                   examples/README.md from what was measured, to standard output
//	library costs < BENCHMARKS               examples/COSTS.md from the output of `go test -bench`, to standard output
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := do(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

func do(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New("say what to do: measure, readme or costs")
	}
	switch args[0] {
	case "measure":
		return measure(ctx, args[1:])
	case "readme":
		examples, err := readExamples(args[1:])
		if err != nil {
			return err
		}
		if len(examples) == 0 {
			return errors.New("name the files of the patterns")
		}
		measured, err := readAll(filepath.Join(filepath.Dir(args[1]), "measured"))
		if err != nil {
			return err
		}
		return writeReadme(os.Stdout, examples, measured)
	case "costs":
		return writeCosts(os.Stdout, os.Stdin)
	}
	return fmt.Errorf("%q is none of measure, readme and costs", args[0])
}

// measure is the subcommand: it reads its flags and measures the files that are left to measure.
func measure(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("measure", flag.ExitOnError)
	m := measurement{log: os.Stderr}
	flags.StringVar(&m.squall, "squall", "bin/squall", "the program")
	flags.StringVar(&m.engine, "engine", "virtual", "the engine to run them on")
	flags.StringVar(&m.records.dir, "keep", "", "a folder to keep every run's record in (default: none is kept)")
	flags.BoolVar(&m.records.use, "recorded", false, "do not run again what is kept of the scenario as it is now: only take its figures anew")
	flags.Float64Var(&m.rate, "rate", 400, "how many requests a second the runs in real time may send together; one that sends more runs alone")
	flags.IntVar(&m.tries, "tries", 3, "how often a side is run that does not come out as it should")
	flags.BoolVar(&m.again, "again", false, "measure those anew, too, that came out as they should and have not changed since")
	if err := flags.Parse(args); err != nil {
		return err
	}
	examples, err := readExamples(flags.Args())
	if err != nil {
		return err
	}
	if len(examples) == 0 {
		return errors.New("name the files of the patterns")
	}
	return m.all(ctx, examples, filepath.Join(filepath.Dir(flags.Arg(0)), "measured"))
}

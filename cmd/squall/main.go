// Command squall is a chaos and load testing harness: see `squall help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/cmd/squall/beginning"
	"github.com/squallhq/squall/cmd/squall/gameday"
	"github.com/squallhq/squall/cmd/squall/keys"
	"github.com/squallhq/squall/cmd/squall/kubernetes"
	"github.com/squallhq/squall/cmd/squall/recording"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios/source"
)

func main() { os.Exit(int(execute(os.Args[1:]))) }

// exit carries an exit code through cobra; its message has been printed, or is printed by execute.
type exit struct {
	code report.Exit
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return e.code.Meaning()
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

// environment marks an error as the environment's, unless it is marked as something else's.
func environment(err error) error {
	if _, marked := errors.AsType[*exit](err); marked {
		return err
	}
	return &exit{code: report.ExitEnvironment, err: err}
}

func execute(args []string) report.Exit {
	ctx, stop := interruptible()
	defer stop()
	root := command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return report.ExitPass
	}
	var problems source.Problems
	var coded *exit
	switch {
	case errors.As(err, &problems):
		printProblems(os.Stderr, problems)
		return report.ExitUsage
	case errors.As(err, &coded):
		if coded.err != nil {
			fmt.Fprintln(os.Stderr, "squall: "+coded.err.Error())
		}
		return coded.code
	}
	fmt.Fprintln(os.Stderr, "squall: "+err.Error())
	return report.ExitUsage
}

// errInterrupted is the cause of a run's end by Ctrl-C.
var errInterrupted = errors.New("interrupted")

// sameInterrupt is how soon after the first a second signal is still the same wish: timeout(1) and others that
// signal a program and its process group give it each signal twice.
const sameInterrupt = 500 * time.Millisecond

// interruptible ends the context on the first SIGINT, SIGTERM or SIGHUP (a terminal that is closed, unless nohup keeps
// that away); the second says how to clean up and ends at once.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go func() {
		<-signals
		first := time.Now()
		cancel(errInterrupted)
		for range signals {
			if time.Since(first) > sameInterrupt {
				break
			}
		}
		keys.Restore()
		fmt.Fprintln(os.Stderr, "\nsquall: ended at once; `squall clean` removes what is left")
		os.Exit(int(report.ExitInterrupted))
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

func command() *cobra.Command {
	root := &cobra.Command{
		Use:   "squall",
		Short: "Chaos and load testing: how does an architecture behave when things go wrong while people use it?",
		Long: `Squall launches the topology that a scenario file describes, drives load at it, injects faults on
the real connections between its parts, and reports what its users would have felt, with a verdict.

Exit codes: ` + exitCodes(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(helpCommand(root))
	root.AddCommand(runCommand(), upCommand(), validateCommand(), planCommand(), reportCommand(), compareCommand(), sweepCommand(), capacityCommand(), diffCommand(), baselineCommand(), explainCommand(),
		cleanCommand(), doctorCommand(), schemaCommand(), versionCommand(),
		nodeCommand(), meshCommand(), agentCommand(), healthCommand(), generatorCommand(), roundsCommand())
	root.AddCommand(beginning.Commands(environment)...)
	root.AddCommand(gameday.Command(usageOf, &kubernetes.Steered{}), recording.Command())
	root.AddCommand(kubernetes.Commands(house())...)
	return root
}

func exitCodes() string {
	var out []string
	for _, code := range report.Exits {
		out = append(out, fmt.Sprintf("%d %s", code, code.Meaning()))
	}
	return strings.Join(out, "; ") + "."
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "devel"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			v += " " + s.Value[:12]
		}
	}
	return v
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		Run: func(c *cobra.Command, _ []string) {
			fmt.Fprintf(c.OutOrStdout(), "squall %s %s/%s %s\n", version(), runtime.GOOS, runtime.GOARCH, runtime.Version())
		},
	}
}

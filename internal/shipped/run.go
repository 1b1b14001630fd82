// Package shipped runs scenarios with the program as it is shipped, for the commands that write down what they come to.
package shipped

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Run has the program run a variant of a file on an engine into a folder, and reads its record, whatever its verdict.
func Run(ctx context.Context, squall, engine, file, variant, out string, flags ...string) (*record.Result, error) {
	args := append([]string{"run", "--quiet", "--engine", engine, "--out", out, "--variant", variant}, flags...)
	command := exec.CommandContext(ctx, squall, append(args, file)...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute // it takes down what it has started
	output, runErr := command.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r, err := record.Read(out)
	if err != nil {
		return nil, fmt.Errorf("run %s on %s: %w: %s", file, engine, errors.Join(runErr, err), output)
	}
	return r, nil
}

// Told runs as Run does, says on standard error what, and keeps no folder.
func Told(ctx context.Context, squall, engine, file, variant string, flags ...string) (*record.Result, error) {
	dir, err := os.MkdirTemp("", "squall-told-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	fmt.Fprintln(os.Stderr, "run", file, variant, "on", engine)
	return Run(ctx, squall, engine, file, variant, dir+"/run", flags...)
}

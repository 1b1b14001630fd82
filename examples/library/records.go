package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// records are the folders of runs that are kept, DIR/ENGINE/EXAMPLE/VARIANT/N.
type records struct {
	dir string // "" where none is kept
	use bool   // take what is kept in place of a run
}

// run makes the nth run of a variant and reads its record, whatever its verdict.
func (m *measurement) run(ctx context.Context, e *example, variant string, n int) (*record.Result, error) {
	out, done, err := m.records.folder(m.engine, e.name, variant, n)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := os.RemoveAll(out); err != nil { // another scenario's, or not whole
		return nil, err
	}
	command := exec.CommandContext(ctx, m.squall, "run", "--quiet", "--engine", m.engine, "--out", out, "--variant", variant, e.file)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = time.Minute // it takes down what it has started
	output, runErr := command.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r, err := record.Read(out)
	if err != nil {
		return nil, fmt.Errorf("run %s on %s: %w: %s", e.file, m.engine, errors.Join(runErr, err), output)
	}
	return r, os.WriteFile(out+".sha256", []byte(e.hash+"\n"), 0o644)
}

// folder is where a run's record goes, and what takes it away where it is not to be kept.
func (k records) folder(engine, example, variant string, n int) (out string, done func(), err error) {
	if k.dir == "" {
		dir, err := os.MkdirTemp("", "patterns-")
		return filepath.Join(dir, "run"), func() { os.RemoveAll(dir) }, err
	}
	parent := filepath.Join(k.dir, engine, example, named(variant))
	return filepath.Join(parent, strconv.Itoa(n)), func() {}, os.MkdirAll(parent, 0o755)
}

// kept is the record of the nth run of a variant of the scenario as it is now, nil where none is kept, or none to be used.
func (k records) kept(engine string, e *example, variant string, n int) *record.Result {
	if !k.use || k.dir == "" {
		return nil
	}
	out, _, err := k.folder(engine, e.name, variant, n)
	if err != nil {
		return nil
	}
	of, err := os.ReadFile(out + ".sha256")
	if err != nil || strings.TrimSpace(string(of)) != e.hash {
		return nil
	}
	r, err := record.Read(out)
	if err != nil || r.Partial {
		return nil
	}
	return r
}

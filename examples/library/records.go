package main

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/squallhq/squall/internal/shipped"
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
	r, err := shipped.Run(ctx, m.squall, m.engine, e.file, variant, out)
	if err != nil {
		return nil, err
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

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/squallhq/squall/runner/record"
)

// The engines, in the order in which they are told of. What decides an example is settled in virtual time.
const (
	virtual = "virtual"
	process = "process"
	docker  = "docker"
)

// table is what was measured on one engine: a file of examples/patterns/measured.
type table struct {
	Engine    string            `json:"engine"`
	Scenarios map[string]*entry `json:"scenarios"`
}

// entry is one example, measured.
type entry struct {
	// SHA256 is that of the scenario that was run, less comments: another one than the file's, and the file has changed since.
	SHA256 string `json:"sha256"`
	On     string `json:"on"` // a date
	// Decides is the expectation, counted from 0, that holds with the pattern and does not without it.
	Decides int              `json:"decides"`
	Sides   map[string]*side `json:"sides"` // by variant; the file as it stands is standing
}

// standing is what the file as it stands is called where a name is needed.
const standing = "with"

// named is a variant's name, the standing file's too.
func named(variant string) string {
	if variant == "" {
		return standing
	}
	return variant
}

// side is one variant's run, the last one where it took several.
type side struct {
	Verdict record.Verdict `json:"verdict"`
	// AsItShould tells that the verdict is the one that the example promises.
	AsItShould bool `json:"as_it_should"`
	// Runs are the verdicts of all its runs of this scenario, in order: more than one, where not the first came out as it should.
	Runs []record.Verdict `json:"runs"`
	// Why says what was wrong where it did not come out as it should.
	Why     string  `json:"why,omitempty"`
	Figures figures `json:"figures"`
}

// confirmed tells that every side came out as it should.
func (e *entry) confirmed() bool {
	for _, s := range e.Sides {
		if !s.AsItShould {
			return false
		}
	}
	return len(e.Sides) > 0
}

// again tells that a side had to be run more than once.
func (e *entry) again() bool {
	for _, s := range e.Sides {
		if len(s.Runs) > 1 {
			return true
		}
	}
	return false
}

// side is the one of a variant, nil where it was not run.
func (e *entry) side(variant string) *side {
	return e.Sides[named(variant)]
}

// of is the entry of an example as it is now; nil where there is none or the file has changed since.
func (t *table) of(e *example) *entry {
	if entry := t.Scenarios[e.name]; entry != nil && entry.SHA256 == e.hash {
		return entry
	}
	return nil
}

// readTable reads one engine's table, an empty one where nothing was measured on it.
func readTable(dir, engine string) (*table, error) {
	t := &table{Engine: engine, Scenarios: map[string]*entry{}}
	data, err := os.ReadFile(filepath.Join(dir, engine+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("read what was measured on %s: %w", engine, err)
	}
	return t, nil
}

// readAll reads every engine's table.
func readAll(dir string) (map[string]*table, error) {
	all := map[string]*table{}
	for _, engine := range []string{virtual, process, docker} {
		t, err := readTable(dir, engine)
		if err != nil {
			return nil, err
		}
		all[engine] = t
	}
	return all, nil
}

// prune drops what was measured of scenarios whose files are gone.
func (t *table) prune(dir string) {
	for name := range t.Scenarios {
		if _, err := os.Stat(filepath.Join(dir, name+".yaml")); errors.Is(err, fs.ErrNotExist) {
			delete(t.Scenarios, name)
		}
	}
}

// save writes the table whole or not at all, one scenario a line.
func (t *table) save(dir string) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "{\n\"engine\": %q,\n\"scenarios\": {", t.Engine)
	for i, name := range slices.Sorted(maps.Keys(t.Scenarios)) {
		line, err := json.Marshal(t.Scenarios[name])
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, "\n%q: %s", name, line)
	}
	out.WriteString("\n}\n}\n")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	path := filepath.Join(dir, t.Engine+".json")
	if err := os.WriteFile(path+".new", out.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The files of a run's folder that this package owns.
const (
	ResultFile  = "result.json"
	WindowsFile = "windows.jsonl"
	SeriesFile  = "series.jsonl"
	// EventsFile is the events of a run in real time, a line of JSON each, written as they happen: what there is of a run that was killed.
	EventsFile = "events.jsonl"
	// ScenarioFile is the scenario as it was run. Whoever ran it writes it.
	ScenarioFile = "scenario.yaml"
)

// Save writes result.json, windows.jsonl, series.jsonl, traces.jsonl and writes.jsonl into dir. Each file appears whole or not at all; the
// result comes last, so that one that is there has the others.
func Save(dir string, res *Result) error {
	if err := writeLines(filepath.Join(dir, WindowsFile), res.Windows); err != nil {
		return fmt.Errorf("save windows: %w", err)
	}
	if err := writeLines(filepath.Join(dir, SeriesFile), res.Series); err != nil {
		return fmt.Errorf("save series: %w", err)
	}
	if res.Traces != nil {
		if err := writeLines(filepath.Join(dir, TracesFile), res.Traced); err != nil {
			return fmt.Errorf("save traces: %w", err)
		}
	}
	if res.Writes.Loads != nil {
		if err := writeLines(filepath.Join(dir, WrittenFile), res.Written); err != nil {
			return fmt.Errorf("save writes: %w", err)
		}
	}
	err := writeAtomically(filepath.Join(dir, ResultFile), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(res)
	})
	if err != nil {
		return fmt.Errorf("save result: %w", err)
	}
	return nil
}

// writeLines writes values as JSON, one a line.
func writeLines[T any](path string, lines []T) error {
	return writeAtomically(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		for _, line := range lines {
			if err := enc.Encode(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeAtomically writes a file beside path, syncs it and renames it into place.
func writeAtomically(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriter(f)
	if err := write(b); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Read reads a run's folder back, windows, series, traces, writes and scenario included. What a folder lacks of these is empty.
func Read(dir string) (*Result, error) {
	data, err := os.ReadFile(filepath.Join(dir, ResultFile))
	if err != nil {
		events := filepath.Join(dir, EventsFile)
		if _, there := os.Stat(events); there == nil && errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("read result: %w: the run goes on, or was killed; what happened in it until then is in %s", err, events)
		}
		return nil, fmt.Errorf("read result: %w", err)
	}
	res := &Result{}
	if err := json.Unmarshal(data, res); err != nil {
		return nil, fmt.Errorf("read result %q: %w", filepath.Join(dir, ResultFile), err)
	}
	if res.Version > Version {
		return nil, fmt.Errorf("read result %q: version %d is newer than this program's %d", filepath.Join(dir, ResultFile), res.Version, Version)
	}
	if res.Windows, err = readLines[Window](filepath.Join(dir, WindowsFile)); err != nil {
		return nil, fmt.Errorf("read windows: %w", err)
	}
	if res.Series, err = readLines[Moment](filepath.Join(dir, SeriesFile)); err != nil {
		return nil, fmt.Errorf("read series: %w", err)
	}
	if res.Traced, err = readLines[Trace](filepath.Join(dir, TracesFile)); err != nil {
		return nil, fmt.Errorf("read traces: %w", err)
	}
	if res.Written, err = readLines[Written](filepath.Join(dir, WrittenFile)); err != nil {
		return nil, fmt.Errorf("read writes: %w", err)
	}
	asRun, err := os.ReadFile(filepath.Join(dir, ScenarioFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	res.AsRun = string(asRun)
	return res, nil
}

// readLines reads what writeLines wrote; a file that is not there holds none.
func readLines[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var out []T
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var line T
		err := dec.Decode(&line)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q, entry %d: %w", path, len(out)+1, err)
		}
		out = append(out, line)
	}
}

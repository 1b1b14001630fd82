package main

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/findings"
	"github.com/squallhq/squall/runner/record"
)

// folder is a run's: events.jsonl as it goes on, then result.json, windows.jsonl, scenario.yaml, results.gob, logs, and its reports.
type folder struct {
	id, dir string
	made    bool // by us, for this run alone
	own     bool // one under runs/, that nobody named
	away    bool // in a pod, whose conductor this is
	bare    bool // without results.gob
}

// latest is a link to the run's folder that was saved last, of those under runs/.
const latest = "runs/latest"

// newFolder makes the folder of a run of these flags; where this is a conductor in the cluster, who began it has said which.
func (f *runFlags) newFolder(p *planned, several bool) (*folder, error) {
	run, dir := f.away.Conducts()
	made, err := newFolder(cmp.Or(dir, f.in, f.out), p, several || f.in != "", f.noResults)
	if made != nil && run != "" {
		made.id, made.away = run, true
	}
	return made, err
}

// newRun is a new run's id.
func newRun() string { return time.Now().Format("20060102-150405") + "-" + randomHex() }

// newFolder makes the run's folder: out, or one of its own under runs/ (or under out, for several files).
func newFolder(out string, p *planned, several, bare bool) (*folder, error) {
	id := newRun()
	name := folderName(p.Scenario.Name, p.Scenario.Variant, id)
	dir := filepath.Join("runs", name)
	switch {
	case out != "" && several:
		dir = filepath.Join(out, name)
	case out != "":
		dir = out
	}
	_, err := os.Stat(dir)
	f := &folder{id: id, dir: dir, made: os.IsNotExist(err), own: out == "", bare: bare}
	if _, err := os.Stat(filepath.Join(dir, "result.json")); err == nil {
		return nil, usageOf(fmt.Errorf("%s holds a run already; give --out a new folder", dir))
	}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, fmt.Errorf("make the run's folder: %w", err)
	}
	return f, nil
}

// title is what a run is called, for people.
func title(p *planned) string {
	if p.Scenario.Variant != "" {
		return p.Scenario.Name + " / " + p.Scenario.Variant
	}
	return p.Scenario.Name
}

// folderName is that of a run in a folder of runs.
func folderName(scenario, variant, id string) string {
	if variant != "" {
		scenario += "-" + variant
	}
	return scenario + "-" + id
}

func randomHex() string {
	b := make([]byte, 2)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// results is the file of every request, as vegeta has it, and what closes it; nil: the run has none.
func (f *folder) results() (io.Writer, func() error, error) {
	if f.bare {
		return nil, func() error { return nil }, nil
	}
	file, err := os.Create(filepath.Join(f.dir, "results.gob"))
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// discard removes a folder in which nothing was recorded, but keeps the logs that say why where there are any.
func (f *folder) discard() {
	if logs, err := os.ReadDir(filepath.Join(f.dir, "logs")); !f.made || err != nil || len(logs) > 0 {
		return
	}
	_ = os.RemoveAll(f.dir)
}

// save writes the record before it is judged, so that no failing judge can lose a run, and again with its verdict. The result is judged
// whatever becomes of the files: on a full disk it can be told at least.
func (f *folder) save(p *planned, result *record.Result) error {
	err := f.write(p, result)
	report.Judge(result, p.Scenario)
	result.Findings, result.Absorbed = findings.Of(result)
	if err != nil {
		return err
	}
	return f.verdict(result)
}

// write keeps what the run was and measured, not judged yet.
func (f *folder) write(p *planned, result *record.Result) error {
	asRun, err := p.document.AsRun(p.Seed)
	if err != nil {
		return fmt.Errorf("write scenario as run: %w", err)
	}
	if err := os.WriteFile(filepath.Join(f.dir, record.ScenarioFile), asRun, 0o644); err != nil {
		return err
	}
	result.AsRun = string(asRun)
	result.Verdict, result.Reasons = record.Inconclusive, []string{"not judged yet"}
	return record.Save(f.dir, result)
}

// verdict writes the record again, judged, and its reports.
func (f *folder) verdict(result *record.Result) error {
	if err := record.Save(f.dir, result); err != nil {
		return err
	}
	for _, kept := range report.Kept(result) {
		if err := writeReport(filepath.Join(f.dir, kept.File), func(w io.Writer) error { return kept.Render(w, result) }); err != nil {
			return err
		}
	}
	if f.own {
		f.link()
	}
	return nil
}

// link lets runs/latest lead to this folder, from one moment to the next. Where it can't be made (no links on this
// file system, something else of that name), the run is none the worse.
func (f *folder) link() {
	name := filepath.FromSlash(latest)
	if there, err := os.Lstat(name); err == nil && there.Mode()&os.ModeSymlink == 0 {
		return // not ours
	}
	next := name + "-" + f.id
	if os.Symlink(filepath.Base(f.dir), next) != nil {
		return
	}
	if os.Rename(next, name) != nil {
		_ = os.Remove(next)
	}
}

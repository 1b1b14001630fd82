package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/metric"
)

// Side is several runs of one scenario and variant on one engine: what is compared, and what a baseline keeps.
type Side struct {
	Version  int    `json:"version"`
	Scenario string `json:"scenario"`
	Variant  string `json:"variant,omitempty"`
	// Set are changes to the scenario that the runs were made with.
	Set    []string `json:"set,omitempty"`
	Engine string   `json:"engine"`
	// Digest is of the scenario, Asked of what it asks of its topology alone.
	Digest string `json:"digest"`
	Asked  string `json:"asked"`
	// Machine is of what sort the machine was, Squall the program's version.
	Machine string `json:"machine"`
	Squall  string `json:"squall"`
	// Figures are what the values of each run are of, in their order.
	Figures []Named `json:"figures"`
	Runs    []Run   `json:"runs"`

	// doubts are why runs can't be relied on.
	doubts []string
	// called is what it is called among several, "": by its variant or scenario.
	called string
	// unknown are why costs are, by their names.
	unknown map[string]string
}

// Named is what a value is of.
type Named struct {
	Name   string        `json:"name"`
	Unit   Unit          `json:"unit,omitempty"`
	Better metric.Better `json:"better"`
}

// Run is one run: a value for each of its side's figures, null where it is unknown.
type Run struct {
	Seed   uint64     `json:"seed"`
	Values []*float64 `json:"values"`
}

// version of the files of baselines.
const version = 1

// virtual is the engine whose runs are the same for the same seed.
const virtual = "virtual"

// Title is what a side is of.
func (s *Side) Title() string {
	name := s.Scenario
	if s.Variant != "" {
		name += " / " + s.Variant
	}
	if len(s.Set) > 0 {
		name += " with " + strings.Join(s.Set, ", ")
	}
	return name + " on " + s.Engine
}

// NewSide makes one side of runs, whatever they are of, and calls it by a name.
func NewSide(name string, runs ...*record.Result) *Side {
	s := begun(runs[0])
	s.called = name
	for _, r := range runs {
		s.add(r)
	}
	return s
}

// begun is the side of a run, without it.
func begun(r *record.Result) *Side {
	return &Side{Version: version, Scenario: r.Scenario, Variant: r.Variant, Set: r.Set, Engine: r.Engine, Digest: r.Digest, Asked: r.Asked,
		Machine: fmt.Sprintf("%s/%s, %d CPUs", r.Host.OS, r.Host.Arch, r.Host.CPUs), Squall: r.Host.Squall}
}

// Sides groups runs by scenario, variant, changes and engine, in their order.
func Sides(runs ...*record.Result) ([]*Side, error) {
	var out []*Side
	for _, r := range runs {
		i := slices.IndexFunc(out, func(s *Side) bool {
			return s.Scenario == r.Scenario && s.Variant == r.Variant && s.Engine == r.Engine && slices.Equal(s.Set, r.Set)
		})
		if i < 0 {
			out = append(out, begun(r))
			i = len(out) - 1
		}
		if out[i].Digest != r.Digest {
			return nil, fmt.Errorf("the runs of %s are of two scenarios: it was changed between %s and %s; name those of one", out[i].Title(), runs[0].Run, r.Run)
		}
		out[i].add(r)
	}
	return out, nil
}

func (s *Side) add(r *record.Result) {
	run := Run{Seed: r.Seed, Values: make([]*float64, len(s.Figures))}
	figures, unknown := figuresOf(r)
	for name, why := range unknown {
		if s.unknown == nil {
			s.unknown = map[string]string{}
		}
		s.unknown[name] = why
	}
	for _, f := range figures {
		i := slices.IndexFunc(s.Figures, func(n Named) bool { return n.Name == f.Name })
		if i < 0 {
			i = len(s.Figures)
			s.Figures = append(s.Figures, Named{f.Name, f.Unit, f.Better})
			run.Values = append(run.Values, nil)
			for j := range s.Runs {
				s.Runs[j].Values = append(s.Runs[j].Values, nil)
			}
		}
		run.Values[i] = &f.Value
	}
	s.Runs = append(s.Runs, run)
	for _, why := range doubtsOf(r) {
		s.doubts = append(s.doubts, fmt.Sprintf("run %s: %s", r.Run, why))
	}
}

// doubtsOf is why the figures of a run can't be relied on, whatever its verdict.
func doubtsOf(r *record.Result) (why []string) {
	if r.Partial {
		why = append(why, "it was cut short")
	}
	for _, c := range r.Checks {
		if !c.OK {
			why = append(why, c.Name+": "+c.Text)
		}
	}
	for _, f := range r.Faults {
		if f.Error != "" || !f.Receipt.Met {
			why = append(why, fmt.Sprintf("fault %s on %s hit nothing", f.Text, f.On))
		}
	}
	return why
}

// values of a figure in each run, nil where it is unknown.
func (s *Side) values(name string) (values []*float64) {
	i := slices.IndexFunc(s.Figures, func(n Named) bool { return n.Name == name })
	if i < 0 {
		return make([]*float64, len(s.Runs))
	}
	for _, r := range s.Runs {
		values = append(values, r.Values[i])
	}
	return values
}

// File is the name that a side's baseline has in a folder of baselines.
func (s *Side) File() string {
	name := s.Scenario
	if s.Variant != "" {
		name += "." + s.Variant
	}
	if len(s.Set) > 0 { // changes are too long for a name, and have what no name can
		name += "." + s.Digest[:min(len(s.Digest), 8)]
	}
	return name + "." + s.Engine + ".json"
}

// Save writes a side as a baseline. Runs in doubt are none.
func (s *Side) Save(path string) error {
	if len(s.doubts) > 0 {
		return fmt.Errorf("%s is no baseline: %s", s.Title(), s.doubts[0])
	}
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("save baseline: %w", err)
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("save baseline: %w", err)
	}
	return nil
}

// Load reads a baseline.
func Load(path string) (*Side, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read baseline: %w", err)
	}
	s := &Side{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, fmt.Errorf("read baseline %q: %w", path, err)
	}
	if s.Version != version || len(s.Runs) == 0 {
		return nil, fmt.Errorf("read baseline %q: it is none of this program's (version %d, %d runs)", path, s.Version, len(s.Runs))
	}
	for _, r := range s.Runs {
		if len(r.Values) != len(s.Figures) {
			return nil, errors.New("read baseline " + path + ": a run has not as many values as there are figures")
		}
	}
	return s, nil
}

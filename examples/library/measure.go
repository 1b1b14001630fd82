package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// least is the part of a measurement's rate that the quietest example takes: more than four runs at a time would measure each other's start.
const least = .25

// measurement runs examples on one engine and keeps what it measures.
type measurement struct {
	squall, engine string
	// rate is how many requests a second runs in real time may send together; one that sends more runs alone.
	rate    float64
	tries   int
	again   bool
	records records
	log     io.Writer

	mu    sync.Mutex
	table *table
}

// all measures the examples, several at a time, and saves the table after each one: an interrupted measurement goes on where it was.
func (m *measurement) all(ctx context.Context, examples []*example, dir string) error {
	settled, err := readTable(dir, virtual)
	if err != nil {
		return err
	}
	if m.table, err = readTable(dir, m.engine); err != nil {
		return err
	}
	m.table.prune(filepath.Dir(dir))
	examples = slices.Clone(examples)
	slices.SortStableFunc(examples, func(a, b *example) int { return cmp.Compare(a.busiest, b.busiest) }) // those that run alone come last
	places := semaphore.NewWeighted(int64(m.rate))
	failures := make([]error, len(examples))
	var running sync.WaitGroup
	for i, e := range examples {
		old := m.table.of(e)
		if old != nil && old.confirmed() && !m.again {
			continue
		}
		want := m.places(e)
		if err := places.Acquire(ctx, want); err != nil {
			break // interrupted
		}
		running.Go(func() {
			defer places.Release(want)
			failures[i] = m.one(ctx, e, settled.of(e), old, dir)
		})
	}
	running.Wait()
	return errors.Join(errors.Join(failures...), ctx.Err())
}

// places are how much of the rate an example takes.
func (m *measurement) places(e *example) int64 {
	if m.engine == virtual {
		return int64(m.rate / float64(runtime.GOMAXPROCS(0)))
	}
	return int64(min(max(e.busiest, m.rate*least), m.rate))
}

// one measures every side of an example and saves it.
func (m *measurement) one(ctx context.Context, e *example, settled, old *entry, dir string) error {
	fresh := &entry{SHA256: e.hash, On: time.Now().UTC().Format(time.DateOnly), Sides: map[string]*side{}}
	made := map[string]*record.Result{}
	switch {
	case m.engine == virtual:
		for _, variant := range []string{"", e.naive()} {
			r, err := m.run(ctx, e, variant, 1)
			if err != nil {
				return err
			}
			made[variant] = r
		}
		var err error
		if fresh.Decides, err = deciding(made[""], made[e.naive()]); err != nil {
			return fmt.Errorf("%s: %w", e.file, err)
		}
	case settled == nil:
		return fmt.Errorf("%s has changed since it was measured in virtual time: run make patterns first", e.file)
	default:
		fresh.Decides = settled.Decides
	}
	for _, variant := range e.sides(m.engine) {
		s := &side{}
		if old != nil && old.side(variant) != nil && m.engine != virtual {
			before := *old.side(variant) // a copy: the table may be saved meanwhile
			if s = &before; s.AsItShould && !m.again {
				fresh.Sides[named(variant)] = s
				continue
			}
			s.Runs = slices.Clone(s.Runs)
		}
		if err := m.side(ctx, e, variant, fresh.Decides, made[variant], s); err != nil {
			return err
		}
		fresh.Sides[named(variant)] = s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.table.Scenarios[e.name] = fresh
	return m.table.save(dir)
}

// side runs one variant until it comes out as it should or its tries are used up; made is its first run, where there is one already.
func (m *measurement) side(ctx context.Context, e *example, variant string, decides int, made *record.Result, s *side) error {
	scenario, err := language.LoadFile(e.file, variant)
	if err != nil {
		return err
	}
	if decides >= len(scenario.Expect) {
		return fmt.Errorf("variant %q of %s does not expect what the file does", variant, e.file)
	}
	tries := m.tries
	if m.engine == virtual {
		tries = 1 // another would be the same
	}
	for tries > 0 {
		r := made
		if r == nil {
			r = m.records.kept(m.engine, e, variant, len(s.Runs)+1)
		}
		if r == nil {
			tries--
			if r, err = m.run(ctx, e, variant, len(s.Runs)+1); err != nil {
				return err
			}
		}
		s.Verdict, s.Runs = r.Verdict, append(s.Runs, r.Verdict)
		s.Why = odd(r, variant, decides, e)
		s.AsItShould = s.Why == ""
		if s.Figures, err = figuresOf(r, scenario.Expect[decides]); err != nil {
			return fmt.Errorf("%s, %s: %w", e.file, named(variant), err)
		}
		if e.ladder != nil {
			s.Figures.Phases = byPhase(r)
		}
		fmt.Fprintf(m.log, "%s %s %s %s: %s %s\n", time.Now().Format(time.TimeOnly), m.engine, e.name, named(variant), r.Verdict, s.Why)
		if s.AsItShould || made != nil {
			break
		}
	}
	return nil
}

// odd says what is not as the example promises, "" where all is: the verdict, or that another expectation decides than in virtual time.
func odd(r *record.Result, variant string, decides int, e *example) string {
	reason := ""
	if len(r.Reasons) > 0 {
		reason = ": " + r.Reasons[0]
	}
	want, promised := e.exits[variant]
	switch got := report.ExitCode(r); {
	case promised && got != want:
		return string(r.Verdict) + reason
	case variant == e.naive() && want == report.ExitFail:
		if x := r.Expectations[decides]; x.Holds == nil || *x.Holds {
			return fmt.Sprintf("failed by another expectation than %q, which came to %s", x.Text, x.Measured)
		}
	}
	return ""
}

// deciding is the first expectation that holds with the pattern and does not without it.
func deciding(with, naive *record.Result) (int, error) {
	for i, x := range naive.Expectations {
		if x.Broken() && i < len(with.Expectations) && with.Expectations[i].Holds != nil && *with.Expectations[i].Holds {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the pattern decides nothing: %s with it, %s without", with.Verdict, naive.Verdict)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/docker"
	"github.com/squallhq/squall/runner/engine/virtual"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/metric"
)

// Rounds are runs in virtual time of which the figures alone are wanted: many of them, as comparisons take. A process for each processor makes
// one after the other, and writes no folder unless it is asked to.

// round is one run to be made.
type round struct {
	// File is what the scenario is called, Text what it says: a pipe is read once, by the parent.
	File    string
	Text    []byte
	Variant string
	Sets    []string
	Seed    uint64
	// Keep is the folder for the run's own; "": it has none.
	Keep string
	// Hop and Sync are the engine's.
	Hop, Sync time.Duration
	// Wanted are figures that the record alone does not give, since its windows stay in the child.
	Wanted []wanted
}

// wanted is a figure as an expectation would have it.
type wanted struct {
	About  scenarios.Expectation
	Metric metric.Name
}

// roundMade is what came of a round: a result, or why there is none.
type roundMade struct {
	Result *record.Result
	// Values are of what was wanted, null where they are unknown.
	Values []*float64
	Code   report.Exit
	Error  string
}

// roundsCommand makes rounds as they come on standard input, one JSON value each, and answers each with one.
func roundsCommand() *cobra.Command {
	return &cobra.Command{Use: "rounds", Hidden: true, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		defer virtual.Tune()()
		in, out := json.NewDecoder(os.Stdin), json.NewEncoder(c.OutOrStdout())
		for {
			var r round
			if err := in.Decode(&r); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return environment(fmt.Errorf("read what to run: %w", err))
			}
			if err := out.Encode(r.answer(c.Context())); err != nil {
				return environment(err)
			}
		}
	}}
}

func (r *round) answer(ctx context.Context) roundMade {
	result, values, err := r.run(ctx)
	if err == nil {
		return roundMade{Result: result, Values: values}
	}
	code := report.ExitUsage
	if coded, is := errors.AsType[*exit](err); is {
		code = coded.code
	}
	return roundMade{Code: code, Error: err.Error()}
}

func (r *round) run(ctx context.Context) (*record.Result, []*float64, error) {
	texts.Store(r.File, r.Text)
	p, err := plan(ctx, r.File, r.Variant, r.Seed, r.Sets...)
	if err != nil {
		return nil, nil, err
	}
	f := runFlags{engineFlags: engineFlags{name: "virtual", cidr: docker.DefaultRange.String(), hop: r.Hop, sync: r.Sync}, quiet: true, sets: r.Sets}
	var result *record.Result
	if r.Keep == "" {
		result, err = f.measure(ctx, p)
	} else {
		f.in, f.format, f.repeat = r.Keep, "json", 1
		c := &cobra.Command{}
		c.SetOut(io.Discard)
		var m made
		m, err = runOne(ctx, c, f, p, true)
		result = m.result
	}
	if err != nil {
		return nil, nil, err
	}
	if result == nil || result.Partial {
		return nil, nil, &exit{code: report.ExitInterrupted, err: errors.New("interrupted")}
	}
	values := make([]*float64, len(r.Wanted))
	for i, w := range r.Wanted {
		if v, err := report.Measure(result, w.About, w.Metric); err == nil {
			values[i] = &v
		}
	}
	return result, values, nil
}

// measure makes a run in virtual time and judges it; nothing of it is written.
func (f *runFlags) measure(ctx context.Context, p *planned) (*record.Result, error) {
	engine := &virtual.Engine{Hop: f.hop, Sync: f.sync}
	p, why, err := standIns(engine, p, "asked for")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(engine.Check(p.Plan), nobodyThere(p)); err != nil {
		return nil, usageOf(err)
	}
	result, err := wired(ctx, runner.Options{Plan: p.Plan, Engine: engine, EngineWhy: why, Run: folderName(p.Scenario.Name, p.Scenario.Variant, fmt.Sprint("seed-", p.Seed)),
		Version: version()})
	if result == nil || err != nil {
		return nil, failed(ctx, err)
	}
	result.File, result.Set = p.document.File, f.sets
	report.Judge(result, p.Scenario)
	return result, nil
}

// pool are children that make rounds, each begun when it is first needed.
type pool struct {
	ctx  context.Context
	free chan *roundsChild
	all  []*roundsChild
	mu   sync.Mutex
}

// roundsChild is a process that makes one round after the other.
type roundsChild struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	to   *json.Encoder
	from *json.Decoder
	said bytes.Buffer
}

func newPool(ctx context.Context, most int) *pool {
	p := &pool{ctx: ctx, free: make(chan *roundsChild, most)}
	for range most {
		p.free <- nil // not begun yet
	}
	return p
}

// run makes a round in whichever child is free.
func (p *pool) run(r round) (roundMade, error) {
	child := <-p.free
	defer func() { p.free <- child }()
	if child == nil {
		begun, err := p.begin()
		if err != nil {
			return roundMade{}, environment(err)
		}
		child = begun
	}
	var m roundMade
	if err := errors.Join(child.to.Encode(r), child.from.Decode(&m)); err != nil {
		if p.ctx.Err() != nil {
			return roundMade{}, &exit{code: report.ExitInterrupted, err: errors.New("interrupted")}
		}
		return roundMade{}, environment(fmt.Errorf("a run of its own: %w: %s", err, strings.TrimSpace(child.said.String())))
	}
	if m.Error != "" {
		return roundMade{}, &exit{code: m.Code, err: errors.New(m.Error)}
	}
	return m, nil
}

func (p *pool) begin() (*roundsChild, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(p.ctx, self, "rounds")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(pipelines, name)
	})
	child := &roundsChild{cmd: cmd}
	cmd.Stderr = &child.said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = childGrace
	if child.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	child.to, child.from = json.NewEncoder(child.in), json.NewDecoder(out)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, child)
	return child, nil
}

// close ends all children, which have nothing more to do.
func (p *pool) close() {
	for _, child := range p.all {
		_ = child.in.Close()
	}
	for _, child := range p.all {
		_ = child.cmd.Wait() // what it found has been told, or why it could not
	}
}

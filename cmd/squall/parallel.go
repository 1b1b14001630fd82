package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// Runs in virtual time at once are processes of their own: virtual time is the whole process's, which one processor serves.

// pipelines are the variables by which a child would take itself for a step of a pipeline: what it found is its parent's to tell.
var pipelines = []string{"GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITLAB_CI"}

// childGrace is how long a child has to undo its run once it was told to end.
const childGrace = 30 * time.Second

// child makes a run in a process of its own, its folder in another one's, and returns what it found.
func child(ctx context.Context, in string, flags engineFlags, file, variant string, sets []string, held bool, seed uint64) (made, error) {
	self, err := os.Executable()
	if err != nil {
		return made{}, environment(err)
	}
	args := []string{"run", file, "--engine", "virtual", "--seed", strconv.FormatUint(seed, 10), "--in", in, "--format", "json", "--quiet",
		"--virtual-hop", flags.hop.String(), "--virtual-sync", flags.sync.String(), "--generators", strconv.Itoa(flags.generators)}
	switch {
	case variant != "" && held:
		args = append(args, "--variants", variant)
	case variant != "":
		args = append(args, "--variant", variant)
	}
	if flags.noResults {
		args = append(args, "--no-results")
	}
	for _, set := range sets {
		args = append(args, "--set", set)
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(pipelines, name)
	})
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = childGrace
	failure := cmd.Run()
	var r record.Result
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return made{}, childFailed(ctx, failure, strings.TrimSpace(strings.TrimPrefix(said.String(), "squall: ")))
	}
	return made{&r, filepath.Join(in, folderName(r.Scenario, r.Variant, r.Run))}, nil
}

// childFailed is what a child without a result ended with, as if it had happened here.
func childFailed(ctx context.Context, failure error, said string) error {
	if ended, is := errors.AsType[*exec.ExitError](failure); is && ctx.Err() == nil && ended.ExitCode() > 0 {
		return &exit{code: report.Exit(ended.ExitCode()), err: errors.New(said)}
	}
	return failed(ctx, fmt.Errorf("a run of its own: %w: %s", failure, said))
}

// atOnce makes runs in children, so many at once, and tells them in their order.
func (f *runFlags) atOnce(ctx context.Context, c *cobra.Command, jobs []job, take func(job, made)) error {
	in := f.out
	if in == "" {
		in = "runs"
	}
	progress := progressing(f.quiet)
	done := 0
	last := ""
	err := inOrder(len(jobs), f.jobs, func(i int) (made, error) {
		p := jobs[i].plan
		return child(ctx, in, f.engineFlags, p.document.File, p.Scenario.Variant, f.sets, f.variants != "", p.Seed)
	}, func(i int, m made) error {
		take(jobs[i], m)
		last = m.folder
		if done++; !f.quiet {
			progress.Line(fmt.Sprintf("%s, seed %d: %s (%d of %d)", title(jobs[i].plan), jobs[i].plan.Seed, m.result.Verdict, done, len(jobs)))
		}
		whole := m.result
		if f.format == "table" { // without its windows a report can't tell for how long it was bad, and no breaker for how long it was open
			read, err := record.Read(m.folder)
			if err != nil {
				return environment(err)
			}
			whole = read
		}
		return f.teller(m.folder)(c.OutOrStdout(), whole)
	})
	if last != "" && f.out == "" {
		(&folder{id: filepath.Base(last), dir: last}).link()
	}
	return err
}

// inOrder does n things, so many at once, and hands on what came of each in order. After the first error nothing more is begun.
func inOrder[T any](n, atOnce int, do func(int) (T, error), hand func(int, T) error) error {
	type outcome struct {
		value T
		err   error
	}
	outcomes := make([]chan outcome, n)
	for i := range outcomes {
		outcomes[i] = make(chan outcome, 1)
	}
	var next atomic.Int64
	var stopped atomic.Bool
	var workers sync.WaitGroup
	defer workers.Wait()
	defer stopped.Store(true)
	for range min(atOnce, n) {
		workers.Go(func() {
			for !stopped.Load() {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				value, err := do(i)
				outcomes[i] <- outcome{value, err}
				if err != nil {
					stopped.Store(true) // all before it have begun: who reads in order meets an error before one that has not
				}
			}
		})
	}
	for i := range n {
		o := <-outcomes[i]
		if o.err != nil {
			return o.err
		}
		if err := hand(i, o.value); err != nil {
			return err
		}
	}
	return nil
}

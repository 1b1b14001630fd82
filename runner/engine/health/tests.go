package health

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Tests are the looks at a program's health by the test of its healthcheck, since a begin. They take turns.
type Tests struct {
	// Began is when it did.
	Began time.Time
	// Run runs a command as the program does: when it takes longer than most it is killed, and late is the error. said is what it said, on
	// one line; "": it was not started.
	Run func(ctx context.Context, words []string, most time.Duration, late error) (said string, err error)

	mu     sync.Mutex
	next   time.Time
	failed int
	last   error
}

// soon is how often a test is run while a program starts.
const soon = time.Second

// Ready runs the test where it is time to, and tells how the last one went: a *NeverReady when it has failed too often.
func (t *Tests) Ready(ctx context.Context, r scenarios.Readiness) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Now().Before(t.next) {
		return t.last
	}
	r = r.WithDefaults()
	starting := time.Since(t.Began) < max(r.StartPeriod, r.Interval)
	how := t.test(ctx, r)
	if how == nil || ctx.Err() != nil {
		return how
	}
	every := r.Interval
	if starting {
		every = min(soon, r.Interval)
	} else {
		t.failed++
	}
	if t.failed >= r.Retries {
		return &NeverReady{Why: fmt.Sprintf("the test of its healthcheck failed %d times, and %s", t.failed, how)}
	}
	t.next, t.last = time.Now().Add(every), fmt.Errorf("the test of its healthcheck has not succeeded yet: %w", how)
	return t.last
}

// test runs it once, with all that it starts.
func (t *Tests) test(ctx context.Context, r scenarios.Readiness) error {
	words := []string(r.Test[1:])
	if r.Test[0] == scenarios.TestShell {
		words = []string{"/bin/sh", "-c", r.Test[1]}
	}
	said, err := t.Run(ctx, words, r.Timeout, fmt.Errorf("its last had not ended after %s", r.Timeout))
	switch exit := (*exec.ExitError)(nil); {
	case err == nil || said == "":
		return err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Errorf("its last ended with exit code %d: %s", exit.ExitCode(), said)
	}
	return fmt.Errorf("%w: %s", err, said)
}

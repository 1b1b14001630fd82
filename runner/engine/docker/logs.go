package docker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// follower copies one container's output to its log file, over all its restarts.
type follower struct {
	// again is told after each start, over closed when there will be no other; end cuts it short, done is closed when it has ended.
	again, over chan struct{}
	end         context.CancelFunc
	done        chan struct{}
}

// lastLines is how long the output of a dead container is waited for.
const lastLines = 3 * time.Second

func (t *testbed) logFile(what string) string { return filepath.Join(t.Dir, "logs", what+".log") }

// follow begins to copy a container's output. It may be called before the container starts.
func (t *testbed) follow(what, id string) *follower {
	ctx, cancel := context.WithCancel(context.Background())
	f := &follower{again: make(chan struct{}, 1), over: make(chan struct{}), end: cancel, done: make(chan struct{})}
	t.mu.Lock()
	t.logs = append(t.logs, f)
	t.mu.Unlock()
	t.owned.Go(func() {
		defer close(f.done)
		if err := t.copyLog(ctx, f, what, id); err != nil && ctx.Err() == nil {
			t.Progress(fmt.Sprintf("the log of %s breaks off: %s", what, err))
		}
	})
	return f
}

// copyLog follows the output, which ends when the container does, until the follower is ended.
func (t *testbed) copyLog(ctx context.Context, f *follower, what, id string) error {
	file, err := os.OpenFile(t.logFile(what), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer file.Close()
	since := ""
	for {
		select {
		case <-f.again: // it has been started
		case <-f.over:
			return nil
		case <-t.closing:
			return nil
		}
		output, err := t.engine.api.ContainerLogs(ctx, id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true, Since: since})
		if err != nil {
			return err
		}
		_, err = stdcopy.StdCopy(file, file, output)
		_ = output.Close() // only read
		if err != nil {
			return err
		}
		// The engine's own clock tells the end of this incarnation from the beginning of the next.
		if inspected, err := t.engine.api.ContainerInspect(ctx, id); err == nil && inspected.State != nil {
			since = inspected.State.FinishedAt
		}
	}
}

// started tells a follower that its container runs.
func (f *follower) started() {
	select {
	case f.again <- struct{}{}:
	default:
	}
}

// endLogs lets the followers of dead containers take the last lines, for a moment, and ends them all.
func (t *testbed) endLogs() {
	t.mu.Lock()
	logs := t.logs
	t.mu.Unlock()
	close(t.closing)
	timeout := time.NewTimer(lastLines)
	defer timeout.Stop()
	for _, f := range logs {
		select {
		case <-f.done:
		case <-timeout.C:
			timeout.Reset(0) // no more patience with the others either
		}
		f.end()
	}
}

// What errors quote of a container's output.
const (
	quotedLines = "8"
	quotedBytes = 4 << 10
	quoteWithin = 3 * time.Second
)

// lastLines are the last lines of an instance's output, as the engine has them: its log file may not have them yet.
func (i *instance) lastLines() string {
	ctx, cancel := context.WithTimeout(context.Background(), quoteWithin)
	defer cancel()
	output, err := i.engine.api.ContainerLogs(ctx, i.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: quotedLines})
	if err != nil {
		return "" // the error that is being told is another
	}
	defer output.Close()
	var text bytes.Buffer
	_, _ = stdcopy.StdCopy(&text, &text, output) // what came is told
	return quoted(text.Bytes())
}

// quoted is the end of an output, in one line.
func quoted(output []byte) string {
	output = bytes.TrimSpace(output)
	return strings.ReplaceAll(string(output[max(0, len(output)-quotedBytes):]), "\n", " | ")
}

package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/squallhq/squall/internal/resumable"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// GeneratorToken is what generators want their conductor to show.
func (e *Engine) GeneratorToken() string { return e.token(objects.PartGenerator) }

// GeneratorSilence is how long a generator may be silent until it is lost: the API server may be away for as long as its line lets it be, and says
// more of its end than silence does.
const GeneratorSilence = resumable.DefaultPatience + 5*time.Second

// indexLabel is the number of a pod among those of its job.
const indexLabel = "batch.kubernetes.io/job-completion-index"

// Generator is a line to a generator in its pod, as package remote has links. It outlives the connections that the API server forwards.
type Generator struct {
	*resumable.Conn
	of    *testbed
	pod   string
	index int
	dir   string
}

// Generator connects to a generator of a run, once it runs.
func (e *Engine) Generator(ctx context.Context, s runner.Stage, index int) (*Generator, error) {
	e.mu.Lock()
	t := e.runs[s.Run]
	e.mu.Unlock()
	if t == nil {
		return nil, fmt.Errorf("run %s is not up", s.Run)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, podsTimeout, fmt.Errorf("it did not run within %s", podsTimeout))
	defer cancel()
	q := apiserver.Query{Labels: objects.LabelRun + "=" + s.Run + "," + objects.LabelPart + "=" + objects.PartGenerator + "," + indexLabel + "=" + strconv.Itoa(index)}
	var last kinds.Pod
	for event, err := range apiserver.Watch[kinds.Pod](ctx, t.client, apiserver.Pods, q) {
		switch {
		case err != nil:
			return nil, err
		case event.Change == apiserver.Synced || event.Change == apiserver.Deleted:
			continue
		}
		last = event.Object
		if why := last.Hopeless(); why != "" {
			return nil, fmt.Errorf("pod %s can't run: %s", last.Metadata.Name, why)
		}
		if len(containersOf(last)) == 0 || last.Status.PodIP == "" {
			continue
		}
		c, err := resumable.Dial(ctx, resumable.Options{Token: e.GeneratorToken()}, func(ctx context.Context) (net.Conn, error) { return t.connect(ctx, last) })
		if err != nil {
			return nil, fmt.Errorf("reach pod %s: %w", last.Metadata.Name, err)
		}
		return &Generator{Conn: c, of: t, pod: last.Metadata.Name, index: index, dir: s.Dir}, nil
	}
	return nil, fmt.Errorf("%w: pod %s %s", context.Cause(ctx), last.Metadata.Name, t.lacks(context.WithoutCancel(ctx), last))
}

// connect connects once to the generator in a pod, which may not listen yet, and may have ended: then there is no use in more tries.
func (t *testbed) connect(ctx context.Context, p kinds.Pod) (net.Conn, error) {
	now, err := apiserver.Get[kinds.Pod](ctx, t.client, apiserver.Pods, p.Metadata.Name)
	switch {
	case errors.Is(err, apiserver.ErrNotFound):
		return nil, &resumable.Final{Err: err}
	case err != nil:
		return nil, err
	case howEnded(now) != "":
		return nil, &resumable.Final{Err: errors.New(howEnded(now))}
	}
	if t.direct.is {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", net.JoinHostPort(p.Status.PodIP, strconv.Itoa(objects.GeneratorPort)))
	}
	if err := t.listens(ctx, p.Metadata.Name); err != nil {
		return nil, err
	}
	return t.client.Forward(ctx, p.Metadata.Name, objects.GeneratorPort)
}

// howEnded is how the container of a generator's pod has ended; "": it has not.
func howEnded(p kinds.Pod) string {
	for _, s := range p.Status.ContainerStatuses {
		if t := s.State.Terminated; t != nil {
			return fmt.Sprintf("its container ended with exit code %d (%s)", t.ExitCode, t.Reason)
		}
	}
	return ""
}

// listens waits until a generator has said where it does: a port that is forwarded to where nobody listens is only found out by its use.
func (t *testbed) listens(ctx context.Context, pod string) error {
	log, err := t.client.Logs(ctx, pod, apiserver.LogOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	said := make([]byte, 1<<10)
	n, _ := log.Read(said) // nothing yet, or its first words
	if n == 0 {
		return fmt.Errorf("pod %s has not said where it listens yet", pod)
	}
	return nil
}

// goneWithin bounds how long a generator whose connection has ended may take to be seen to have.
const goneWithin = 5 * time.Second

// Why says how its pod has ended; "": that is not known.
func (g *Generator) Why() string {
	ctx, cancel := context.WithTimeout(context.Background(), goneWithin)
	defer cancel()
	for ctx.Err() == nil {
		p, err := apiserver.Get[kinds.Pod](ctx, g.of.client, apiserver.Pods, g.pod)
		if err != nil {
			return "its pod: " + err.Error()
		}
		if how := howEnded(p); how != "" {
			return how
		}
		rest(ctx)
	}
	return ""
}

// Close ends the generator, which goes with its connection, and keeps what it has said.
func (g *Generator) Close() error {
	err := g.Conn.Close()
	g.keepLog()
	return err
}

func (g *Generator) keepLog() {
	if g.dir == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	log, err := g.of.client.Logs(ctx, g.pod, apiserver.LogOptions{})
	if err != nil {
		return // what it said is gone with it
	}
	defer func() { _ = log.Close() }()
	var text strings.Builder
	if _, err := io.Copy(&text, io.LimitReader(log, 4<<20)); err == nil {
		_ = os.WriteFile(filepath.Join(g.dir, "logs", fmt.Sprintf("generator-%d.log", g.index+1)), []byte(text.String()), 0o644)
	}
}

package conductor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// End is how a conductor has ended.
type End struct {
	// Code is its exit code, as squall run has them.
	Code int
	// Reason is the cluster's word for an end that was not its own, such as OOMKilled; "": it ended by itself.
	Reason string
}

// look is how often is asked for what is waited for.
const look = time.Second

// NotBegun is a conductor that will not run, or of which nothing is left to be followed.
type NotBegun struct{ Why string }

func (e *NotBegun) Error() string { return "there is no conductor to follow: " + e.Why }

// Follow says what the conductor does, line by line, until it has ended. From is where to begin: the zero value is the beginning. wait is told
// what a conductor waits for that does not run yet.
func (r *Run) Follow(ctx context.Context, from time.Time, line, wait func(string)) (End, error) {
	p, err := r.await(ctx, wait)
	if err != nil {
		return End{}, err
	}
	f := &follower{run: r, pod: p.Metadata.Name, last: from, line: line}
	if err := f.log(ctx); err != nil {
		return End{}, err
	}
	return r.end(ctx)
}

// await waits until the conductor runs, or has ended.
func (r *Run) await(ctx context.Context, wait func(string)) (kinds.Pod, error) {
	told, patience := "", 5 // looks
	for ; ; patience-- {
		p, there, err := r.pod(ctx)
		if err != nil {
			return p, err
		}
		state := stateOf(p)
		switch {
		case state.Running != nil || state.Terminated != nil:
			return p, nil
		case there && p.Hopeless() != "":
			return p, &NotBegun{fmt.Sprintf("pod %s: %s", p.Metadata.Name, p.Hopeless())}
		}
		if !there {
			if err := r.refused(ctx); err != nil {
				return p, err
			}
		}
		if patience < 0 { // what takes a moment is not worth a word
			if words := r.lacks(ctx, p, there); words != told {
				told = words
				wait("the conductor " + words)
			}
		}
		if err := rest(ctx, look); err != nil {
			return p, err
		}
	}
}

// rest waits a while, or for the context's end, which is the error.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// pod is the conductor's; there is one at most.
func (r *Run) pod(ctx context.Context) (p kinds.Pod, there bool, err error) {
	pods, err := apiserver.List[kinds.Pod](ctx, r.client, apiserver.Pods, apiserver.Query{Labels: objects.JobLabel + "=" + r.job.Metadata.Name})
	if err != nil || len(pods) == 0 {
		return p, false, err
	}
	return pods[0], true, nil
}

// refused is the error of a job without a pod that will have none: it is gone, has failed, or its pod may not be made.
func (r *Run) refused(ctx context.Context) error {
	job, err := apiserver.Get[kinds.Job](ctx, r.client, apiserver.Jobs, r.job.Metadata.Name)
	if errors.Is(err, apiserver.ErrNotFound) || err == nil && job.Metadata.UID != r.job.Metadata.UID {
		return &NotBegun{"its job is gone"}
	}
	if err != nil {
		return err
	}
	r.job = job
	for _, c := range job.Status.Conditions {
		switch {
		case c.Status != "True":
		case c.Type == "Failed":
			return &NotBegun{fmt.Sprintf("its job has failed, and its pod is gone: %s: %s", c.Reason, c.Message)}
		case c.Type == "Complete":
			return &NotBegun{"the run is over, and its pod is gone with all that it said"}
		}
	}
	events, err := r.client.EventsOf(ctx, job.Metadata.UID)
	if err != nil {
		return err
	}
	for _, e := range events {
		if e.Reason != "FailedCreate" {
			continue
		}
		if strings.Contains(e.Message, "serviceaccount") {
			return &NotBegun{fmt.Sprintf("%s; `squall kubernetes role --namespace %s` prints the account and its role", e.Message, r.client.Namespace)}
		}
		return &NotBegun{e.Message}
	}
	return nil
}

// lacks says in the cluster's words what a conductor waits for.
func (r *Run) lacks(ctx context.Context, p kinds.Pod, there bool) string {
	if !there {
		return "has no pod yet"
	}
	events, err := r.client.EventsOf(ctx, p.Metadata.UID)
	if err == nil {
		for n := len(events) - 1; n >= 0; n-- {
			if events[n].Type != "Normal" {
				return "waits: " + events[n].Message
			}
		}
	}
	if w := stateOf(p).Waiting; w != nil && w.Reason != "" {
		return "waits: " + w.Reason
	}
	return "is " + strings.ToLower(p.Status.Phase)
}

// stateOf is the state of the conductor's container.
func stateOf(p kinds.Pod) kinds.ContainerState {
	for _, s := range p.Status.ContainerStatuses {
		if s.Name == container {
			return s.State
		}
	}
	return kinds.ContainerState{}
}

// follower reads a log on over the ends of connections, each line once.
type follower struct {
	run  *Run
	pod  string
	line func(string)
	// last is the time of the last line, and same how many lines have had it.
	last time.Time
	same int
}

// log reads until the container has ended.
func (f *follower) log(ctx context.Context) error {
	for {
		p, there, err := f.run.pod(ctx)
		if err != nil {
			return err
		}
		over := !there || stateOf(p).Terminated != nil // then what is read now is all
		body, err := f.run.client.Logs(ctx, f.pod, apiserver.LogOptions{Container: container, Follow: !over, Times: true, Since: f.last})
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, apiserver.ErrNotFound):
			return nil // the pod is gone, and its log with it
		case err != nil:
			return err
		}
		news := f.read(body, over)
		_ = body.Close() // read to its end
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case over:
			return nil
		case !news:
			if err := rest(ctx, look); err != nil {
				return err
			}
		}
	}
}

// read tells the lines that are new, and whether there were any. The last one may have been cut, unless the log has ended.
func (f *follower) read(body io.Reader, over bool) (news bool) {
	lines := bufio.NewReader(body)
	since, seen := f.last, 0
	for {
		text, err := lines.ReadString('\n')
		if err != nil && (!over || text == "") {
			return news
		}
		stamp, words, _ := strings.Cut(strings.TrimSuffix(text, "\n"), " ")
		at, bad := time.Parse(time.RFC3339Nano, stamp)
		if bad != nil {
			at, words = f.last, strings.TrimSuffix(text, "\n")
		}
		if !at.After(since) { // told before: servers go by whole seconds
			if at.Equal(since) {
				seen++
			}
			if at.Before(since) || seen <= f.same {
				continue
			}
		}
		if !at.Equal(f.last) {
			f.last, f.same = at, 0
		}
		f.same++
		news = true
		f.line(words)
	}
}

// settle is how long a container that has said its last may take to be seen to have ended.
const settle = 30 * time.Second

// end waits until the conductor is known to have ended, and says how.
func (r *Run) end(ctx context.Context) (End, error) {
	for deadline := time.Now().Add(settle); ; {
		p, there, err := r.pod(ctx)
		if err != nil {
			return End{}, err
		}
		if !there {
			return End{}, fmt.Errorf("the pod of run %s's conductor is gone, and with it how the run ended", r.ID)
		}
		if t := stateOf(p).Terminated; t != nil {
			e := End{Code: t.ExitCode}
			if t.Reason != "Completed" && t.Reason != "Error" {
				e.Reason = t.Reason
			}
			return e, nil
		}
		if time.Now().After(deadline) {
			return End{}, fmt.Errorf("the log of run %s's conductor has ended, and %s later it has not", r.ID, settle)
		}
		if err := rest(ctx, look); err != nil {
			return End{}, err
		}
	}
}

// Package claim owns everything that a run makes in a cluster, by one object that expires by itself: a Job without pods, with a deadline that is
// put off for as long as the run's conductor lives. When the deadline has passed, the cluster ends the Job and removes it with all that
// it owns, with nobody there to ask for it.
//
//	Claim  --owns-->  pods, services, config maps ...
//	  |  the deadline passes (activeDeadlineSeconds): the Job has failed
//	  |  at once (ttlSecondsAfterFinished: 0): it is removed, what it owns first
package claim

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/owner"
)

const (
	// Label is on every object of a run: its id.
	Label = "squall.run"
	// annotationOwner says which process the conductor is, as package owner writes it, and annotationExpires when the deadline is, for who cleans up.
	annotationOwner   = "squall.owner"
	annotationExpires = "squall.expires"
	// DefaultLease is how long a run's objects stay after its conductor has said the last word. An API server may be away for a good part of it.
	DefaultLease = 2 * time.Minute
	// renewals is how often the deadline is put off in the time of one lease.
	renewals = 6
)

// Claim is what a run owns things by. It is safe for concurrent use.
type Claim struct {
	client *apiserver.Client
	run    string
	lease  time.Duration
	made   kinds.Job
	// namespace is the one that was made for the run; nil: it was there.
	namespace *kinds.Namespace
	// since is when the Job began, at the latest: by this machine's clock, which counts on where it is set.
	since time.Time
}

// runs are ids that labels and names can bear.
var runs = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?$`)

// Name is what a run's Job is called.
func Name(run string) string { return "squall-" + run }

// Make makes the Job of a run in the client's namespace. lease is how long things stay after the last word; 0 means DefaultLease.
func Make(ctx context.Context, client *apiserver.Client, run string, lease time.Duration) (*Claim, error) {
	if !runs.MatchString(run) {
		return nil, badRun(run)
	}
	if lease == 0 {
		lease = DefaultLease
	}
	c := &Claim{client: client, run: run, lease: lease}
	job := jobOf(run, lease, owner.This().String(), expires(time.Now().Add(lease)))
	if err := client.Create(ctx, apiserver.Jobs, job, &c.made); err != nil {
		return nil, fmt.Errorf("claim what run %s makes: %w", run, err)
	}
	c.since = time.Now()
	return c, nil
}

// jobOf is the Job of a run.
func jobOf(run string, lease time.Duration, conductor, expires string) kinds.Job {
	labels := map[string]string{Label: run}
	none, one, seconds, atOnce := 0, 1, wholeSeconds(lease), int64(0)
	return kinds.Job{
		TypeMeta: apiserver.Jobs.Type(), Metadata: kinds.ObjectMeta{
			Name: Name(run), Labels: labels, Annotations: map[string]string{annotationOwner: conductor, annotationExpires: expires},
		},
		Spec: kinds.JobSpec{
			Parallelism: &none, Completions: &one, ActiveDeadlineSeconds: &seconds, TTLSecondsAfterFinished: &atOnce,
			// No pod is ever made after it; a Job has to have one.
			Template: kinds.PodTemplate{Metadata: kinds.ObjectMeta{Labels: labels}, Spec: nobody()},
		},
	}
}

// Shown is the Job of a run in a namespace, for who reviews it: its deadline is put off for as long as the run goes on.
func Shown(run, namespace string) kinds.Job {
	const unsaid = "said when it runs"
	job := jobOf(run, DefaultLease, unsaid, unsaid)
	job.Metadata.Namespace = namespace
	return job
}

func badRun(run string) error {
	return fmt.Errorf("claim what run %q makes: its id is to have up to 50 lower-case letters, digits and hyphens", run)
}

// nobody is a pod that may run anywhere, and never does.
func nobody() kinds.PodSpec {
	yes, no, user := true, false, int64(65532)
	return kinds.PodSpec{
		RestartPolicy: "Never", AutomountServiceAccountToken: &no,
		SecurityContext: &kinds.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"}},
		Containers: []kinds.Container{{Name: "nobody", Image: "squall.invalid/never-run", SecurityContext: &kinds.SecurityContext{
			AllowPrivilegeEscalation: &no, Capabilities: &kinds.Capabilities{Drop: []string{"ALL"}},
		}}},
	}
}

func wholeSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

func expires(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Labels are those that everything of the run has.
func (c *Claim) Labels() map[string]string { return map[string]string{Label: c.run} }

// Reference is what everything of the run has among its owners.
func (c *Claim) Reference() kinds.OwnerReference {
	t := apiserver.Jobs.Type()
	return kinds.OwnerReference{APIVersion: t.APIVersion, Kind: t.Kind, Name: c.made.Metadata.Name, UID: c.made.Metadata.UID, BlockOwnerDeletion: true}
}

// Renew puts the deadline off to a lease from now.
func (c *Claim) Renew(ctx context.Context) error {
	// The Job began when it was asked for or later: so it ends then or later.
	seconds := wholeSeconds(time.Since(c.since) + c.lease)
	patch := map[string]any{
		"metadata": map[string]any{
			"uid":         c.made.Metadata.UID, // another one of its name is not ours
			"annotations": map[string]string{annotationExpires: expires(time.Now().Add(c.lease))},
		},
		"spec": map[string]any{"activeDeadlineSeconds": seconds},
	}
	if err := c.client.Patch(ctx, apiserver.Jobs, c.made.Metadata.Name, "", patch, nil); err != nil {
		return fmt.Errorf("keep what run %s has made: %w", c.run, err)
	}
	return nil
}

// Keep renews until ctx ends, and is nil then. An error is the end of the run: its Job is gone or going, or nobody has answered for so
// long that it must be taken to be.
func (c *Claim) Keep(ctx context.Context) error {
	tick := time.NewTicker(c.lease / renewals)
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		once, cancel := context.WithDeadline(ctx, last.Add(c.lease))
		err := c.Renew(once)
		cancel()
		switch {
		case err == nil:
			last = time.Now()
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, apiserver.ErrNotFound), errors.Is(err, apiserver.ErrConflict), time.Since(last) >= c.lease:
			return err
		}
	}
}

// Namespace is where the run's objects are.
func (c *Claim) Namespace() string { return c.client.Namespace }

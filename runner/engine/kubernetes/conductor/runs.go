package conductor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// Run is one whose conductor is in a cluster.
type Run struct {
	// ID is the run's, Title what it runs, Folder what the run's folder is called.
	ID, Title, Folder string

	client *apiserver.Client
	job    kinds.Job
}

// removing bounds how long a conductor may take to be told to go.
const removing = 30 * time.Second

// Begin makes a run's conductor in the client's namespace. What it can't make whole it removes.
func Begin(ctx context.Context, c *apiserver.Client, run string, o Order) (*Run, error) {
	set, err := Make(run, o)
	if err != nil {
		return nil, err
	}
	var job kinds.Job
	if err := c.Create(ctx, apiserver.Jobs, set.Job, &job); err != nil {
		return nil, fmt.Errorf("begin a conductor in the cluster: %w", err)
	}
	r := runOf(c, job)
	set.own(job)
	// The pod begins when it has the config map: everything else is there by then.
	if set.Secret != nil {
		err = c.Create(ctx, apiserver.Secrets, *set.Secret, nil)
	}
	if err == nil {
		err = c.Create(ctx, apiserver.ConfigMaps, set.ConfigMap, nil)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hand the scenario to the conductor in the cluster: %w", err), r.Remove(context.WithoutCancel(ctx)))
	}
	return r, nil
}

func runOf(c *apiserver.Client, job kinds.Job) *Run {
	id, _ := RunOf(job.Metadata.Name)
	r := &Run{ID: id, Title: job.Metadata.Annotations[annotationTitle], client: c, job: job}
	r.Folder = cmp.Or(job.Metadata.Annotations[annotationFolder], "run") + "-" + id
	return r
}

// Remove removes a run's conductor with what it was handed and all that it has: one that works on undoes what it has made.
func (r *Run) Remove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, removing)
	defer cancel()
	if err := r.client.Delete(ctx, apiserver.Jobs, r.job.Metadata.Name, apiserver.Deletion{UID: r.job.Metadata.UID}); err != nil {
		return fmt.Errorf("remove the conductor of run %s: %w", r.ID, err)
	}
	return nil
}

// All are the runs whose conductors are in the client's namespace, the one that began last first.
func All(ctx context.Context, c *apiserver.Client) ([]*Run, error) {
	jobs, err := apiserver.List[kinds.Job](ctx, c, apiserver.Jobs, apiserver.Query{Labels: objects.LabelPart + "=" + objects.PartConductor})
	if err != nil {
		return nil, fmt.Errorf("look for conductors: %w", err)
	}
	var out []*Run
	for _, job := range jobs {
		if _, is := RunOf(job.Metadata.Name); is && job.Metadata.DeletionTimestamp == nil {
			out = append(out, runOf(c, job))
		}
	}
	slices.SortStableFunc(out, func(a, b *Run) int { return b.made().Compare(a.made()) })
	return out, nil
}

func (r *Run) made() time.Time {
	if r.job.Metadata.CreationTimestamp == nil {
		return time.Time{}
	}
	return *r.job.Metadata.CreationTimestamp
}

// ErrNone is part of the error where there is no such run.
var ErrNone = errors.New("no such run")

// Find finds a run by its id, or by the beginning of it that no other has; "" is the only one that there is. Its error says which there are.
func Find(ctx context.Context, c *apiserver.Client, id string) (*Run, error) {
	all, err := All(ctx, c)
	if err != nil {
		return nil, err
	}
	var found []*Run
	var lines []string
	for _, r := range all {
		if r.ID == id {
			return r, nil
		}
		if strings.HasPrefix(r.ID, id) {
			found = append(found, r)
		}
		lines = append(lines, fmt.Sprintf("\n  %s  %s  (%s)", r.ID, r.Title, r.Standing()))
	}
	where := fmt.Sprintf("namespace %q of the cluster at %s", c.Namespace, c.Server)
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(all) == 0:
		return nil, fmt.Errorf("%w: there is no conductor in %s; `squall run --engine kubernetes --in-cluster` begins one", ErrNone, where)
	case len(found) == 0:
		return nil, fmt.Errorf("%w: there is no conductor of run %q in %s; there are:%s", ErrNone, id, where, strings.Join(lines, ""))
	}
	return nil, fmt.Errorf("which run? name one of those whose conductors are in %s:%s", where, strings.Join(lines, ""))
}

// UnderWay is the run that began last of those whose conductors have not ended.
func UnderWay(ctx context.Context, c *apiserver.Client) (*Run, error) {
	all, err := All(ctx, c)
	if err != nil {
		return nil, err
	}
	pods, err := apiserver.List[kinds.Pod](ctx, c, apiserver.Pods, apiserver.Query{Labels: objects.LabelPart + "=" + objects.PartConductor})
	if err != nil {
		return nil, fmt.Errorf("look for conductors: %w", err)
	}
	ended := map[string]bool{}
	for _, p := range pods {
		ended[p.Metadata.Labels[objects.JobLabel]] = stateOf(p).Terminated != nil
	}
	var over []string
	for _, r := range all {
		if r.Standing() != standsOver && !ended[r.job.Metadata.Name] {
			return r, nil
		}
		over = append(over, r.ID)
	}
	where := fmt.Sprintf("namespace %q of the cluster at %s", c.Namespace, c.Server)
	if len(over) > 0 {
		return nil, fmt.Errorf("%w: no run is under way in %s; over are %s", ErrNone, where, strings.Join(over, ", "))
	}
	return nil, fmt.Errorf("%w: there is no conductor in %s; `squall run --engine kubernetes --in-cluster` begins one", ErrNone, where)
}

// standsOver is how a run stands whose job has ended.
const standsOver = "over"

// Standing is how far a run is, by its conductor's job.
func (r *Run) Standing() string {
	for _, c := range r.job.Status.Conditions {
		if c.Status == "True" && (c.Type == "Complete" || c.Type == "Failed") {
			return standsOver
		}
	}
	if r.job.Status.Active > 0 {
		return "going on, or its results are kept still"
	}
	return "not begun"
}

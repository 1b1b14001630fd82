package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/runner/engine/owner"
)

// Resources are all kinds of objects that a run makes in a namespace.
var Resources = []apiserver.Resource{
	apiserver.Pods, apiserver.Services, apiserver.ConfigMaps, apiserver.Secrets, apiserver.Jobs, apiserver.NetworkPolicies,
}

// Left are the objects of a run that there are still, in words, and what it has rerouted; of all runs, where run is empty.
func Left(ctx context.Context, client *apiserver.Client, run string) ([]string, error) {
	objects, err := list(ctx, client, run)
	var out []string
	for _, o := range objects {
		out = append(out, o.words())
	}
	rerouted, other := reroute.List(ctx, client, run)
	for _, one := range rerouted {
		out = append(out, one.Words())
	}
	err = errors.Join(err, other)
	slices.Sort(out)
	return out, err
}

// found is one object of a run.
type found struct {
	resource apiserver.Resource
	kinds.Object
}

func (f found) words() string {
	return fmt.Sprintf("%s %s in namespace %s (of run %s)", strings.ToLower(f.resource.Kind), f.Metadata.Name, f.Metadata.Namespace, f.Metadata.Labels[Label])
}

// remove removes the object, and none of its name that came after it.
func (f found) remove(ctx context.Context, client *apiserver.Client) error {
	return client.In(f.Metadata.Namespace).Delete(ctx, f.resource, f.Metadata.Name, apiserver.Deletion{UID: f.Metadata.UID})
}

// list lists what there is of a run, or of all.
func list(ctx context.Context, client *apiserver.Client, run string) ([]found, error) {
	q := apiserver.Query{Labels: Label}
	if run != "" {
		q.Labels += "=" + run
	}
	var out []found
	for _, r := range Resources {
		objects, err := apiserver.List[kinds.Object](ctx, client, r, q)
		if r == apiserver.Secrets && errors.Is(err, apiserver.ErrForbidden) {
			continue // squall's role may not list them: they go with their owner
		}
		if err != nil {
			return out, err
		}
		for _, o := range objects {
			out = append(out, found{r, o})
		}
	}
	return out, nil
}

// Reap removes what runs have left whose conductor is gone, in the client's namespace and in those that were made for runs, and says in words what
// it removed. That is what a cluster removes by itself when the lease is over, and what it does not: objects whose owner was taken away from
// above them, namespaces, and reroutes whose guard could not undo them. What belongs to a run that is alive stays.
func Reap(ctx context.Context, client *apiserver.Client) ([]string, error) {
	objects, err := reapObjects(ctx, client, time.Now())
	namespaces, other := reapNamespaces(ctx, client, time.Now())
	return slices.Concat(objects, namespaces), errors.Join(err, other)
}

// here is this process: who else is on this machine, and alive, can be told from here.
var here = sync.OnceValue(owner.This)

func reapObjects(ctx context.Context, client *apiserver.Client, now time.Time) ([]string, error) {
	rerouted, err := reroute.List(ctx, client, "") // before their owners, which were made before
	if err != nil {
		return nil, err
	}
	objects, err := list(ctx, client, "")
	if err != nil {
		return nil, err
	}
	alive := map[string]bool{}
	for _, o := range objects {
		run := o.Metadata.Labels[Label]
		if o.resource == apiserver.Jobs && o.Metadata.Name == Name(run) {
			alive[run] = !gone(o.Metadata.Annotations, here(), now)
		} else if o.Metadata.CreationTimestamp != nil && now.Sub(*o.Metadata.CreationTimestamp) < young {
			alive[run] = alive[run] || !known(objects, run)
		}
	}
	var words []string
	var errs []error
	for _, one := range rerouted { // first of all: what it leads to goes next
		if alive[one.Run] {
			continue
		}
		undone, err := reroute.Undo(ctx, client.In(one.Namespace), one.Name, one.Run)
		if errs = append(errs, err); undone && err == nil {
			words = append(words, one.Words())
		}
	}
	for _, o := range objects {
		if alive[o.Metadata.Labels[Label]] {
			continue
		}
		if err := o.remove(ctx, client); err != nil {
			errs = append(errs, err)
			continue
		}
		words = append(words, o.words())
	}
	slices.Sort(words)
	return words, errors.Join(errs...)
}

// young is how old an object is at least that is taken to have lost its owner: who lists sees owners and objects at different moments.
const young = time.Minute

// known tells whether a run has its Job.
func known(objects []found, run string) bool {
	return slices.ContainsFunc(objects, func(o found) bool {
		return o.resource == apiserver.Jobs && o.Metadata.Name == Name(run) && o.Metadata.Labels[Label] == run
	})
}

// gone reads the annotations of a run's Job. One whose conductor can't be looked at from here has it for as long as its lease.
func gone(annotations map[string]string, here owner.Owner, now time.Time) bool {
	until, err := time.Parse(time.RFC3339, annotations[annotationExpires])
	if err != nil {
		return true // it is no Job of ours any more: nobody puts it off
	}
	o, err := owner.Parse(annotations[annotationOwner])
	if err != nil {
		return now.After(until)
	}
	return o.Gone(here, until) || now.After(until.Add(young))
}

package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// Release removes the Job and everything that it owns, and a namespace that was made for the run, and returns when all is gone.
func (c *Claim) Release(ctx context.Context) error {
	err := c.remove(ctx, apiserver.Jobs, c.made.Metadata)
	switch {
	case c.namespace != nil: // with which all goes that is in it
		err = errors.Join(err, c.remove(ctx, apiserver.Namespaces, c.namespace.Metadata))
	case err == nil:
		err = c.sweep(ctx)
	}
	if err != nil {
		return fmt.Errorf("remove what run %s has made: %w", c.run, err)
	}
	return nil
}

// remove removes an object with what it owns, and waits for it.
func (c *Claim) remove(ctx context.Context, r apiserver.Resource, o kinds.ObjectMeta) error {
	if err := c.client.Delete(ctx, r, o.Name, apiserver.Deletion{Dependents: true, UID: o.UID}); err != nil {
		return err
	}
	there := false
	for e, err := range apiserver.Watch[kinds.Object](ctx, c.client, r, apiserver.Query{Fields: "metadata.name=" + o.Name}) {
		if err != nil {
			return err
		}
		is := e.Object.Metadata.UID == o.UID
		switch {
		case e.Change == apiserver.Deleted && is, e.Change == apiserver.Synced && !there:
			return nil
		case is:
			there = true
		}
	}
	return context.Cause(ctx)
}

// sweepEvery is how often is looked what is there still of a run whose Job is gone.
const sweepEvery = 200 * time.Millisecond

// sweep removes what the Job owned and has not gone with it, and waits for that. A cluster removes owners after what they own as far as its garbage
// collector has heard of that: one that has just begun, or that has lost its API server for a moment, lets some be, and comes for it at some time.
func (c *Claim) sweep(ctx context.Context) error {
	for {
		all, err := list(ctx, c.client, c.run)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(f found) bool { return !f.ownedBy(c.made.Metadata.UID) })
		if len(all) == 0 {
			return nil
		}
		for _, o := range all {
			if o.Metadata.DeletionTimestamp == nil {
				err = errors.Join(err, o.remove(ctx, c.client))
			}
		}
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is there still: %w", all[0].words(), context.Cause(ctx))
		case <-time.After(sweepEvery):
		}
	}
}

// ownedBy tells whether an object is another's.
func (f found) ownedBy(uid string) bool {
	return slices.ContainsFunc(f.Metadata.OwnerReferences, func(r kinds.OwnerReference) bool { return r.UID == uid })
}

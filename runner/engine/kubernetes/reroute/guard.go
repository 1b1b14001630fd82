package reroute

import (
	"context"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

const (
	// Grace is how long a guard may take to end, in seconds: the API server may be away for a good part of it.
	Grace = 60
	// undoTime is what of it the undoing may take; the rest is linger.
	undoTime = 50 * time.Second
	// linger is how long a guard stays once it has undone its reroute: until the cluster's machines know, connections come to its pod still, and the mesh in
	// that lives as long as the guard.
	linger = 3 * time.Second
)

// Guard stays until ctx ends, as the pod's end ends it, and then undoes the reroute of a Service by a run, with nobody there who asks. That it may is
// asked for at the beginning, while there is nothing to undo.
func Guard(ctx context.Context, c *apiserver.Client, service, run string, say func(string)) error {
	undone, err := guard(ctx, c, service, run, say)
	if undone && err == nil {
		time.Sleep(linger)
	}
	return err
}

// guard is Guard without its linger.
func guard(ctx context.Context, c *apiserver.Client, service, run string, say func(string)) (undone bool, err error) {
	for _, verb := range []string{"get", "patch"} {
		what := kinds.ResourceAttributes{Verb: verb, Resource: apiserver.Services.Plural, Name: service}
		is, err := c.Can(ctx, what)
		if err != nil {
			return false, fmt.Errorf("ask whether a reroute can be undone: %w", err)
		}
		if !is {
			return false, fmt.Errorf("the account of this pod may not %s service %s in namespace %s, and so could not undo its reroute: `squall kubernetes role --allow-reroute %s` prints what it needs",
				verb, service, c.Namespace, service)
		}
	}
	say("the reroute of service " + service + " is undone when this ends")
	<-ctx.Done()
	undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	undone, err = Undo(undo, c, service, run)
	if undone && err == nil {
		say("the reroute of service " + service + " is undone")
	}
	return undone, err
}

package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// MakeNamespace makes a namespace of the run's own, whose pods have to be as the standard restricted wants them, and claims what the run makes there. Who
// asks for that needs rights of the whole cluster. A namespace is no Job's to own, and nothing in a cluster ends one by the clock: Release removes it,
// and after a kill -9 what is in it goes with the lease, and it stays, empty, until Reap.
func MakeNamespace(ctx context.Context, client *apiserver.Client, run string, lease time.Duration) (*Claim, error) {
	if !runs.MatchString(run) {
		return nil, badRun(run)
	}
	n := kinds.Namespace{TypeMeta: apiserver.Namespaces.Type(), Metadata: kinds.ObjectMeta{
		Name: Name(run), Labels: map[string]string{Label: run, "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"},
	}}
	if err := client.Create(ctx, apiserver.Namespaces, n, &n); err != nil {
		return nil, fmt.Errorf("make a namespace for run %s: %w", run, err)
	}
	c, err := claimIn(ctx, client.In(n.Metadata.Name), run, lease)
	if err != nil {
		return nil, errors.Join(err, client.Delete(context.WithoutCancel(ctx), apiserver.Namespaces, n.Metadata.Name, apiserver.Deletion{UID: n.Metadata.UID}))
	}
	c.namespace = &n
	return c, nil
}

// claimIn claims in a namespace that was just made, once pods can run there: the cluster makes an account for them.
func claimIn(ctx context.Context, client *apiserver.Client, run string, lease time.Duration) (*Claim, error) {
	for e, err := range apiserver.Watch[kinds.Object](ctx, client, apiserver.ServiceAccounts, apiserver.Query{Fields: "metadata.name=default"}) {
		if err != nil {
			return nil, err
		}
		if e.Change == apiserver.Added {
			return Make(ctx, client, run, lease)
		}
	}
	return nil, fmt.Errorf("wait for an account in namespace %q: %w", client.Namespace, context.Cause(ctx))
}

// reapNamespaces removes those that were made for runs and in which nobody claims anything. Who may not see namespaces has made none.
func reapNamespaces(ctx context.Context, client *apiserver.Client, now time.Time) ([]string, error) {
	all, err := apiserver.List[kinds.Namespace](ctx, client, apiserver.Namespaces, apiserver.Query{Labels: Label})
	if errors.Is(err, apiserver.ErrForbidden) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var words []string
	for _, n := range all {
		run := n.Metadata.Labels[Label]
		if n.Metadata.DeletionTimestamp != nil || n.Metadata.CreationTimestamp == nil {
			continue
		}
		job, err := apiserver.Get[kinds.Job](ctx, client.In(n.Metadata.Name), apiserver.Jobs, Name(run))
		switch {
		case errors.Is(err, apiserver.ErrNotFound):
			if now.Sub(*n.Metadata.CreationTimestamp) < young { // it may be about to be made
				continue
			}
		case err != nil:
			return words, err
		case job.Metadata.DeletionTimestamp == nil && !gone(job.Metadata.Annotations, here(), now):
			continue
		}
		if err := client.Delete(ctx, apiserver.Namespaces, n.Metadata.Name, apiserver.Deletion{UID: n.Metadata.UID}); err != nil {
			return words, err
		}
		words = append(words, fmt.Sprintf("namespace %s (of run %s)", n.Metadata.Name, run))
	}
	return words, nil
}

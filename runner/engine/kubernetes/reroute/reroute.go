// Package reroute leads the requests to one Service of somebody else's to a pod of a run's, for as long as the run lasts, and back. It changes
// what the Service selects, notes in the same change what that was, on the Service itself, and so can be undone by whoever finds it: the run's conductor;
// a guard in the pod itself, which the cluster ends when the run's owner has expired, with no client alive; and who cleans up.
package reroute

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

const (
	// Label is on a Service that is rerouted: the id of the run that does it. It is none of those that a run's own objects have.
	Label = "squall.rerouted"
	// annotation is a rerouted Service's state before, as JSON.
	annotation = "squall.reroute"
)

// before is what a Service was, and what it was made.
type before struct {
	Selector map[string]string `json:"selector"`
	Now      map[string]string `json:"now"`
}

// Check says why a Service can't be rerouted; nil: it can. What it says goes on a sentence about the Service.
func Check(s kinds.Service) error {
	switch by := s.Metadata.Labels[Label]; {
	case by != "":
		return fmt.Errorf("is rerouted by run %s; let that end, or, where it was killed, squall clean --engine kubernetes undoes it", by)
	case s.Spec.Type == "ExternalName" || s.Spec.ClusterIP == "None" || s.Spec.ClusterIP == "":
		return errors.New("has no address of its own, so that its callers don't go where it leads; a reroute needs one with a cluster IP")
	case len(s.Spec.Selector) == 0:
		return errors.New("selects no pods: somebody else says where it leads, and would say it again; a reroute needs one with a selector")
	case len(s.Spec.Ports) != 1 || s.Spec.Ports[0].Protocol != "" && s.Spec.Ports[0].Protocol != "TCP":
		return fmt.Errorf("has the ports %s, and a reroute leads all of them elsewhere: it needs one with a single TCP port", portsOf(s))
	}
	return nil
}

func portsOf(s kinds.Service) string {
	var out []string
	for _, p := range s.Spec.Ports {
		out = append(out, strings.TrimSuffix(fmt.Sprintf("%d/%s", p.Port, p.Protocol), "/"))
	}
	return strings.Join(out, ", ")
}

// selection is a merge patch that makes one selector of another.
func selection(from, to map[string]string) map[string]any {
	out := map[string]any{}
	for key := range from {
		out[key] = nil
	}
	for key, value := range to {
		out[key] = value
	}
	return out
}

// Lead has a Service of the client's namespace lead to pods with labels, for a run. Nobody else has changed it in between.
func Lead(ctx context.Context, c *apiserver.Client, service, run string, to map[string]string) error {
	for {
		s, err := apiserver.Get[kinds.Service](ctx, c, apiserver.Services, service)
		if err != nil {
			return fmt.Errorf("reroute: %w", err)
		}
		if err := Check(s); err != nil {
			return fmt.Errorf("reroute: Service %s in namespace %s %w", service, c.Namespace, err)
		}
		was, err := json.Marshal(before{Selector: s.Spec.Selector, Now: to})
		if err != nil {
			return fmt.Errorf("reroute: %w", err)
		}
		patch := map[string]any{
			"metadata": map[string]any{
				"resourceVersion": s.Metadata.ResourceVersion, "labels": map[string]any{Label: run}, "annotations": map[string]any{annotation: string(was)},
			},
			"spec": map[string]any{"selector": selection(s.Spec.Selector, to)},
		}
		var made kinds.Service
		err = c.Patch(ctx, apiserver.Services, service, "", patch, &made)
		if err == nil {
			return nil
		}
		if !errors.Is(err, apiserver.ErrConflict) {
			return fmt.Errorf("reroute: %w", err)
		}
		// Another's change came in between, or an answer of ours was lost: then it is ours already.
		if now, _ := apiserver.Get[kinds.Service](ctx, c, apiserver.Services, service); now.Metadata.Labels[Label] == run {
			return nil
		}
	}
}

// Undo has a Service lead to where it led before a run has rerouted it, and takes the run's marks from it; undone is false where there was nothing to
// undo. What somebody else has made of its selector meanwhile stays.
func Undo(ctx context.Context, c *apiserver.Client, service, run string) (undone bool, err error) {
	for {
		s, err := apiserver.Get[kinds.Service](ctx, c, apiserver.Services, service)
		switch {
		case errors.Is(err, apiserver.ErrNotFound):
			return undone, nil
		case err != nil:
			return undone, fmt.Errorf("undo the reroute: %w", err)
		case s.Metadata.Labels[Label] != run:
			return undone, nil
		}
		var was before
		if err := json.Unmarshal([]byte(s.Metadata.Annotations[annotation]), &was); err != nil || len(was.Selector) == 0 {
			return undone, fmt.Errorf("undo the reroute of Service %s in namespace %s: its annotation %s, which says what it selected, is %q; write its selector anew, and take that and the label %s away",
				service, c.Namespace, annotation, s.Metadata.Annotations[annotation], Label)
		}
		patch := map[string]any{
			"metadata": map[string]any{
				"resourceVersion": s.Metadata.ResourceVersion, "labels": map[string]any{Label: nil}, "annotations": map[string]any{annotation: nil},
			},
			"spec": map[string]any{"selector": selection(s.Spec.Selector, was.restored(s.Spec.Selector))},
		}
		undone = true
		err = c.Patch(ctx, apiserver.Services, service, "", patch, nil)
		if err == nil || !errors.Is(err, apiserver.ErrConflict) {
			if err != nil {
				err = fmt.Errorf("undo the reroute: %w", err)
			}
			return undone, err
		}
	}
}

// restored is what a selector becomes that is so now: as it was, where it is as it was made; else what others have made it, without what was ours.
func (b before) restored(now map[string]string) map[string]string {
	if maps.Equal(now, b.Now) {
		return b.Selector
	}
	out := maps.Clone(now)
	for key, value := range b.Now {
		if out[key] == value && b.Selector[key] != value {
			delete(out, key)
		}
	}
	if len(out) == 0 {
		return b.Selector
	}
	return out
}

// Service is one that is rerouted.
type Service struct{ Name, Namespace, Run string }

// Words are what is said of it.
func (s Service) Words() string {
	return fmt.Sprintf("the reroute of service %s in namespace %s (by run %s)", s.Name, s.Namespace, s.Run)
}

// List lists those that are rerouted in the client's namespace, by a run or by any.
func List(ctx context.Context, c *apiserver.Client, run string) ([]Service, error) {
	q := apiserver.Query{Labels: Label}
	if run != "" {
		q.Labels += "=" + run
	}
	all, err := apiserver.List[kinds.Object](ctx, c, apiserver.Services, q)
	var out []Service
	for _, one := range all {
		out = append(out, Service{one.Metadata.Name, one.Metadata.Namespace, one.Metadata.Labels[Label]})
	}
	return out, err
}

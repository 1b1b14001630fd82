package claim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/owner"
)

// shelf is an API server that has objects, by the plural of their kind, and says what was deleted or changed.
type shelf struct {
	mu      sync.Mutex
	objects map[string][]kinds.Object
	done    []string
	forbid  string // a plural that may not be listed
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := path.Base(r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	var answer any = map[string]any{}
	switch {
	case r.Method == http.MethodGet && last == s.forbid:
		w.WriteHeader(http.StatusForbidden)
		answer = map[string]any{"message": "you may not", "code": http.StatusForbidden}
	case r.Method == http.MethodGet && path.Base(path.Dir(r.URL.Path)) == "jobs":
		i := slices.IndexFunc(s.objects["jobs"], func(o kinds.Object) bool { return o.Metadata.Name == last })
		if i < 0 {
			w.WriteHeader(http.StatusNotFound)
			break
		}
		answer = s.objects["jobs"][i]
	case r.Method == http.MethodGet:
		answer = map[string]any{"items": s.objects[last]}
	case r.Method == http.MethodPost:
		var job map[string]any
		_ = json.NewDecoder(r.Body).Decode(&job)
		job["metadata"].(map[string]any)["uid"] = "7"
		answer = job
		s.done = append(s.done, "POST "+fmt.Sprint(job["spec"].(map[string]any)["activeDeadlineSeconds"]))
	case r.Method == http.MethodPatch:
		var patch map[string]any
		_ = json.NewDecoder(r.Body).Decode(&patch)
		s.done = append(s.done, fmt.Sprintf("PATCH %s %v of %v", last, patch["spec"].(map[string]any)["activeDeadlineSeconds"], patch["metadata"].(map[string]any)["uid"]))
	default:
		s.done = append(s.done, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/"))
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *shelf) client(t *testing.T) *apiserver.Client {
	t.Helper()
	return kubetest.Serve(t, s, "team")
}

// thing is an object of a run, made so long ago.
func thing(name, run string, ago time.Duration, annotations map[string]string) kinds.Object {
	at := time.Now().Add(-ago)
	return kinds.Object{Metadata: kinds.ObjectMeta{
		Name: name, Namespace: "team", UID: name, CreationTimestamp: &at, Labels: map[string]string{Label: run}, Annotations: annotations,
	}}
}

// What is removed is of runs whose conductors are gone, or that nobody owns; what is alive, or so new that its owner may just not have been seen, stays.
func TestReap(t *testing.T) {
	here := owner.This()
	dead, elsewhere := here, here
	dead.Start = "1"
	elsewhere.Host = "another"
	says := func(o owner.Owner, left time.Duration) map[string]string {
		return map[string]string{annotationOwner: o.String(), annotationExpires: expires(time.Now().Add(left))}
	}
	s := &shelf{forbid: "secrets", objects: map[string][]kinds.Object{
		"jobs": {
			thing("squall-alive", "alive", time.Hour, says(here, time.Minute)),
			thing("squall-dead", "dead", time.Hour, says(dead, time.Minute)),
			thing("squall-far", "far", time.Hour, says(elsewhere, time.Minute)),
			thing("squall-over", "over", time.Hour, says(elsewhere, -time.Hour)),
			thing("squall-changed", "changed", time.Hour, nil),
			thing("load", "alive", time.Hour, nil),
		},
		"pods": {
			thing("a", "alive", time.Hour, nil), thing("b", "dead", time.Hour, nil), thing("c", "far", time.Hour, nil), thing("d", "orphan", time.Hour, nil),
			thing("e", "new", time.Second, nil), thing("f", "dead", time.Second, nil),
		},
		"configmaps": {thing("g", "over", time.Hour, nil)},
		"namespaces": {thing("squall-alive", "alive", time.Hour, nil), thing("squall-lost", "lost", time.Hour, nil), thing("squall-new", "new", time.Second, nil)},
	}}
	removed, err := Reap(t.Context(), s.client(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"configmap g in namespace team (of run over)", "job squall-changed in namespace team (of run changed)", "job squall-dead in namespace team (of run dead)",
		"job squall-over in namespace team (of run over)", "pod b in namespace team (of run dead)", "pod d in namespace team (of run orphan)",
		"pod f in namespace team (of run dead)", "namespace squall-lost (of run lost)",
	}
	if diff := cmp.Diff(want, removed); diff != "" {
		t.Error(diff)
	}
	if len(s.done) != len(want) {
		t.Errorf("asked for %q", s.done)
	}
}

// The deadline is put off from when the Job began, so that it is a lease from now, or a little more.
func TestRenew(t *testing.T) {
	s := &shelf{}
	c, err := Make(t.Context(), s.client(t), "r", 90*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	c.since = c.since.Add(-1000*time.Second - 300*time.Millisecond)
	if err := c.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"POST 90", "PATCH squall-r 1091 of 7"}, s.done); diff != "" {
		t.Error(diff)
	}
	want := kinds.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: "squall-r", UID: "7", BlockOwnerDeletion: true}
	if diff := cmp.Diff(want, c.Reference()); diff != "" {
		t.Error(diff)
	}
	for _, run := range []string{"", "A", "a_b", strings.Repeat("a", 60)} {
		if _, err := Make(t.Context(), c.client, run, 0); err == nil {
			t.Errorf("run %q was taken", run)
		}
	}
}

// What a run owns is gone when it was released, also where the cluster has not come for it; what others have stays.
func TestReleaseWaitsForWhatIsLeft(t *testing.T) {
	client := kubetest.NewFake(t).Client(t, "team") // nothing in it goes with its owner
	released, err := Make(t.Context(), client, "released", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []kinds.ObjectMeta{
		{Name: "ours", Labels: released.Labels(), OwnerReferences: []kinds.OwnerReference{released.Reference()}},
		{Name: "of-another-of-that-name", Labels: released.Labels(), OwnerReferences: []kinds.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: "squall-released", UID: "another"}}},
	} {
		if err := client.Create(t.Context(), apiserver.NetworkPolicies, kinds.NetworkPolicy{TypeMeta: apiserver.NetworkPolicies.Type(), Metadata: o}, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := released.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := Left(t.Context(), client, "")
	if want := []string{"networkpolicy of-another-of-that-name in namespace team (of run released)"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %q, %v; want %q", left, err, want)
	}
}

package conductor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
)

// server is an API server with jobs, one pod and its log, of which each reading brings a part. It says what was made and deleted.
type server struct {
	mu     sync.Mutex
	jobs   []kinds.Job
	pod    *kinds.Pod
	events []kinds.Event
	// parts are the answers to who reads the log; once they are used up the container has ended with exit.
	parts  []string
	exit   kinds.Terminated
	since  []string
	refuse string // a plural of which none can be made
	done   []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	last := path.Base(r.URL.Path)
	var answer any = map[string]any{}
	switch {
	case r.Method == http.MethodPost && last == s.refuse:
		w.WriteHeader(http.StatusForbidden)
		answer = map[string]any{"message": "you may not", "code": http.StatusForbidden}
	case r.Method == http.MethodPost:
		var made map[string]any
		_ = json.NewDecoder(r.Body).Decode(&made)
		meta := made["metadata"].(map[string]any)
		owners, _ := json.Marshal(meta["ownerReferences"])
		s.done = append(s.done, fmt.Sprintf("POST %s %v %s", last, meta["name"], owners))
		meta["uid"] = "7"
		answer = made
	case r.Method == http.MethodDelete:
		body := map[string]any{}
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.done = append(s.done, fmt.Sprintf("DELETE %s %v", last, body["preconditions"]))
	case last == "log":
		s.since = append(s.since, r.URL.Query().Get("sinceTime"))
		part := ""
		if len(s.parts) > 0 {
			part, s.parts = s.parts[0], s.parts[1:]
		}
		if len(s.parts) <= 1 { // what is left is read once more, to its end
			s.pod.Status.ContainerStatuses[0].State = kinds.ContainerState{Terminated: &s.exit}
		}
		_, _ = w.Write([]byte(part))
		return
	case last == "jobs":
		answer = map[string]any{"items": s.jobs}
	case last == "events":
		answer = map[string]any{"items": s.events}
	case path.Base(path.Dir(r.URL.Path)) == "jobs":
		answer = s.jobs[0]
	case last == "pods" && s.pod != nil:
		answer = map[string]any{"items": []any{s.pod}}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *server) client(t *testing.T) *apiserver.Client {
	t.Helper()
	return kubetest.Serve(t, s, "team")
}

// jobOf is a conductor's job.
func jobOf(run string, ago time.Duration, active int) kinds.Job {
	at := time.Now().Add(-ago)
	return kinds.Job{
		Metadata: kinds.ObjectMeta{
			Name: "squall-conductor-" + run, UID: "7", CreationTimestamp: &at,
			Annotations: map[string]string{annotationTitle: "shop", annotationFolder: "shop"},
		},
		Status: kinds.JobStatus{Active: active},
	}
}

// running is a pod whose conductor runs.
func running() *kinds.Pod {
	return &kinds.Pod{Metadata: kinds.ObjectMeta{Name: "p"}, Status: kinds.PodStatus{ContainerStatuses: []kinds.ContainerStatus{
		{Name: container, State: kinds.ContainerState{Running: &kinds.Running{}}},
	}}}
}

// A log is told to its end, each line once, however often the connection ends, in the middle of a line too, and however much of it is told
// again; the exit code is the conductor's.
func TestFollow(t *testing.T) {
	const a, b, c, d = "2026-11-30T09:00:00.1Z one\n", "2026-11-30T09:00:00.2Z two\n", "2026-11-30T09:00:00.2Z three\n", "2026-11-30T09:00:01.5Z \n"
	s := &server{
		jobs: []kinds.Job{jobOf("r1", time.Minute, 1)}, pod: running(), exit: kinds.Terminated{ExitCode: 4, Reason: "Error"},
		parts: []string{a + b + "2026-11-30T09:00:00.2Z th", a + b + c, c, a + b + c + d + "2026-11-30T09:00:02Z last"},
	}
	run, err := Find(t.Context(), s.client(t), "")
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	end, err := run.Follow(t.Context(), time.Time{}, func(line string) { said = append(said, line) }, func(line string) { t.Error(line) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "two", "three", "", "last"}, said); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if end != (End{Code: 4}) {
		t.Errorf("it ended with %+v", end)
	}
	if s.since[0] != "" || s.since[1] != "2026-11-30T09:00:00.2Z" {
		t.Errorf("read since %q", s.since)
	}
}

// Who leaves is told so by the context's cause, and what has ended by the cluster's hand has its reason.
func TestFollowIsLeft(t *testing.T) {
	s := &server{jobs: []kinds.Job{jobOf("r1", time.Minute, 1)}, pod: running(), parts: make([]string, 1000)}
	run, err := Find(t.Context(), s.client(t), "r1")
	if err != nil {
		t.Fatal(err)
	}
	left := errors.New("left")
	ctx, leave := context.WithCancelCause(t.Context())
	time.AfterFunc(50*time.Millisecond, func() { leave(left) })
	if _, err := run.Follow(ctx, time.Time{}, func(string) {}, func(string) {}); !errors.Is(err, left) {
		t.Errorf("left: %v", err)
	}
	s.mu.Lock()
	s.parts, s.exit = nil, kinds.Terminated{ExitCode: 137, Reason: "OOMKilled"}
	s.mu.Unlock()
	end, err := run.Follow(t.Context(), time.Time{}, func(string) {}, func(string) {})
	if want := (End{137, "OOMKilled"}); err != nil || end != want {
		t.Errorf("killed: %+v, %v", end, err)
	}
}

// A conductor that will never run is told with the cluster's words: no account, no image, a job that has failed.
func TestNotBegun(t *testing.T) {
	noImage := running()
	noImage.Status.ContainerStatuses[0].State = kinds.ContainerState{Waiting: &kinds.Waiting{Reason: "ErrImagePull", Message: "no such host"}}
	failed := jobOf("r1", time.Minute, 0)
	failed.Status.Conditions = []kinds.Condition{{Type: "Failed", Status: "True", Reason: "DeadlineExceeded", Message: "too long"}}
	for want, s := range map[string]*server{
		"squall kubernetes role --namespace team": {jobs: []kinds.Job{jobOf("r1", time.Minute, 0)}, events: []kinds.Event{
			{Reason: "FailedCreate", Type: "Warning", Message: `error looking up service account team/squall: serviceaccount "squall" not found`}}},
		"ErrImagePull: no such host": {jobs: []kinds.Job{jobOf("r1", time.Minute, 1)}, pod: noImage},
		"DeadlineExceeded: too long": {jobs: []kinds.Job{failed}},
	} {
		run, err := Find(t.Context(), s.client(t), "r1")
		if err != nil {
			t.Fatal(err)
		}
		_, err = run.Follow(t.Context(), time.Time{}, func(string) {}, func(string) {})
		if _, is := errors.AsType[*NotBegun](err); !is || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// A run is found by its id, by what it begins with, or by being the only one; else the error says which there are.
func TestFind(t *testing.T) {
	over := jobOf("20261130-b", time.Hour, 0)
	over.Status.Conditions = []kinds.Condition{{Type: "Complete", Status: "True"}}
	s := &server{jobs: []kinds.Job{over, jobOf("20261130-a", time.Minute, 1), {Metadata: kinds.ObjectMeta{Name: "other"}}}}
	c := s.client(t)
	list := "\n  20261130-a  shop  (going on, or its results are kept still)\n  20261130-b  shop  (over)"
	for id, want := range map[string]string{"20261130-a": "20261130-a", "20261130-b": "20261130-b", "": "which run?", "x": `no conductor of run "x"`, "2026": "which run?"} {
		run, err := Find(t.Context(), c, id)
		switch {
		case err == nil && run.ID != want:
			t.Errorf("%q is %s", id, run.ID)
		case err != nil && (!strings.Contains(err.Error(), want) || !strings.HasSuffix(err.Error(), list)):
			t.Errorf("%q: %v", id, err)
		}
	}
	if _, err := Find(t.Context(), (&server{}).client(t), ""); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "--in-cluster") {
		t.Errorf("none: %v", err)
	}
}

// Whose run is named by nobody is the one that began last of those that are not over, begun or not; where all are, they are named.
func TestUnderWay(t *testing.T) {
	over := jobOf("20261130-a", time.Minute, 0)
	over.Status.Conditions = []kinds.Condition{{Type: "Complete", Status: "True"}}
	kept := running()
	kept.Metadata.Labels = map[string]string{objects.JobLabel: "squall-conductor-20261130-b"}
	kept.Status.ContainerStatuses[0].State = kinds.ContainerState{Terminated: &kinds.Terminated{}}
	jobs := []kinds.Job{over, jobOf("20261130-b", 2*time.Minute, 1), jobOf("20261130-c", 3*time.Minute, 1), jobOf("20261130-d", 4*time.Minute, 0)}
	for n, want := range map[int]string{4: "20261130-c", 2: "no run is under way in namespace \"team\"", 0: "there is no conductor in namespace"} {
		run, err := UnderWay(t.Context(), (&server{jobs: jobs[:n], pod: kept}).client(t))
		if err == nil && run.ID != want || err != nil && (!errors.Is(err, ErrNone) || !strings.Contains(err.Error(), want)) {
			t.Errorf("of %d: %v, %v, want %s", n, run, err, want)
		}
	}
	_, err := UnderWay(t.Context(), (&server{jobs: jobs[:2], pod: kept}).client(t))
	if err == nil || !strings.HasSuffix(err.Error(), "; over are 20261130-a, 20261130-b") {
		t.Errorf("all over: %v", err)
	}
}

// What has not begun is removed by who stops it; what is over stays as it is.
func TestStop(t *testing.T) {
	waits, over := running(), running()
	waits.Status.ContainerStatuses[0].State = kinds.ContainerState{Waiting: &kinds.Waiting{Reason: "ContainerCreating"}}
	over.Status.ContainerStatuses[0].State = kinds.ContainerState{Terminated: &kinds.Terminated{}}
	for what, c := range map[string]struct {
		server  *server
		removed bool
	}{
		"waits": {&server{pod: waits}, true}, "has no pod": {&server{}, true}, "is over": {&server{pod: over}, false},
		"may have none": {&server{events: []kinds.Event{{Reason: "FailedCreate", Type: "Warning", Message: `serviceaccount "squall" not found`}}}, true},
	} {
		c.server.jobs = []kinds.Job{jobOf("r1", time.Minute, 1)}
		run, err := Find(t.Context(), c.server.client(t), "r1")
		if err != nil {
			t.Fatal(err)
		}
		removed, err := run.Stop(t.Context(), "ann")
		if err != nil || removed != c.removed || removed != (len(c.server.done) == 1) {
			t.Errorf("one that %s: removed %v, %v, %v", what, removed, err, c.server.done)
		}
	}
}

// The job is there before what it owns, the config map last; where that can't be made nothing stays.
func TestBegin(t *testing.T) {
	owner := `[{"apiVersion":"batch/v1","blockOwnerDeletion":true,"kind":"Job","name":"squall-conductor-r1","uid":"7"}]`
	want := []string{"POST jobs squall-conductor-r1 null", "POST secrets squall-conductor-r1 " + owner, "POST configmaps squall-conductor-r1 " + owner}
	s := &server{}
	run, err := Begin(t.Context(), s.client(t), "r1", order())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, s.done); diff != "" || run.Folder != "shop-small-r1" {
		t.Errorf("folder %s, made (-want +got):\n%s", run.Folder, diff)
	}
	s = &server{refuse: "configmaps"}
	if _, err := Begin(t.Context(), s.client(t), "r1", order()); !errors.Is(err, apiserver.ErrForbidden) {
		t.Errorf("refused: %v", err)
	}
	if diff := cmp.Diff(append(want[:2], "DELETE squall-conductor-r1 map[uid:7]"), s.done); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}

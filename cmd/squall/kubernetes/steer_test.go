package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/record"
)

// long is a run that people have time to take part in.
const long = `scenario: long
topology:
  shop: {kind: service, endpoints: {"GET /x": [{work: 1ms}]}}
load:
  users: {to: shop, rate: 40/s, requests: [{send: GET /x}]}
warm_up: 200ms
phases: [{name: steady, for: 5m}]
expect: [{in: steady, success: ">= 50%"}]
`

// away is a run whose conductor is a pod of a cluster that is none: a squall of this machine, whose loopback is that of the pod.
type away struct {
	t           *testing.T
	api         *kubetest.Fake
	config      string
	dir         string // where people are
	kept        string // the run's folder, in the pod
	conductor   *exec.Cmd
	said, heard output
}

// output is what a program says, which is read while it goes on.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

const awayRun = "20261130-091502-3fa2"

// begunAway begins one. Its API server knows a job, its pod, and the ports of that.
func begunAway(t *testing.T) *away {
	t.Helper()
	a := &away{t: t, api: kubetest.NewFake(t), dir: t.TempDir(), kept: filepath.Join(t.TempDir(), awayRun)}
	keeper := httptest.NewServer((&conductor.Keeper{Folder: a.kept}).Handler())
	t.Cleanup(keeper.Close)
	a.config = a.api.Kubeconfig(t, "team")
	a.api.Log = func(string, string) string { return "" }
	a.api.Forward = func(_ string, port int) (net.Conn, error) {
		if port == conductor.Port {
			return net.Dial("tcp", keeper.Listener.Addr().String())
		}
		return net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
	a.api.Put("namespaces/team/jobs/"+objects.ConductorJob(awayRun), kinds.Job{
		Metadata: kinds.ObjectMeta{
			Labels:      map[string]string{objects.LabelPart: objects.PartConductor},
			Annotations: map[string]string{"squall.title": "long", "squall.folder": "long"},
		},
		Status: kinds.JobStatus{Active: 1},
	})
	a.stands(kinds.ContainerState{Waiting: &kinds.Waiting{Reason: "ContainerCreating"}})
	return a
}

// stands puts the conductor's container in a state.
func (a *away) stands(state kinds.ContainerState) {
	a.api.Put("namespaces/team/pods/p", kinds.Pod{
		Metadata: kinds.ObjectMeta{Labels: map[string]string{objects.JobLabel: objects.ConductorJob(awayRun)}},
		Status: kinds.PodStatus{Phase: "Running", ContainerStatuses: []kinds.ContainerStatus{
			{Name: "conductor", State: state}, {Name: "keeper", State: kinds.ContainerState{Running: &kinds.Running{}}},
		}},
	})
}

// conducts has the conductor make the run.
func (a *away) conducts() {
	a.t.Helper()
	file := filepath.Join(a.t.TempDir(), "long.yaml")
	if err := os.WriteFile(file, []byte(long), 0o600); err != nil {
		a.t.Fatal(err)
	}
	a.conductor = exec.CommandContext(a.t.Context(), squallbin.Path(a.t), "run", file, "--engine", "process", "--web", "--out", a.kept)
	a.conductor.Stdout, a.conductor.Stderr = &a.said, &a.said
	if err := a.conductor.Start(); err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = a.conductor.Process.Signal(os.Interrupt) })
}

// squall is the program as people call it, in their folder.
func (a *away) squall(args ...string) *exec.Cmd {
	c := exec.CommandContext(a.t.Context(), squallbin.Path(a.t), args...)
	c.Dir = a.dir
	return c
}

// ctl is squall ctl, with what it says and whether that was well.
func (a *away) ctl(args ...string) (string, bool) {
	a.t.Helper()
	said, err := a.squall(append([]string{"ctl", "--who", "ann"}, args...)...).CombinedOutput()
	if _, is := errors.AsType[*exec.ExitError](err); err != nil && !is {
		a.t.Fatal(err)
	}
	return string(said), err == nil
}

// await waits until something is so, or fails with what was said.
func (a *away) await(what string, is func() bool) {
	a.t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			a.t.Fatalf("never %s; the conductor says:\n%s\nwho follows says:\n%s", what, a.said.String(), a.heard.String())
		}
	}
}

// A run whose conductor is in a cluster is steered from elsewhere: by its id, and by its folder while it is followed, where its page is reached, too.
// Who did what is in its record as ever, and no token of it anywhere that lasts.
func TestARunInAClusterIsSteered(t *testing.T) {
	a := begunAway(t)
	where := []string{"--kubeconfig", a.config, "--run", "2026"}
	refused := func(want string, args ...string) {
		t.Helper()
		if said, well := a.ctl(args...); well || !strings.Contains(said, want) {
			t.Errorf("ctl %v, which is to be refused for %q: %s", args, want, said)
		}
	}
	refused("takes no orders yet: its conductor waits: ContainerCreating", append(where, "status")...)
	refused(`no conductor of run "2025"`, "--kubeconfig", a.config, "--run", "2025", "status")
	refused("--engine docker: a run there is found by its folder", "--engine", "docker", "status")
	refused("--engine kubernetes", "status")
	a.stands(kinds.ContainerState{Running: &kinds.Running{}})
	refused("it has not begun, or it is ending", append(where, "status")...)
	attach := a.squall("attach", "--kubeconfig", a.config)
	attach.Stderr = &a.heard
	if err := attach.Start(); err != nil {
		t.Fatal(err)
	}
	a.conducts()
	a.await("under way", func() bool {
		said, well := a.ctl(append(where, "status")...)
		return well && strings.Contains(said, "running, steady")
	})
	if said, well := a.ctl(append(where, "inject", "latency: 300ms, on: users -> shop", "--for", "4m")...); !well || !strings.Contains(said, "act 1: latency 300ms") {
		t.Errorf("inject, by its id: %s", said)
	}
	a.await("followed", func() bool { return strings.Contains(a.heard.String(), "to look on only: ") })
	if !strings.Contains(a.heard.String(), "squall ctl --run "+filepath.Join("runs", "long-"+awayRun)+" steers it") {
		t.Errorf("who follows says:\n%s", a.heard.String())
	}
	a.await("slow", func() bool {
		said, _ := a.ctl("status", "--json")
		var st control.Standing
		return json.Unmarshal([]byte(said), &st) == nil && len(st.On) == 1 && st.On[0].Who == "ann" && len(st.Requests) == 1 && st.Requests[0].OK > 20 && st.Requests[0].P99Ms > 300
	})
	for _, args := range [][]string{{"note", "the pager rang"}, {"clear", "1"}, {"hold"}, {"go"}, {"mark", "here"}} {
		if said, well := a.ctl(args...); !well {
			t.Errorf("%v, by its folder: %s", args, said)
		}
	}
	page(t, a)
	tokens := tokensOf(t, a)
	if said, well := a.ctl("abort", "enough"); !well {
		t.Fatalf("abort: %s", said)
	}
	_ = a.conductor.Wait()
	a.stands(kinds.ContainerState{Terminated: &kinds.Terminated{ExitCode: 130, Reason: "Error"}})
	if err := attach.Wait(); attach.ProcessState.ExitCode() != 130 {
		t.Errorf("who follows ends with %v:\n%s", err, a.heard.String())
	}
	steeredSo(t, a, tokens)
	a.stands(kinds.ContainerState{Terminated: &kinds.Terminated{ExitCode: 130}})
	a.api.Put("namespaces/team/jobs/"+objects.ConductorJob(awayRun), kinds.Job{Metadata: kinds.ObjectMeta{Labels: map[string]string{objects.LabelPart: objects.PartConductor}}})
	refused("steer run "+awayRun+": it is over, with exit code 130", append(where, "status")...)
	refused("no run is under way in runs", "status")
}

// page opens the run's page as a browser does, by the link that who follows was told.
func page(t *testing.T, a *away) {
	t.Helper()
	link := regexp.MustCompile(`the run's page: (\S+)`).FindStringSubmatch(a.heard.String())
	if link == nil {
		t.Fatalf("no page:\n%s", a.heard.String())
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	at, err := url.Parse(link[1])
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []struct{ url, want string }{{link[1], "The run"}, {"http://" + at.Host + "/", "long"}, {"http://" + at.Host + "/v1/status", `"phase":"steady"`}} {
		answer, err := browser.Get(one.url)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK || !bytes.Contains(text, []byte(one.want)) {
			t.Errorf("GET %s: %s, %v, %s", one.url, answer.Status, err, text)
		}
		_ = answer.Body.Close()
	}
	strange, err := http.Get("http://" + at.Host + "/v1/status")
	if err != nil {
		t.Fatal(err)
	}
	_ = strange.Body.Close()
	if strange.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token: %s", strange.Status)
	}
}

// tokensOf are the run's credentials.
func tokensOf(t *testing.T, a *away) []string {
	t.Helper()
	var here, there control.Address
	for file, into := range map[string]*control.Address{filepath.Join(a.dir, "runs", "long-"+awayRun, control.File): &here, filepath.Join(a.kept, control.File): &there} {
		data, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
		if about, err := os.Stat(file); err != nil || about.Mode().Perm() != 0o600 {
			t.Errorf("%s is for others to read: %v, %v", file, about.Mode(), err)
		}
	}
	if here.Token != there.Token || here.URL == there.URL || here.PID == there.PID {
		t.Errorf("the control here is %+v, there %+v", here, there)
	}
	_, act, _ := strings.Cut(there.Page, "token=")
	_, look, _ := strings.Cut(there.Spectators, "token=")
	if there.Token == "" || act == "" || look == "" {
		t.Fatalf("no tokens: %+v", there)
	}
	return []string{there.Token, act, look}
}

// steeredSo holds the run that was fetched against what people did.
func steeredSo(t *testing.T, a *away, tokens []string) {
	t.Helper()
	folder := filepath.Join(a.dir, "runs", "long-"+awayRun)
	r, err := record.Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if r.PartialWhy != "aborted (by ann, squall ctl): enough" {
		t.Errorf("partial: %s", r.PartialWhy)
	}
	slow := slices.IndexFunc(r.Actions, func(x record.Action) bool { return x.Act == 1 })
	if slow < 0 || r.Actions[slow].Person != "ann" || r.Actions[slow].Door != "squall ctl" || r.Actions[slow].UndoneS == nil || r.Actions[slow].Receipt == nil || r.Actions[slow].Receipt.FullDelayMs < 300 {
		t.Errorf("actions %+v", r.Actions)
	}
	if !slices.ContainsFunc(r.Events, func(e record.Event) bool { return e.Text == "the pager rang (by ann, squall ctl)" }) {
		t.Errorf("no note among %+v", r.Events)
	}
	for _, name := range []string{control.File, control.ScrapeFile} {
		if _, err := os.Stat(filepath.Join(folder, name)); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", name, err)
		}
	}
	err = filepath.WalkDir(folder, func(at string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(at)
		for _, token := range tokens {
			if bytes.Contains(data, []byte(token)) {
				t.Errorf("%s has a token of the run", at)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// A run that is stopped from elsewhere says in its record who did it.
func TestARunInAClusterIsStopped(t *testing.T) {
	a := begunAway(t)
	a.stands(kinds.ContainerState{Running: &kinds.Running{}})
	a.conducts()
	a.await("under way", func() bool {
		said, well := a.ctl("--kubeconfig", a.config, "status")
		return well && strings.Contains(said, "running, steady")
	})
	attach := a.squall("attach", "--kubeconfig", a.config, "--stop")
	attach.Stderr = &a.heard
	if err := attach.Start(); err != nil {
		t.Fatal(err)
	}
	_ = a.conductor.Wait()
	a.stands(kinds.ContainerState{Terminated: &kinds.Terminated{ExitCode: 130, Reason: "Error"}})
	if err := attach.Wait(); attach.ProcessState.ExitCode() != 130 {
		t.Errorf("attach: %v\n%s", err, a.heard.String())
	}
	r, err := record.Read(filepath.Join(a.dir, "runs", "long-"+awayRun))
	if err != nil {
		t.Fatal(err)
	}
	who, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if want := "aborted (by " + who.Username + ", squall ctl): squall attach --stop"; r.PartialWhy != want {
		t.Errorf("partial: %s, want %s", r.PartialWhy, want)
	}
}

package kubernetes

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/record"
)

// program is squall as its users start it, with a run in the cluster, in a namespace of the test's own.
type program struct {
	t      *testing.T
	client *apiserver.Client
	cmd    *exec.Cmd
	out    string // the run's folder

	mu   sync.Mutex
	said bytes.Buffer
}

func (p *program) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// squall starts it on a scenario; words are flags beside those that say where. However the test ends, it has ended.
func squall(t *testing.T, k *kubetest.Kubernetes, scenario string, words ...string) *program {
	t.Helper()
	c := k.Namespace(t)
	p := &program{t: t, client: c, out: filepath.Join(t.TempDir(), "out")}
	words = append([]string{"run", scenario, "--engine", "kubernetes", "--kubeconfig", k.Kubeconfig, "--namespace", c.Namespace, "--image", ownImage(t, k), "--out", p.out}, words...)
	p.cmd = exec.CommandContext(context.WithoutCancel(t.Context()), squallbin.Path(t), words...)
	p.cmd.Env = append(os.Environ(), "SQUALL_STATE="+t.TempDir())
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it has ended, or the test has failed
		if t.Failed() {
			t.Logf("it said:\n%s", p.text())
		}
	})
	return p
}

// patience is what a cluster on a busy machine may take for one thing.
const patience = 4 * time.Minute

// phase waits until the run is in a phase.
func (p *program) phase(name string) {
	p.t.Helper()
	p.stands(name, func(s control.Standing) bool { return s.Phase == name })
}

// stands waits until the run stands as is says.
func (p *program) stands(what string, is func(control.Standing) bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if client, err := control.Find(p.out); err == nil {
			if standing, err := client.Status(p.t.Context()); err == nil && is(standing) {
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("it never came to: %s", what)
		}
	}
}

// ended waits until it has ended by itself, and reads the run's record.
func (p *program) ended() (report.Exit, *record.Result) {
	p.t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer late.Stop()
	err := p.cmd.Wait()
	if code, is := errors.AsType[*exec.ExitError](err); err != nil && (!is || code.ExitCode() < 0) {
		p.t.Fatalf("it did not end by itself within %s: %v", patience, err)
	}
	r, err := record.Read(p.out)
	if err != nil {
		p.t.Fatalf("it ended with exit code %d, and: %v", p.cmd.ProcessState.ExitCode(), err)
	}
	p.t.Logf("exit code %d, verdict %s: %s", p.cmd.ProcessState.ExitCode(), r.Verdict, strings.Join(r.Reasons, "; "))
	return report.Exit(p.cmd.ProcessState.ExitCode()), r
}

// there is all that there is in the run's namespace of the kinds that runs make, whosever it says it is.
func (p *program) there() (out []string) {
	p.t.Helper()
	for _, r := range claim.Resources {
		all, err := apiserver.List[kinds.Object](p.t.Context(), p.client, r, apiserver.Query{})
		if err != nil {
			p.t.Fatal(err)
		}
		for _, o := range all {
			if o.Metadata.Name != clusters {
				out = append(out, strings.ToLower(r.Kind)+" "+o.Metadata.Name)
			}
		}
	}
	return out
}

// clusters is the map of each namespace that the cluster itself makes.
const clusters = "kube-root-ca.crt"

// nothing waits until no object is left in the run's namespace, and no process of those that were, and says how long that took.
func (p *program) nothing(within time.Duration, containers []string) time.Duration {
	p.t.Helper()
	begun := time.Now()
	for {
		left := p.there()
		for _, id := range containers {
			if pids := processes(p.t, id); len(pids) > 0 {
				left = append(left, "a process of container "+id)
			}
		}
		if len(left) == 0 {
			return time.Since(begun)
		}
		if time.Since(begun) > within {
			p.t.Errorf("after %s there are still %d:\n%s", within, len(left), strings.Join(left, "\n"))
			return within
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// pods are those that there are in the run's namespace.
func (p *program) pods() []kinds.Pod {
	p.t.Helper()
	all, err := apiserver.List[kinds.Pod](p.t.Context(), p.client, apiserver.Pods, apiserver.Query{})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

// containers are the ids of all containers that run.
func (p *program) containers() (out []string) {
	for _, pod := range p.pods() {
		for _, id := range containersOf(pod) {
			out = append(out, idOf(id))
		}
	}
	return out
}

// idOf is a container's id as its control groups have it, without whose it is.
func idOf(id string) string { return id[strings.LastIndexByte(id, '/')+1:] }

// pod is that of an instance, or of a generator.
func (p *program) pod(name string) kinds.Pod {
	p.t.Helper()
	for _, pod := range p.pods() {
		if pod.Metadata.Labels[objects.LabelInstance] == name || pod.Metadata.Labels[objects.LabelPart]+"-"+pod.Metadata.Labels[indexLabel] == name {
			return pod
		}
	}
	p.t.Fatalf("there is no pod of %s", name)
	return kinds.Pod{}
}

// kill ends all processes of a container, as the kernel does where memory is short.
func (p *program) kill(pod kinds.Pod, container string) {
	p.t.Helper()
	id := containersOf(pod)[container]
	if id == "" {
		p.t.Fatalf("in pod %s no container %s runs", pod.Metadata.Name, container)
	}
	pids := processes(p.t, idOf(id))
	if len(pids) == 0 {
		p.t.Fatalf("container %s of pod %s has no process", container, pod.Metadata.Name)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			p.t.Fatal(err)
		}
	}
}

// processes are those of a container, as this machine sees them: its nodes are namespaces of it.
func processes(t *testing.T, container string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		groups, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(groups, []byte(container)) {
			continue // it has ended, or is another's
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

package kubernetes

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
)

// A run whose conductor is in the cluster is begun, left and come back to by who has squall's role and no more: it ends with the run's exit code,
// the folder is here, and nothing is in the cluster. Its pod passes the standard restricted.
func TestInCluster(t *testing.T) {
	k := kubetest.Cluster(t)
	admin := k.Namespace(t)
	image := ownImage(t, k)
	c := k.As(t, admin, role.Objects(admin.Namespace))
	exe := squallbin.Path(t)
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	where := []string{"--context", "squall", "--namespace", c.Namespace}
	squall := func(args ...string) *exec.Cmd {
		run := exec.CommandContext(t.Context(), exe, append(args, where...)...)
		run.Dir = dir
		return run
	}
	run := left(t, squall("run", filepath.Join(folder, "shop.yaml"), "--engine", "kubernetes", "--image", image, "--in-cluster"))
	refused, err := squall("attach", "none").CombinedOutput()
	if code, is := errors.AsType[*exec.ExitError](err); !is || code.ExitCode() != 2 || !bytes.Contains(refused, []byte(run+"  shop-in-a-cluster  (going on")) {
		t.Errorf("a run that there is not: %v\n%s", err, refused)
	}
	back, err := squall("attach").CombinedOutput()
	t.Logf("%s", back)
	if err != nil {
		t.Fatalf("attach: %v", err)
	}
	r, err := record.Read(filepath.Join(dir, "runs", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != record.Pass || r.Engine != "kubernetes" || r.Run != run || !strings.Contains(r.Command, " --in-cluster ") {
		t.Errorf("verdict %s on %s of run %s, which is made again with %s", r.Verdict, r.Engine, r.Run, r.Command)
	}
	for _, name := range []string{"report.html", "metrics.txt", "windows.jsonl", "logs/api-1.log"} {
		if _, err := os.Stat(filepath.Join(dir, "runs", "latest", name)); err != nil {
			t.Error(err)
		}
	}
	goneInCluster(t, admin, run)
}

// left begins a run, leaves it once its load is on, and tells its id.
func left(t *testing.T, begin *exec.Cmd) (run string) {
	t.Helper()
	said := &bytes.Buffer{}
	begin.Stderr = said
	out, err := begin.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := begin.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "/s  ") {
		t.Log(lines.Text())
	}
	if err := begin.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	err = begin.Wait()
	if code, is := errors.AsType[*exec.ExitError](err); !is || code.ExitCode() != 130 {
		t.Fatalf("left: %v\n%s", err, said)
	}
	found := regexp.MustCompile("left to itself, run ([a-z0-9-]+) goes on in the cluster: `squall attach").FindSubmatch(said.Bytes())
	if found == nil {
		t.Fatalf("it does not say how to come back:\n%s", said)
	}
	return string(found[1])
}

// goneInCluster waits until nothing of a run and of its conductor is there.
func goneInCluster(t *testing.T, c *apiserver.Client, run string) {
	t.Helper()
	name := objects.ConductorJob(run)
	for _, r := range []apiserver.Resource{apiserver.Jobs, apiserver.ConfigMaps, apiserver.Secrets} {
		kubetest.Gone(t, c, r, name)
	}
	pods, err := apiserver.List[kinds.Pod](t.Context(), c, apiserver.Pods, apiserver.Query{Labels: objects.JobLabel + "=" + name})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pods {
		kubetest.Gone(t, c, apiserver.Pods, p.Metadata.Name)
	}
	if left, err := claim.Left(t.Context(), c, run); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A run that is stopped from elsewhere undoes everything and has a record of what was until then.
func TestInClusterIsStopped(t *testing.T) {
	k := kubetest.Cluster(t)
	admin := k.Namespace(t)
	image := ownImage(t, k)
	c := k.As(t, admin, role.Objects(admin.Namespace))
	exe, dir := squallbin.Path(t), t.TempDir()
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	squall := func(args ...string) *exec.Cmd {
		run := exec.CommandContext(t.Context(), exe, append(args, "--context", "squall", "--namespace", c.Namespace)...)
		run.Dir = dir
		return run
	}
	run := left(t, squall("run", filepath.Join(folder, "shop.yaml"), "--engine", "kubernetes", "--image", image, "--in-cluster", "--set", "phases.steady.for=10m"))
	said, err := squall("attach", run, "--stop", "--from", "now", "--out", filepath.Join(dir, "out")).CombinedOutput()
	t.Logf("%s", said)
	r, unread := record.Read(filepath.Join(dir, "out"))
	if unread != nil {
		t.Fatal(unread)
	}
	if code, is := errors.AsType[*exec.ExitError](err); !is || code.ExitCode() != 130 || !r.Partial || !strings.Contains(r.PartialWhy, "squall attach --stop") {
		t.Errorf("stopped: %v; partial: %v, %s", err, r.Partial, r.PartialWhy)
	}
	goneInCluster(t, admin, run)
}

// A run in the cluster is steered by who has squall's role and no more: by its id with nobody following it, and by its folder where it is followed. What a hand did
// is in its record, with who did it and what met it.
func TestInClusterIsSteered(t *testing.T) {
	k := kubetest.Cluster(t)
	admin := k.Namespace(t)
	image := ownImage(t, k)
	c := k.As(t, admin, role.Objects(admin.Namespace))
	exe, dir := squallbin.Path(t), t.TempDir()
	folder, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	squall := func(args ...string) *exec.Cmd {
		run := exec.CommandContext(t.Context(), exe, args...)
		run.Dir = dir
		return run
	}
	ctl := func(args ...string) string {
		t.Helper()
		said, err := squall(append([]string{"ctl", "--who", "ann"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("squall ctl %v: %v\n%s", args, err, said)
		}
		return string(said)
	}
	run := left(t, squall("run", filepath.Join(folder, "shop.yaml"), "--engine", "kubernetes", "--image", image, "--in-cluster", "--web", "--set", "phases.steady.for=10m", "--context", "squall", "--namespace", c.Namespace))
	by := []string{"--run", run, "--context", "squall", "--namespace", c.Namespace}
	if said := ctl(append(by, "status")...); !strings.Contains(said, "shop-in-a-cluster, run "+run+": running, steady") {
		t.Errorf("status, by its id: %s", said)
	}
	if said := ctl(append(by, "inject", "latency: 300ms, on: users -> api", "--for", "9m")...); !strings.Contains(said, "act 1: latency 300ms on users -> api is on") {
		t.Errorf("inject: %s", said)
	}
	attach := squall("attach", run, "--context", "squall", "--namespace", c.Namespace)
	log := &bytes.Buffer{}
	attach.Stdout = log
	out, err := attach.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := attach.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "the run's page: http://127.0.0.1:") {
		t.Log(lines.Text())
	}
	link := lines.Text()[strings.LastIndex(lines.Text(), " ")+1:]
	if page, err := http.Get(link); err != nil || page.StatusCode != http.StatusOK {
		t.Errorf("the page at %s: %v, %v", link, page, err)
	} else {
		_ = page.Body.Close()
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		var st control.Standing
		if err := json.Unmarshal([]byte(ctl("status", "--json")), &st); err == nil && len(st.On) == 1 && len(st.Requests) > 0 && st.Requests[0].OK > 5 && st.Requests[0].P99Ms > 300 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody felt the fault")
		}
	}
	ctl("note", "the pager rang")
	ctl("clear", "1")
	ctl("abort", "enough")
	_, _ = io.Copy(io.Discard, out)
	if err := attach.Wait(); attach.ProcessState.ExitCode() != 130 {
		t.Errorf("attach: %v", err)
	}
	if !strings.Contains(log.String(), "making 5 pods") || strings.Contains(log.String(), "token=") {
		t.Errorf("the conductor's log, which others may read:\n%s", log)
	}
	r, err := record.Read(filepath.Join(dir, "runs", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Actions) == 0 || r.Actions[0].Person != "ann" || r.Actions[0].Door != control.Door || r.Actions[0].Receipt == nil || r.Actions[0].Receipt.FullDelayMs < 300 || r.PartialWhy != "aborted (by ann, squall ctl): enough" {
		t.Errorf("partial: %s; actions %+v", r.PartialWhy, r.Actions)
	}
	goneInCluster(t, admin, run)
	if said, err := squall(append([]string{"ctl", "status"}, by...)...).CombinedOutput(); err == nil || !bytes.Contains(said, []byte("no such run")) {
		t.Errorf("of a run that is gone: %v\n%s", err, said)
	}
}

// What squall kubernetes cronjob prints is all that a run by the clock needs, one that leads a team's Service to itself too: its job ends well as the account
// that is printed, and the Service is as it was.
func TestCronJobReroutes(t *testing.T) {
	kubetest.Whole(t)
	t.Parallel()
	k := kubetest.Own(t)
	shop := k.Namespace(t)
	image := ownImage(t, k)
	twoOfATeam(t, k, shop)
	before := serviceOf(t, shop, "cart")
	exe, dir := squallbin.Path(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "s.yaml"), []byte(strings.ReplaceAll(callsBetween, "NAMESPACE", shop.Namespace)), 0o600); err != nil {
		t.Fatal(err)
	}
	does := func(stdin []byte, program string, args ...string) []byte {
		t.Helper()
		c := exec.CommandContext(t.Context(), program, args...)
		c.Dir, c.Stdin = dir, bytes.NewReader(stdin)
		var said bytes.Buffer
		c.Stderr = &said
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s%s", args, err, out, said.Bytes())
		}
		return out
	}
	printed := does(nil, exe, "kubernetes", "cronjob", "s.yaml", "--schedule", "0 0 1 1 *", "--name", "yearly", "--image", image, "--namespace", shop.Namespace, "--allow-external", "--allow-reroute")
	at := []string{"kubectl", "--kubeconfig", k.Kubeconfig, "--namespace", shop.Namespace}
	does(printed, k.Kubectl(), append(at, "apply", "-f", "-")...)
	does(nil, k.Kubectl(), append(at, "create", "job", "squall-conductor-yearly-1", "--from=cronjob/squall-conductor-yearly")...)
	does(nil, exe, "attach", "yearly-1", "--kubeconfig", k.Kubeconfig, "--namespace", shop.Namespace)
	r, err := record.Read(filepath.Join(dir, "runs", "latest"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != record.Pass || len(r.Faults) != 1 || !r.Faults[0].Receipt.Met {
		t.Errorf("verdict %s, faults %+v", r.Verdict, r.Faults)
	}
	same(t, before, serviceOf(t, shop, "cart"))
}

// readerProgram answers well while it reads what it was given.
const readerProgram = `package main

import ("fmt"; "net/http"; "os")

func main() {
	fmt.Println(http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, err := os.ReadFile("/etc/shop.conf")
		other, bad := os.ReadFile("/etc/parts/a/b")
		if err != nil || bad != nil || string(one) != "from above" || string(other) != "of a folder" { w.WriteHeader(500) }
		fmt.Fprintf(w, "%s %v, %s %v", one, err, other, bad)
	})))
}
`

const reads = `scenario: reads
topology:
  shop: {kind: image, image: IMAGE, entrypoint: [/program], port: 7000, files: {/etc/shop.conf: ../shop.conf, /etc/parts: ../parts}}
load:
  users: {to: shop, rate: 20/s, requests: [{send: GET /}]}
phases: [{name: steady, for: 3s}]
expect: [{in: steady, success: ">= 95%"}]
`

// A file and a folder above the scenario's own are given to an image, by a conductor of this machine and by one in the cluster.
func TestFilesFromAbove(t *testing.T) {
	kubetest.Whole(t)
	k := kubetest.Own(t)
	admin := k.Namespace(t)
	image := ownImage(t, k)
	c := k.As(t, admin, role.Objects(admin.Namespace))
	exe, dir := squallbin.Path(t), t.TempDir()
	text := strings.Replace(reads, "IMAGE", k.Image(t, "reader", squallbin.Program(t, readerProgram, "0")), 1)
	for name, data := range map[string]string{"sub/s.yaml": text, "shop.conf": "from above", "parts/a/b": "of a folder"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, where := range [][]string{{"sub/s.yaml"}, {"sub/s.yaml", "--in-cluster"}} {
		run := exec.CommandContext(t.Context(), exe, append([]string{"run", "--engine", "kubernetes", "--image", image, "--context", "squall", "--namespace", c.Namespace}, where...)...)
		run.Dir = dir
		if said, err := run.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", where, err, said)
		}
	}
}

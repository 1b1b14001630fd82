package kubernetes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/reroute"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/record"
	"github.com/squallhq/squall/scenarios/language"
)

// frontend is a program of a team's own that calls its Service cart for each request, over a connection of its own.
const frontend = `package main

import ("fmt"; "io"; "net/http"; "os")

func main() {
	cart := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	fmt.Println(http.ListenAndServe(":7000", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ready" { w.WriteHeader(204); return }
		answer, err := cart.Get("http://" + os.Getenv("CART_SERVICE_HOST") + "/")
		if err != nil { http.Error(w, err.Error(), 502); return }
		defer answer.Body.Close()
		_, _ = io.Copy(w, answer.Body)
	})))
}
`

// twoOfATeam are Services frontend and cart of a team's own in a namespace, of which the one calls the other.
func twoOfATeam(t *testing.T, k *kubetest.Kubernetes, c *apiserver.Client) {
	t.Helper()
	served(t, c, k.Image(t, "stranger", squallbin.Program(t, strangerProgram, "0")))
	yes := true
	pod := kubetest.Restricted("frontend", k.Image(t, "frontend", squallbin.Program(t, frontend, "0")))
	pod.Metadata.Labels = map[string]string{"app": "frontend"}
	pod.Spec.EnableServiceLinks = &yes // this cluster has no names
	pod.Spec.Containers[0].ReadinessProbe = &kinds.Probe{HTTPGet: &kinds.HTTPGet{Path: "/ready", Port: 7000}, PeriodSeconds: 1}
	service := kinds.Service{TypeMeta: apiserver.Services.Type(), Metadata: kinds.ObjectMeta{Name: "frontend"}, Spec: kinds.ServiceSpec{
		Selector: map[string]string{"app": "frontend"}, Ports: []kinds.ServicePort{{Port: 80, TargetPort: 7000}},
	}}
	if err := c.Create(t.Context(), apiserver.Services, service, nil); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), apiserver.Pods, pod, nil); err != nil {
		t.Fatal(err)
	}
	kubetest.Await(t, c, apiserver.Pods, "frontend", func(p kinds.Pod) bool { return p.Status.Is("Ready") })
}

// What a team has running feels a fault between two of its own while the run lasts, and no role but the printed one is needed; then its Service is as it
// was, and nothing is left.
func TestRunBetweenTwoOfATeam(t *testing.T) {
	k := kubetest.Cluster(t)
	shop := k.Namespace(t)
	image := ownImage(t, k)
	twoOfATeam(t, k, shop)
	k.As(t, shop, role.More{Reroutes: []string{"cart"}}.Objects(shop.Namespace))
	before := serviceOf(t, shop, "cart")
	file := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(callsBetween, "NAMESPACE", shop.Namespace)), 0o644); err != nil {
		t.Fatal(err)
	}
	r := ran(t, "run", file, "--engine", "kubernetes", "--context", "squall", "--namespace", shop.Namespace, "--image", image, "--allow-external", "--allow-reroute")
	if r.Verdict != record.Pass {
		t.Errorf("verdict %s", r.Verdict)
	}
	for _, f := range r.Faults {
		t.Logf("%s: %s", f.Kind, f.Receipt.Text)
		if !f.Receipt.Met {
			t.Errorf("nothing met %s: %s", f.Kind, f.Receipt.Text)
		}
	}
	same(t, before, serviceOf(t, shop, "cart"))
	if left, err := claim.Left(t.Context(), shop, ""); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// rerouteLease is how long a conductor's things stay that is killed.
const rerouteLease = 20 * time.Second

// A conductor that is killed while a Service is led to its run: with no client alive the Service is given back when the lease is over, and nothing is left;
// and who cleans up gives it back at once.
func TestRerouteAfterAKill(t *testing.T) {
	kubetest.Whole(t)
	t.Parallel()
	k := kubetest.Own(t)
	shop := k.Namespace(t)
	twoOfATeam(t, k, shop)
	k.Grant(t, shop, role.More{Reroutes: []string{"cart"}}.Objects(shop.Namespace))
	before := serviceOf(t, shop, "cart")
	kill := func(run string) {
		t.Helper()
		conductor := exec.CommandContext(t.Context(), os.Args[0])
		conductor.Env = append(os.Environ(), "REROUTE_TEST="+shop.Namespace, "REROUTE_KUBECONFIG="+k.Kubeconfig, "REROUTE_IMAGE="+ownImage(t, k), "REROUTE_RUN="+run)
		if out, err := conductor.CombinedOutput(); err == nil || !strings.Contains(string(out), "it is up") {
			t.Fatalf("the conductor to be killed: %v\n%s", err, out)
		}
		labels := serviceOf(t, shop, "cart")["metadata"].(map[string]any)["labels"].(map[string]any)
		left, err := claim.Left(t.Context(), shop, run)
		if err != nil || labels[reroute.Label] != run {
			t.Fatalf("when it was killed the Service had the labels %v, and there was %q, %v", labels, left, err)
		}
		t.Logf("killed with %d things of its own there", len(left))
	}
	gone := func(run string) {
		t.Helper()
		begun := time.Now()
		for {
			left, err := claim.Left(t.Context(), shop, run)
			if err != nil {
				t.Fatal(err)
			}
			if len(left) == 0 {
				break
			}
			if time.Since(begun) > 3*time.Minute {
				t.Fatalf("left: %q", left)
			}
			select {
			case <-t.Context().Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
		t.Logf("all of run %s is gone %.1f s later", run, time.Since(begun).Seconds())
		same(t, before, serviceOf(t, shop, "cart"))
	}
	kill("nobody")
	gone("nobody")
	kill("cleaned")
	removed, err := claim.Reap(t.Context(), shop)
	if err != nil || !slices.Contains(removed, reroute.Service{Name: "cart", Namespace: shop.Namespace, Run: "cleaned"}.Words()) {
		t.Errorf("removed %q, %v", removed, err)
	}
	same(t, before, serviceOf(t, shop, "cart"))
	gone("cleaned")
}

// awaitIn waits until a container of an instance's pod runs whose process is not a given one.
func awaitIn(t *testing.T, c *apiserver.Client, instance, container string, not int) int {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < time.Minute; time.Sleep(100 * time.Millisecond) {
		pods, err := apiserver.List[kinds.Pod](t.Context(), c, apiserver.Pods, apiserver.Query{Labels: objects.LabelInstance + "=" + instance})
		if err != nil || len(pods) != 1 {
			t.Fatalf("the pods of %s are %+v, %v", instance, pods, err)
		}
		id := containersOf(pods[0])[container]
		if id == "" {
			continue
		}
		if pids := processes(t, idOf(id)); len(pids) == 1 && pids[0] != not {
			return pids[0]
		}
	}
	t.Fatalf("no %s runs beside %s", container, instance)
	return 0
}

// A guard that is killed is there anew, and the reroute goes on; where the mesh between two is killed nothing gets through, which ends the run: the Service
// is given back as on any way out.
func TestRerouteOverKills(t *testing.T) {
	kubetest.Whole(t)
	t.Parallel()
	k := kubetest.Own(t)
	shop := k.Namespace(t)
	twoOfATeam(t, k, shop)
	k.Grant(t, shop, role.More{Reroutes: []string{"cart"}}.Objects(shop.Namespace))
	before := serviceOf(t, shop, "cart")
	e := New(Options{Client: shop, Image: ownImage(t, k), AllowReroute: true})
	system, err := e.Launch(t.Context(), runner.Launch{
		Plan: planOf(t, strings.ReplaceAll(callsBetween, "NAMESPACE", shop.Namespace)), Run: "kills", Dir: t.TempDir(), AllowExternal: true, Progress: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	down := func() {
		if err := system.Down(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}
	defer down()
	guard := awaitIn(t, shop, "reroute-cart", "guard", 0)
	if err := syscall.Kill(guard, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitIn(t, shop, "reroute-cart", "guard", guard)
	rerouted, err := reroute.List(t.Context(), shop, "kills")
	if err != nil || len(rerouted) != 1 {
		t.Errorf("with another guard %v is rerouted, %v", rerouted, err)
	}
	select {
	case err := <-system.Died():
		t.Errorf("without its guard for a moment the run ended: %v", err)
	default:
	}
	if err := syscall.Kill(awaitIn(t, shop, "reroute-cart", "mesh", 0), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-system.Died():
		t.Logf("without its mesh the run ended: %v", err)
	case <-time.After(time.Minute):
		t.Error("its mesh was killed, and nobody said so within a minute")
	}
	begun := time.Now()
	down()
	t.Logf("taken down in %.1f s", time.Since(begun).Seconds())
	same(t, before, serviceOf(t, shop, "cart"))
	if left, err := claim.Left(t.Context(), shop, ""); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// TestMain plays a conductor that is killed, where it is asked to.
func TestMain(m *testing.M) {
	if namespace := os.Getenv("REROUTE_TEST"); namespace != "" {
		if err := conduct(context.Background(), namespace); err != nil {
			fmt.Println(err)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

func conduct(ctx context.Context, namespace string) error {
	c, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Path: os.Getenv("REROUTE_KUBECONFIG"), Namespace: namespace}})
	if err != nil {
		return err
	}
	doc, err := language.Parse("s.yaml", []byte(strings.ReplaceAll(callsBetween, "NAMESPACE", namespace)), "")
	if err != nil {
		return err
	}
	plan, err := doc.Plan(1)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "reroute-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	e := New(Options{Client: c, Image: os.Getenv("REROUTE_IMAGE"), AllowReroute: true, Lease: rerouteLease})
	_, err = e.Launch(ctx, runner.Launch{Plan: plan, Run: os.Getenv("REROUTE_RUN"), Dir: dir, AllowExternal: true, Progress: func(line string) { fmt.Println(line) }})
	if err != nil {
		return err
	}
	fmt.Println("it is up")
	_ = os.RemoveAll(dir)
	return syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing comes after
}

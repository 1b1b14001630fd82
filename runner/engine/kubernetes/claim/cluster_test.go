package claim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
	"github.com/squallhq/squall/runner/engine/owner"
)

// pause is an image that the cluster of internal/cluster has on each node.
const pause = "localhost/squall-pause:1"

// patience is what a cluster on a busy machine may take.
const patience = 3 * time.Minute

// fill makes some of everything that a run makes, and waits until its pods run.
func fill(t *testing.T, c *apiserver.Client, own *claim.Claim, pods int) {
	t.Helper()
	meta := func(name string) kinds.ObjectMeta {
		return kinds.ObjectMeta{Name: name, Labels: own.Labels(), OwnerReferences: []kinds.OwnerReference{own.Reference()}}
	}
	for _, o := range []struct {
		resource apiserver.Resource
		object   any
	}{
		{apiserver.ConfigMaps, kinds.ConfigMap{Metadata: meta("files")}},
		{apiserver.Secrets, kinds.Secret{Metadata: meta("token")}},
		{apiserver.Services, kinds.Service{Metadata: meta("edge"), Spec: kinds.ServiceSpec{ClusterIP: "None", Selector: own.Labels()}}},
		{apiserver.NetworkPolicies, kinds.NetworkPolicy{Metadata: meta("within"), Spec: kinds.NetworkPolicySpec{PolicyTypes: []string{"Ingress"}}}},
		{apiserver.Jobs, load(meta("load"))},
	} {
		if err := c.Create(t.Context(), o.resource, o.object, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range pods {
		pod := kubetest.Restricted(fmt.Sprintf("node-%d", i), pause)
		pod.Metadata = meta(pod.Metadata.Name)
		if err := c.Create(t.Context(), apiserver.Pods, pod, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range pods {
		kubetest.Await(t, c, apiserver.Pods, fmt.Sprintf("node-%d", i), func(p kinds.Pod) bool { return p.Status.Phase == "Running" })
	}
	kubetest.Await(t, c, apiserver.Jobs, "load", func(j kinds.Job) bool { return j.Status.Active == 2 })
}

// load is a job whose pods go with it.
func load(meta kinds.ObjectMeta) kinds.Job {
	two := 2
	pod := kubetest.Restricted("load", pause)
	pod.Metadata = kinds.ObjectMeta{Labels: meta.Labels}
	return kinds.Job{Metadata: meta, Spec: kinds.JobSpec{
		Parallelism: &two, Completions: &two, CompletionMode: "Indexed", Template: kinds.PodTemplate{Metadata: pod.Metadata, Spec: pod.Spec},
	}}
}

// objects are how many fill makes besides its pods: five, the Job that owns all, and the two pods of the job.
const objects = 8

func left(t *testing.T, c *apiserver.Client, run string) []string {
	t.Helper()
	all, err := claim.Left(t.Context(), c, run)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// empty waits until nothing is left of a run, and says how long that took.
func empty(t *testing.T, c *apiserver.Client, run string) time.Duration {
	t.Helper()
	begun := time.Now()
	for {
		all := left(t, c, run)
		if len(all) == 0 {
			return time.Since(begun)
		}
		if time.Since(begun) > patience {
			t.Fatalf("after %s there is still\n%s", patience, strings.Join(all, "\n"))
		}
		select {
		case <-t.Context().Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// With nobody there who says a word, everything goes when the lease is over, and nothing before.
func TestNothingIsLeftWithNobodyThere(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	const lease, pods = 40 * time.Second, 5
	begun := time.Now()
	own, err := claim.Make(t.Context(), c, "alone", lease)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, c, own, pods)
	if made := left(t, c, "alone"); time.Since(begun) < lease && len(made) != objects+pods {
		t.Errorf("%d objects, want %d:\n%s", len(made), objects+pods, strings.Join(made, "\n"))
	}
	empty(t, c, "alone")
	if took := time.Since(begun); took < lease {
		t.Errorf("all was gone after %s, and the lease is %s", took, lease)
	} else {
		t.Logf("%d objects are gone %.1f s after a lease of %s", objects+pods, (took - lease).Seconds(), lease)
	}
}

// A conductor that lives keeps them for longer than a lease; its release removes all at once; and who is released is told by Keep.
func TestKeepAndRelease(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	const lease = 12 * time.Second
	own, err := claim.Make(t.Context(), c, "kept", lease)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	kept := make(chan error, 1)
	go func() { kept <- own.Keep(ctx) }()
	fill(t, c, own, 2)
	select {
	case err := <-kept:
		t.Fatalf("it was kept no longer: %v", err)
	case <-time.After(2 * lease):
	}
	if made := left(t, c, "kept"); len(made) != objects+2 {
		t.Errorf("after two leases %d objects, want %d:\n%s", len(made), objects+2, strings.Join(made, "\n"))
	}
	released, end := context.WithTimeout(t.Context(), patience)
	defer end()
	begun := time.Now()
	if err := own.Release(released); err != nil {
		t.Fatal(err)
	}
	if all := left(t, c, "kept"); len(all) != 0 {
		t.Errorf("after the release there is\n%s", strings.Join(all, "\n"))
	}
	t.Logf("released in %.1f s", time.Since(begun).Seconds())
	if err := <-kept; !errors.Is(err, apiserver.ErrNotFound) && !errors.Is(err, apiserver.ErrConflict) {
		t.Errorf("Keep ended with %v, want that there is nothing to keep", err)
	}
	if err := own.Release(released); err != nil {
		t.Errorf("released again: %v", err)
	}
}

// A run with a namespace of its own leaves none; one whose conductor was killed leaves it empty, for who cleans up.
func TestNamespaceOfTheRunsOwn(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	admin := k.Client(t, "default")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	own, err := claim.MakeNamespace(ctx, admin, "own-namespace", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = admin.Delete(context.WithoutCancel(t.Context()), apiserver.Namespaces, own.Namespace(), apiserver.Deletion{}) // where the test has failed
	})
	c := admin.In(own.Namespace())
	fill(t, c, own, 1)
	begun := time.Now()
	if err := own.Release(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("released in %.1f s", time.Since(begun).Seconds())
	if n, err := apiserver.Get[kinds.Namespace](ctx, admin, apiserver.Namespaces, own.Namespace()); !errors.Is(err, apiserver.ErrNotFound) {
		t.Errorf("after the release there is %+v, %v", n, err)
	}
}

// With nobody there, what a run has in a namespace of its own goes with the lease, and the namespace stays, empty: nothing in a cluster ends
// one by the clock. Who cleans up removes it. The conductor was one of another machine: whose end can be seen from here, others' clean-up removes at once.
func TestNamespaceAfterAKill(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	admin := k.Client(t, "default")
	const lease = 15 * time.Second
	begun := time.Now()
	conductor := exec.CommandContext(t.Context(), os.Args[0])
	conductor.Env = append(os.Environ(), "CLAIM_TEST=default", "CLAIM_LEASE="+lease.String(), "CLAIM_KUBECONFIG="+k.Kubeconfig)
	if out, err := conductor.CombinedOutput(); err == nil || !strings.Contains(string(out), "claimed") {
		t.Fatalf("the conductor to be killed: %v\n%s", err, out)
	}
	c := admin.In(claim.Name("killed"))
	t.Cleanup(func() {
		_ = admin.Delete(context.WithoutCancel(t.Context()), apiserver.Namespaces, c.Namespace, apiserver.Deletion{}) // where the test has failed
	})
	if made := left(t, c, "killed"); time.Since(begun) < lease && len(made) != 2 {
		t.Errorf("it has made %q, want its Job and a config map", made)
	}
	empty(t, c, "killed")
	t.Logf("all in it is gone after %.1f s, the lease is %s", time.Since(begun).Seconds(), lease)
	if n, err := apiserver.Get[kinds.Namespace](t.Context(), admin, apiserver.Namespaces, c.Namespace); err != nil || n.Metadata.DeletionTimestamp != nil {
		t.Errorf("the namespace has gone by itself, which nobody does: %+v, %v", n, err)
	}
	reaped(t, admin, c.Namespace)
}

// reaped cleans up until a namespace of a run is removed: by this, or by another test that cleans up here with an administrator's rights.
func reaped(t *testing.T, admin *apiserver.Client, namespace string) {
	t.Helper()
	for begun := time.Now(); ; {
		removed, err := claim.Reap(t.Context(), admin)
		if err != nil {
			t.Fatal(err)
		}
		n, err := apiserver.Get[kinds.Namespace](t.Context(), admin, apiserver.Namespaces, namespace)
		if errors.Is(err, apiserver.ErrNotFound) || err == nil && n.Metadata.DeletionTimestamp != nil {
			break
		}
		if time.Since(begun) > patience { // a new one without a claim is left for a minute: it may be about to be claimed
			t.Fatalf("%s was not removed within %s; at last %q, %v", namespace, patience, removed, err)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(time.Second):
		}
	}
	kubetest.Gone(t, admin, apiserver.Namespaces, namespace)
}

// What a conductor has left that was killed is removed at once by who cleans up, and what others have stays.
func TestReapAfterAKill(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	alive, err := claim.Make(t.Context(), c, "alive", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, c, alive, 1)
	conductor := exec.CommandContext(t.Context(), os.Args[0])
	conductor.Env = append(os.Environ(), "CLAIM_TEST="+c.Namespace, "CLAIM_KUBECONFIG="+k.Kubeconfig)
	if out, err := conductor.CombinedOutput(); err == nil || !strings.Contains(string(out), "claimed") {
		t.Fatalf("the conductor to be killed: %v\n%s", err, out)
	}
	if made := left(t, c, "killed"); len(made) != 2 {
		t.Fatalf("it has made %q, want its Job and a config map", made)
	}
	removed, err := claim.Reap(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	removed = slices.DeleteFunc(removed, func(what string) bool { return strings.HasPrefix(what, "namespace ") }) // of other tests' runs
	if want := []string{"configmap given in namespace " + c.Namespace + " (of run killed)", "job squall-killed in namespace " + c.Namespace + " (of run killed)"}; !slices.Equal(removed, want) {
		t.Errorf("removed %q, want %q", removed, want)
	}
	empty(t, c, "killed")
	if made := left(t, c, "alive"); len(made) != objects+1 {
		t.Errorf("of the run that is alive there is %q", made)
	}
}

// TestMain plays a conductor that is killed, where it is asked to.
func TestMain(m *testing.M) {
	if namespace := os.Getenv("CLAIM_TEST"); namespace != "" {
		conduct(namespace)
	}
	os.Exit(m.Run())
}

func conduct(namespace string) {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(0)
		}
	}
	c, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Path: os.Getenv("CLAIM_KUBECONFIG"), Namespace: namespace}})
	check(err)
	own, err := claimed(ctx, c)
	check(err)
	c = c.In(own.Namespace())
	check(c.Create(ctx, apiserver.ConfigMaps, kinds.ConfigMap{Metadata: kinds.ObjectMeta{
		Name: "given", Labels: own.Labels(), OwnerReferences: []kinds.OwnerReference{own.Reference()},
	}}, nil))
	fmt.Println("claimed")
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // nothing comes after
}

// claimed claims for a conductor that is killed: in a namespace of its own, and as from elsewhere, where a lease is said.
func claimed(ctx context.Context, c *apiserver.Client) (*claim.Claim, error) {
	lease, err := time.ParseDuration(os.Getenv("CLAIM_LEASE"))
	if err != nil {
		return claim.Make(ctx, c, "killed", time.Hour)
	}
	own, err := claim.MakeNamespace(ctx, c, "killed", lease)
	if err != nil {
		return nil, err
	}
	o := owner.This()
	o.Host = "another"
	says := map[string]any{"metadata": map[string]any{"annotations": map[string]string{"squall.owner": o.String()}}}
	return own, c.In(own.Namespace()).Patch(ctx, apiserver.Jobs, claim.Name("killed"), "", says, nil)
}

// Who has the printed role and no more does all that; and lacks what is not in it.
func TestRoleSuffices(t *testing.T) {
	k := kubetest.Own(t)
	admin := k.Namespace(t)
	c := k.As(t, admin, role.Objects(admin.Namespace))
	missing, err := role.Missing(t.Context(), c)
	if err != nil || len(missing) != 0 {
		t.Fatalf("the role lacks %q of itself, %v", missing, err)
	}
	own, err := claim.Make(t.Context(), c, "role", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, c, own, 1)
	if err := own.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	logs, err := c.Logs(t.Context(), "node-0", apiserver.LogOptions{})
	if err != nil {
		t.Error(err)
	} else {
		_ = logs.Close()
	}
	resize := map[string]any{"spec": map[string]any{"containers": []any{map[string]any{"name": "program", "resources": map[string]any{"requests": map[string]string{"cpu": "20m", "memory": "16Mi"}}}}}}
	if err := c.Patch(t.Context(), apiserver.Pods, "node-0", "resize", resize, nil); err != nil && !errors.Is(err, apiserver.ErrInvalid) {
		t.Errorf("other limits: %v", err)
	}
	if removed, err := claim.Reap(t.Context(), c); err != nil || len(removed) != 0 {
		t.Errorf("of a run that is alive %q was removed, %v", removed, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := own.Release(ctx); err != nil {
		t.Error(err)
	}
	if all := left(t, admin, "role"); len(all) != 0 {
		t.Errorf("left: %q", all)
	}
	for _, no := range []kinds.ResourceAttributes{
		{Verb: "list", Resource: "secrets"}, {Verb: "get", Resource: "nodes"}, {Verb: "create", Resource: "pods", Subresource: "exec"},
		{Verb: "create", Resource: "roles", Group: "rbac.authorization.k8s.io"}, {Verb: "list", Resource: "pods", Namespace: "default"},
	} {
		if is, err := c.Can(t.Context(), no); is || err != nil {
			t.Errorf("%+v is allowed: %v, %v", no, is, err)
		}
	}
}

package kubernetes

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/runner/engine/kubernetes/objects"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// errEnvironment marks what the command says is the environment's.
var errEnvironment = errors.New("environment")

func run(args ...string) (string, error) {
	c := command(House{Environment: func(err error) error { return errors.Join(errEnvironment, err) }})
	var out bytes.Buffer
	c.SetOut(&out)
	c.SetErr(&out)
	c.SetArgs(args)
	c.SilenceErrors, c.SilenceUsage = true, true
	err := c.Execute()
	return out.String(), err
}

// kubectl takes the role as it is printed, and who has it is told so; who has not is told what is missing.
func TestRoleIsAppliedAndChecked(t *testing.T) {
	k := kubetest.Own(t)
	c := k.Namespace(t)
	printed, err := run("role", "--namespace", c.Namespace)
	if err != nil {
		t.Fatal(err)
	}
	apply := exec.CommandContext(t.Context(), k.Kubectl(), "kubectl", "--kubeconfig", k.Kubeconfig, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(printed)
	if out, err := apply.CombinedOutput(); err != nil || strings.Count(string(out), " created") != 3 {
		t.Fatalf("apply: %v\n%s", err, out)
	}
	if out, err := run("role", "--check", "--kubeconfig", k.Kubeconfig, "--namespace", c.Namespace); err != nil || !strings.HasPrefix(out, "you may do all") {
		t.Errorf("an administrator: %v\n%s", err, out)
	}
	for _, test := range []struct {
		account string
		lacks   bool
	}{{role.Name, false}, {"default", true}} {
		file := k.Kubeconfigs(t, c, test.account)
		t.Setenv("KUBECONFIG", file)
		out, err := run("role", "--check", "--context", test.account, "--namespace", c.Namespace)
		if test.lacks != errors.Is(err, errEnvironment) || test.lacks != strings.Contains(out, "create pods\n") {
			t.Errorf("%s: %v\n%s", test.account, err, out)
		}
	}
}

// An administrator is told what the account lacks that gives Services back, and that it has all once the role was applied for them; who has squall's role
// and no more is told that this is not for him to ask.
func TestGuardIsAppliedAndChecked(t *testing.T) {
	k := kubetest.Own(t)
	c := k.Namespace(t)
	check := []string{"role", "--check", "--kubeconfig", k.Kubeconfig, "--namespace", c.Namespace, "--allow-reroute", "cart,stock"}
	if out, err := run(check...); !errors.Is(err, errEnvironment) || !strings.HasPrefix(out, "account squall-reroute\nget services cart for account squall-reroute\n") {
		t.Errorf("before: %v\n%s", err, out)
	}
	k.Grant(t, c, role.More{Reroutes: []string{"cart"}}.Objects(c.Namespace))
	if out, err := run(check...); !errors.Is(err, errEnvironment) || out != "get services stock for account squall-reroute\npatch services stock for account squall-reroute\n" {
		t.Errorf("for one of two: %v\n%s", err, out)
	}
	check[len(check)-1] = "cart"
	if out, err := run(check...); err != nil || !strings.HasPrefix(out, "you may do all") {
		t.Errorf("for that one: %v\n%s", err, out)
	}
	t.Setenv("KUBECONFIG", k.Kubeconfigs(t, c, role.Name))
	out, err := run("role", "--check", "--context", role.Name, "--namespace", c.Namespace, "--allow-reroute", "cart")
	if err != nil || !strings.HasPrefix(out, "not told: whether account squall-reroute may get and patch services cart: ") {
		t.Errorf("who has the role: %v\n%s", err, out)
	}
	if err := c.Delete(t.Context(), apiserver.ServiceAccounts, role.Rerouter, apiserver.Deletion{}); err != nil {
		t.Fatal(err)
	}
	if out, err := run("role", "--check", "--context", role.Name, "--namespace", c.Namespace, "--allow-reroute", "cart"); !errors.Is(err, errEnvironment) || !strings.HasPrefix(out, "account squall-reroute\n") {
		t.Errorf("who has the role, without the account: %v\n%s", err, out)
	}
}

// What is left of a run whose conductor is gone is removed, and said; then there is nothing more.
func TestClean(t *testing.T) {
	k := kubetest.Own(t)
	c := k.Namespace(t)
	long := metaOf("left")
	long.Metadata.Annotations = map[string]string{"squall.expires": time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)}
	none := 0
	long.Spec = kinds.JobSpec{Parallelism: &none, Template: kinds.PodTemplate{Spec: kubetest.Restricted("x", "localhost/x").Spec}}
	if err := c.Create(t.Context(), apiserver.Jobs, long, nil); err != nil {
		t.Fatal(err)
	}
	var a Access
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	a.Register(flags)
	if err := flags.Parse([]string{"--kubeconfig", k.Kubeconfig, "--namespace", c.Namespace}); err != nil {
		t.Fatal(err)
	}
	var said []string
	for range 2 {
		if err := a.Clean(t.Context(), func(line string) { said = append(said, line) }); err != nil {
			t.Fatal(err)
		}
		kubetest.Gone(t, c, apiserver.Jobs, long.Metadata.Name)
	}
	if want := "removed job squall-left in namespace " + c.Namespace + " (of run left)"; strings.Join(said, "\n") != want {
		t.Errorf("said %q, want %q", said, want)
	}
}

func metaOf(run string) kinds.Job {
	return kinds.Job{TypeMeta: apiserver.Jobs.Type(), Metadata: kinds.ObjectMeta{Name: claim.Name(run), Labels: map[string]string{claim.Label: run}}}
}

// The printed role is the one that is tested: nothing of it is left out, or of another namespace.
func TestRoleIsPrinted(t *testing.T) {
	printed, err := run("role", "--namespace", "team")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := manifest.Write(&want, role.Objects("team")...); err != nil || printed != want.String() {
		t.Errorf("printed\n%s\nwant\n%s%v", printed, want.String(), err)
	}
	printed, err = run("role", "--namespace", "team", "--own-namespace")
	want.Reset()
	if err := manifest.Write(&want, role.More{OwnNamespace: true}.Objects("team")...); err != nil || printed != want.String() {
		t.Errorf("printed\n%s\nwant\n%s%v", printed, want.String(), err)
	}
	if n := strings.Count(printed, "kind: ClusterRole\n"); n != 2 || err != nil { // the role, and what the binding refers to
		t.Errorf("%d mentions of a role of the cluster, want 2, %v\n%s", n, err, printed)
	}
	if _, err := run("role", "--check", "--kubeconfig", filepath.Join(t.TempDir(), "none")); !errors.Is(err, errEnvironment) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Who lacks a right of the cluster is told which, and who has all is told that.
func TestRoleOfOwnNamespacesIsChecked(t *testing.T) {
	f := kubetest.NewFake(t)
	f.Allow = func(verb, what string) bool { return what != "namespaces" || verb != "delete" }
	args := []string{"role", "--check", "--own-namespace", "--kubeconfig", f.Kubeconfig(t, "team")}
	out, err := run(args...)
	if !errors.Is(err, errEnvironment) || out != "delete namespaces\n" || !strings.Contains(err.Error(), "role --namespace team --own-namespace`") {
		t.Errorf("without one: %q, %v", out, err)
	}
	f.Allow = func(_, what string) bool { return !strings.HasPrefix(what, "namespaces/") }
	if out, err := run(args...); err != nil || !strings.Contains(out, "in all namespaces") {
		t.Errorf("with all, everywhere: %q, %v", out, err)
	}
}

// What a namespace of the run's own can't go with is refused, with what would be right.
func TestOwnNamespaceGoesWithNoOther(t *testing.T) {
	for text, want := range map[string]string{
		"--image x --own-namespace":                             "",
		"--image x --own-namespace --namespace team":            "--namespace team names one that is there; leave one of them out",
		"--image x --own-namespace --image-pull-secrets k":      "one that --own-namespace makes has none",
		"--image x --namespace team --image-pull-secrets k":     "",
		"--image x --own-namespace --allow-reroute":             "run in the namespace of the Service",
		"--own-namespace":                                       "needs --image",
		"--image x --own-namespace --node-zones --context prod": "",
	} {
		var r Running
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		r.Register(flags)
		if err := flags.Parse(strings.Fields(text)); err != nil {
			t.Fatal(err)
		}
		err := r.Check()
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
		if words := strings.Join(r.Words(), " "); strings.Contains(text, "own") != strings.Contains(words, "--own-namespace") {
			t.Errorf("%s is made once more by %q", text, words)
		}
	}
}

// A namespace with Services that scenarios call gets a role in which they can be looked up, and nothing else; what lacks is said with where.
func TestRoleOfTargets(t *testing.T) {
	printed, err := run("role", "--namespace", "team", "--target", "shop,team,shop")
	if err != nil || strings.Count(printed, "namespace: shop\n") != 2 || strings.Count(printed, "kind: RoleBinding\n") != 2 || strings.Count(printed, "name: squall-target\n") != 3 {
		t.Errorf("printed\n%s%v", printed, err)
	}
	f := kubetest.NewFake(t)
	f.Allow = func(verb, what string) bool { return strings.HasPrefix(what, "namespaces/team/") }
	out, err := run("role", "--check", "--target", "shop", "--kubeconfig", f.Kubeconfig(t, "team"))
	if !errors.Is(err, errEnvironment) || out != "get services in namespace shop\n" || !strings.Contains(err.Error(), "--namespace team --target shop`") {
		t.Errorf("without it: %q, %v", out, err)
	}
}

// Who may give Services back is an account of its own, which may nothing else; a run with a namespace of its own reroutes none.
func TestRoleOfReroutes(t *testing.T) {
	printed, err := run("role", "--namespace", "shop", "--allow-reroute", "cart,stock")
	const want = "rules:\n  - apiGroups: [\"\"]\n    resources: [services]\n    resourceNames: [cart, stock]\n    verbs: [get, patch]\n"
	if err != nil || strings.Count(printed, "name: squall-reroute\n") != 5 || !strings.Contains(printed, want) {
		t.Errorf("printed\n%s%v", printed, err)
	}
	if plain, err := run("role", "--namespace", "shop"); err != nil || !strings.HasPrefix(printed, plain) {
		t.Errorf("the role itself has grown, %v:\n%s", err, printed)
	}
	if _, err := run("role", "--allow-reroute", "cart", "--own-namespace"); err == nil || errors.Is(err, errEnvironment) {
		t.Errorf("in a namespace of the run's own: %v", err)
	}
	if _, err := run(objects.GuardWords("cart", "r1")[1:]...); err == nil || strings.Contains(err.Error(), "unknown") {
		t.Errorf("what a guard runs: %v", err) // no cluster is named here, which is what it says
	}
}

// The account that gives Services back is asked about, where that is asked for: what it lacks is said by name, and what one may not ask about others is said so.
func TestRoleOfReroutesIsChecked(t *testing.T) {
	f := kubetest.NewFake(t)
	args := []string{"role", "--check", "--kubeconfig", f.Kubeconfig(t, "shop"), "--allow-reroute", "cart,stock"}
	const guard = "system:serviceaccount:shop:squall-reroute"
	f.May = func(who, verb, what string) bool { return who == guard && what == "namespaces/shop/services/cart" }
	out, err := run(args...)
	const want = "account squall-reroute\nget services stock for account squall-reroute\npatch services stock for account squall-reroute\n"
	if !errors.Is(err, errEnvironment) || out != want || !strings.Contains(err.Error(), "`squall kubernetes role --namespace shop --allow-reroute cart,stock` prints a role that has it") {
		t.Errorf("without it: %q, %v", out, err)
	}
	f.Put("namespaces/shop/serviceaccounts/squall-reroute", kinds.ServiceAccount{})
	f.May = func(who, verb, what string) bool {
		return who == guard && strings.HasPrefix(what, "namespaces/shop/services/") && (verb == "get" || verb == "patch")
	}
	if out, err := run(args...); err != nil || !strings.HasPrefix(out, "you may do all") {
		t.Errorf("with all: %q, %v", out, err)
	}
	if asked := f.Asked(); len(asked) > 0 {
		t.Errorf("it did %v", asked)
	}
	f.Allow = func(_, what string) bool {
		return !strings.Contains(what, "serviceaccounts") && !strings.Contains(what, "localsubjectaccessreviews")
	}
	const untold = "not told: whether account squall-reroute may get and patch services cart and stock: you may not ask what others may (create localsubjectaccessreviews)\n"
	if out, err = run(args...); err != nil || !strings.HasPrefix(out, untold+"you may do all") {
		t.Errorf("with no right but the role's: %q, %v", out, err)
	}
	says := `error looking up service account shop/squall-reroute: serviceaccount "squall-reroute" not found`
	f.Deny = func(verb, what string) string {
		if verb == "create" && what == "namespaces/shop/pods" {
			return says
		}
		return ""
	}
	if out, err = run(args...); !errors.Is(err, errEnvironment) || out != "account squall-reroute\n"+untold {
		t.Errorf("with no right but the role's, and without the account: %q, %v", out, err)
	}
	says = "no pods on Sundays"
	if out, err = run(args...); err != nil || !strings.HasPrefix(out, "not told: whether account squall-reroute is there: you may not get serviceaccounts, and a pod of it is not let in: ") || !strings.Contains(out, says) {
		t.Errorf("where no pod is let in: %q, %v", out, err)
	}
	if _, err := run(append(args, "--own-namespace")...); err == nil || errors.Is(err, errEnvironment) {
		t.Errorf("in a namespace of the run's own: %v", err)
	}
}

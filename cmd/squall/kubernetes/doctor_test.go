package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// looked is what the doctor says of a cluster, its first line without where that is.
func looked(t *testing.T, words ...string) []string {
	t.Helper()
	var d Doctor
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	d.Register(flags)
	if err := flags.Parse(words); err != nil {
		t.Fatal(err)
	}
	var out []string
	d.Look(t.Context(), func(mark Mark, what, text string) {
		if what == "cluster" && mark == Good {
			text = "answers"
		}
		out = append(out, fmt.Sprintf("%s %s: %s", strings.TrimSpace(string(mark)), what, text))
	})
	return out
}

const notTried = "- pods: not tried: --image REF runs three small ones for some seconds, to see whether the image is there, what clocks say and whether policies are enforced"

// Each thing that a run needs of a cluster has its line: what is there, what is not told and why, and what lacks with what would give it.
func TestDoctor(t *testing.T) {
	f := kubetest.NewFake(t)
	f.Put("namespaces/team", kinds.Namespace{Metadata: kinds.ObjectMeta{Labels: map[string]string{"pod-security.kubernetes.io/enforce": "baseline"}}})
	at := []string{"--kubeconfig", f.Kubeconfig(t, "team")}
	well := []string{
		"ok cluster: answers", "ok version: v1.34.4", "ok role: you may do all that runs need",
		"ok namespace: team; Pod Security enforces baseline, and squall's pods are as restricted wants them", "ok admission: what a run makes would be let in", notTried,
	}
	same(t, "all well", well, looked(t, at...))
	same(t, "a namespace of the run's own", []string{well[0], well[1], well[2], notTried}, looked(t, append(at, "--own-namespace")...))

	f.Allow = func(verb, what string) bool { return what != "namespaces/team" }
	same(t, "with no right but the role's", []string{well[0], well[1], well[2], "- namespace: team; what Pod Security asks there is not told: you may not read it", well[4], notTried}, looked(t, at...))

	f.Allow = func(verb, what string) bool { return verb != "patch" || what == "namespaces/team/jobs" }
	out := looked(t, append(at, "--image", "squall:1")...)
	same(t, "with less", []string{
		"fix role: you lack: patch pods, patch services, patch configmaps, patch networkpolicies, patch pods/resize; `squall kubernetes role --namespace team` prints a role that has it",
		"- pods: not tried before that is fixed",
	}, []string{out[2], out[len(out)-1]})

	f.Allow = nil
	f.Deny = func(verb, what string) string {
		if verb == "create" && strings.HasSuffix(what, "/pods") {
			return "images of the registry example alone"
		}
		return ""
	}
	out = looked(t, at...)
	if len(out) != 6 || !strings.HasPrefix(out[4], "fix admission: what a run makes is not let in: ") || !strings.Contains(out[4], "images of the registry example alone") {
		t.Errorf("where pods are not let in: %q", out)
	}
	for _, path := range f.Paths() {
		if path != "namespaces/team" {
			t.Errorf("it has made %s", path)
		}
	}
	same(t, "no such namespace", []string{"fix namespace: there is no namespace gone; make it, or use --namespace, or --own-namespace"}, looked(t, append(at, "--namespace", "gone")...)[3:4])
	if out := looked(t, "--kubeconfig", "/nonexistent"); len(out) != 1 || !strings.HasPrefix(out[0], "fix cluster: ") {
		t.Errorf("no cluster: %q", out)
	}
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s:\n%s", what, diff)
	}
}

// Services that runs may lead to themselves are looked at, and the account that gives them back.
func TestDoctorOfReroutes(t *testing.T) {
	f := kubetest.NewFake(t)
	f.Put("namespaces/team", kinds.Namespace{})
	cart := kinds.Service{Spec: kinds.ServiceSpec{ClusterIP: "10.0.0.7", Selector: map[string]string{"app": "cart"}, Ports: []kinds.ServicePort{{Port: 80}}}}
	f.Put("namespaces/team/services/cart", cart)
	cart.Spec.Selector = nil
	f.Put("namespaces/team/services/bare", cart)
	look := func(services string, more ...string) []string {
		out := looked(t, append([]string{"--kubeconfig", f.Kubeconfig(t, "team"), "--allow-reroute", services}, more...)...)
		return slices.DeleteFunc(out, func(line string) bool {
			return !strings.Contains(line, " reroute: ") && !strings.Contains(line, " guard: ")
		})
	}
	same(t, "with no account", []string{
		"ok reroute: Service cart can be led to a run",
		"fix reroute: Service bare selects no pods: somebody else says where it leads, and would say it again; a reroute needs one with a selector",
		`fix reroute: get Service "gone" in namespace "team": namespaces/team/services/gone not found (404)`,
		"fix guard: there lacks: account squall-reroute; `squall kubernetes role --namespace team --allow-reroute cart,bare,gone` prints it",
	}, look("cart,bare,gone"))
	f.Put("namespaces/team/serviceaccounts/squall-reroute", kinds.ServiceAccount{})
	same(t, "with all", []string{"ok reroute: Service cart can be led to a run", "ok guard: account squall-reroute may give back what is led to a run"}, look("cart"))
	f.May = func(_, verb, _ string) bool { return verb != "patch" }
	same(t, "with less", []string{"fix guard: there lacks: patch services cart for account squall-reroute; `squall kubernetes role --namespace team --allow-reroute cart` prints it"}, look("cart")[1:])
	f.Allow = func(_, what string) bool { return !strings.Contains(what, "localsubjectaccessreviews") }
	same(t, "who may not ask", []string{"- guard: not told: whether account squall-reroute may get and patch services cart: you may not ask what others may (create localsubjectaccessreviews)"}, look("cart")[1:])
	same(t, "in a namespace of the run's own", []string{"fix reroute: a run that reroutes a Service is in the namespace of that: leave --own-namespace or --allow-reroute out"}, look("cart", "--own-namespace"))
}

// What a version means is told by what it has that runs need.
func TestVersions(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"v1.28.15":       "fix v1.28.15 has no sidecars: runs need 1.29 or later",
		"v1.29.0":        "ok v1.29.0; faults on CPU and memory need 1.33",
		"v1.33.1-gke.12": "ok v1.33.1-gke.12",
		"v1.34+":         "- v1.34+: whether it has what runs need is not known here",
		"v2.0.0":         "- v2.0.0: whether it has what runs need is not known here",
	} {
		mark, _, text := versioned(version)
		if got := strings.TrimSpace(string(mark)) + " " + text; got != want {
			t.Errorf("%s: %q, want %q", version, got, want)
		}
	}
}

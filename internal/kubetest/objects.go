package kubetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/cluster"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/kubeconfig"
)

// Client speaks to the cluster as its administrator, in a namespace.
func (k *Kubernetes) Client(t testing.TB, namespace string) *apiserver.Client {
	t.Helper()
	c, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Path: k.Kubeconfig, Namespace: namespace}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// cleanup is how long what a test has made may take to be told to go.
const cleanup = 30 * time.Second

// Namespace makes one of the test's own, whose pods have to be as the standard restricted wants them, and an account for them; and removes it at
// the test's end.
func (k *Kubernetes) Namespace(t testing.TB) *apiserver.Client {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text()[:10])
	c := k.Client(t, name)
	n := kinds.Namespace{TypeMeta: apiserver.Namespaces.Type(), Metadata: kinds.ObjectMeta{
		Name: name, Labels: map[string]string{"squall.test": "kubetest", "pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := c.Create(t.Context(), apiserver.Namespaces, n, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanup)
		defer cancel()
		if err := c.Delete(ctx, apiserver.Namespaces, name, apiserver.Deletion{}); err != nil {
			t.Errorf("remove the test's namespace: %v", err)
		}
	})
	q := apiserver.Query{Fields: "metadata.name=default"}
	for e, err := range apiserver.Watch[kinds.Object](t.Context(), c, apiserver.ServiceAccounts, q) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Change == apiserver.Added {
			break
		}
	}
	return c
}

// Image makes an image of one static program, which is its entrypoint, and gives it to every node. The name has the host localhost: nobody
// looks for it anywhere.
func (k *Kubernetes) Image(t testing.TB, name, program string) (image string) {
	t.Helper()
	image = fmt.Sprintf("localhost/%s:test", name)
	archive := filepath.Join(t.TempDir(), "image.tar")
	f, err := os.Create(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := cluster.WriteImage(f, image, program, "/program"); err != nil {
		t.Fatal(err)
	}
	k.Load(t.Context(), t, archive)
	return image
}

// Restricted is a pod of one image that is as the standard restricted wants it, and needs next to nothing.
func Restricted(name, image string, args ...string) kinds.Pod {
	yes, no, user, soon := true, false, int64(65532), int64(1)
	return kinds.Pod{
		TypeMeta: apiserver.Pods.Type(), Metadata: kinds.ObjectMeta{Name: name},
		Spec: kinds.PodSpec{
			TerminationGracePeriodSeconds: &soon, AutomountServiceAccountToken: &no, EnableServiceLinks: &no, RestartPolicy: "Never",
			SecurityContext: &kinds.PodSecurityContext{RunAsNonRoot: &yes, RunAsUser: &user, SeccompProfile: &kinds.SeccompProfile{Type: "RuntimeDefault"}},
			Containers: []kinds.Container{{
				Name: "program", Image: image, ImagePullPolicy: "Never", Args: args,
				Resources:       kinds.Resources{Requests: map[string]string{"cpu": "10m", "memory": "16Mi"}},
				SecurityContext: &kinds.SecurityContext{AllowPrivilegeEscalation: &no, Capabilities: &kinds.Capabilities{Drop: []string{"ALL"}}},
			}},
		},
	}
}

// Await waits until an object is as is says, or the test's patience is over.
func Await[T any](t testing.TB, c *apiserver.Client, r apiserver.Resource, name string, is func(T) bool) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last T
	for e, err := range apiserver.Watch[T](ctx, c, r, apiserver.Query{Fields: "metadata.name=" + name}) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Change != apiserver.Synced {
			last = e.Object
		}
		if e.Change != apiserver.Synced && e.Change != apiserver.Deleted && is(e.Object) {
			return e.Object
		}
	}
	t.Fatalf("%s %q is not as wanted after %s; it is %+v", r.Kind, name, patience, last)
	return last
}

// Gone waits until an object is not there.
func Gone(t testing.TB, c *apiserver.Client, r apiserver.Resource, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	there := false
	for e, err := range apiserver.Watch[kinds.Object](ctx, c, r, apiserver.Query{Fields: "metadata.name=" + name}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case e.Change == apiserver.Added:
			there = true
		case e.Change == apiserver.Deleted, e.Change == apiserver.Synced && !there:
			return
		}
	}
	t.Fatalf("%s %q is there still after %s", r.Kind, name, patience)
}

// patience is how long a cluster on a busy machine may take for one thing.
const patience = 3 * time.Minute

// As speaks to the cluster as the account squall of a namespace, once there is what objects are: the account, and what it may do.
func (k *Kubernetes) As(t testing.TB, admin *apiserver.Client, objects []any) *apiserver.Client {
	t.Helper()
	k.Grant(t, admin, objects)
	t.Setenv("KUBECONFIG", k.Kubeconfigs(t, admin, "squall"))
	c, err := apiserver.Open(apiserver.Options{Options: kubeconfig.Options{Context: "squall", Namespace: admin.Namespace}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Grant makes an account and what it may do, of the kinds that package role prints; what belongs to no namespace goes at the test's end.
func (k *Kubernetes) Grant(t testing.TB, admin *apiserver.Client, objects []any) {
	t.Helper()
	all := []apiserver.Resource{apiserver.ServiceAccounts, apiserver.Roles, apiserver.RoleBindings, apiserver.ClusterRoles, apiserver.ClusterRoleBindings}
	for _, o := range objects {
		var is kinds.Object
		data, err := json.Marshal(o)
		if err == nil {
			err = json.Unmarshal(data, &is)
		}
		i := slices.IndexFunc(all, func(r apiserver.Resource) bool { return r.Kind == is.Kind })
		if err != nil || i < 0 {
			t.Fatalf("%s is not of an account's, %v", data, err)
		}
		c := admin
		if is.Metadata.Namespace != "" {
			c = admin.In(is.Metadata.Namespace)
		}
		if err := c.Create(t.Context(), all[i], o, nil); err != nil {
			t.Fatal(err)
		}
		if all[i].Everywhere {
			t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), cleanup)
				defer cancel()
				if err := c.Delete(ctx, all[i], is.Metadata.Name, apiserver.Deletion{}); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// Kubeconfigs are files for the variable KUBECONFIG by which one is an account of a namespace, in a context of the account's name.
func (k *Kubernetes) Kubeconfigs(t testing.TB, admin *apiserver.Client, account string) string {
	t.Helper()
	var token kinds.TokenRequest
	token.Spec.ExpirationSeconds = 3600
	if err := admin.CreatePart(t.Context(), apiserver.ServiceAccounts, account, "token", token, &token); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf("users: [{name: %[1]s, user: {token: %[2]s}}]\ncontexts: [{name: %[1]s, context: {cluster: cluster, user: %[1]s}}]\n", account, token.Status.Token)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file + string(os.PathListSeparator) + k.Kubeconfig // which has the cluster
}

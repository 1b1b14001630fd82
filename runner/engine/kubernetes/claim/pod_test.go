package claim_test

import (
	"io"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/role"
)

// inside is a conductor in a pod: it finds the cluster by what the pod is given, claims, makes and releases.
const inside = `package main

import (
	"context"
	"fmt"
	"os"

	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func main() {
	ctx := context.Background()
	c, err := apiserver.Open(apiserver.Options{})
	check(err)
	fmt.Println("as", c.From, "in", c.Namespace)
	own, err := claim.Make(ctx, c, "inside", 0)
	check(err)
	check(c.Create(ctx, apiserver.ConfigMaps, kinds.ConfigMap{Metadata: kinds.ObjectMeta{Name: "made", Labels: own.Labels(), OwnerReferences: []kinds.OwnerReference{own.Reference()}}}, nil))
	made, err := apiserver.List[kinds.ConfigMap](ctx, c, apiserver.ConfigMaps, apiserver.Query{Labels: claim.Label + "=inside"})
	check(err)
	fmt.Println("made", len(made))
	check(own.Release(ctx))
	left, err := claim.Left(ctx, c, "inside")
	check(err)
	fmt.Println("left", len(left))
}
`

// A pod that has squall's account finds the API server by its service's address, and works with what the account may do.
func TestInAPod(t *testing.T) {
	t.Parallel()
	k := kubetest.Own(t)
	c := k.Namespace(t)
	image := k.Image(t, "squall-inside", squallbin.Program(t, inside, "0"))
	for i, r := range []apiserver.Resource{apiserver.ServiceAccounts, apiserver.Roles, apiserver.RoleBindings} {
		if err := c.Create(t.Context(), r, role.Objects(c.Namespace)[i], nil); err != nil {
			t.Fatal(err)
		}
	}
	pod, yes := kubetest.Restricted("conductor", image), true
	pod.Spec.ServiceAccountName, pod.Spec.AutomountServiceAccountToken = role.Name, &yes
	if err := c.Create(t.Context(), apiserver.Pods, pod, nil); err != nil {
		t.Fatal(err)
	}
	kubetest.Await(t, c, apiserver.Pods, "conductor", func(p kinds.Pod) bool { return p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" })
	logs, err := c.Logs(t.Context(), "conductor", apiserver.LogOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer logs.Close()
	said, err := io.ReadAll(logs)
	if err != nil {
		t.Fatal(err)
	}
	if want := "as this pod's service account in " + c.Namespace + "\nmade 1\nleft 0\n"; string(said) != want {
		t.Errorf("it said\n%s\nwant\n%s", strings.TrimSpace(string(said)), want)
	}
}

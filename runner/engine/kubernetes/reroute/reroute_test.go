package reroute

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

const path = "namespaces/shop/services/cart"

// selects is what the Service of these tests does.
var selects = map[string]string{"app": "cart", "tier": "back"}

// ours is what the run has it do.
var ours = map[string]string{"squall.run": "r1", "squall.instance": "reroute-cart"}

// cart is a Service with what teams write on theirs, and what an API server adds.
func cart() map[string]any {
	return map[string]any{
		"metadata": map[string]any{"labels": map[string]any{"app": "cart"}, "annotations": map[string]any{"team": "shop"}},
		"spec": map[string]any{
			"type": "ClusterIP", "clusterIP": "10.96.0.7", "selector": map[string]any{"app": "cart", "tier": "back"}, "sessionAffinity": "None",
			"ports": []any{map[string]any{"name": "http", "protocol": "TCP", "port": 80.0, "targetPort": "web"}},
		},
	}
}

func shop(t *testing.T, s map[string]any) (*kubetest.Fake, *apiserver.Client) {
	t.Helper()
	f := kubetest.NewFake(t)
	f.Put(path, s)
	return f, f.Client(t, "shop")
}

// plain is the Service now, but for what counts its changes.
func plain(f *kubetest.Fake) map[string]any {
	s := f.Object(path)
	delete(s["metadata"].(map[string]any), "resourceVersion")
	return s
}

func selector(t *testing.T, f *kubetest.Fake) map[string]string {
	t.Helper()
	out := map[string]string{}
	for key, value := range plain(f)["spec"].(map[string]any)["selector"].(map[string]any) {
		out[key] = value.(string)
	}
	return out
}

// A Service that was rerouted and given back is as it was, whatever was on it; and again has nothing to undo.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	bare := cart()
	delete(bare["metadata"].(map[string]any), "labels")
	delete(bare["metadata"].(map[string]any), "annotations")
	for name, s := range map[string]map[string]any{"with labels": cart(), "bare": bare} {
		f, c := shop(t, s)
		before := plain(f)
		if err := Lead(t.Context(), c, "cart", "r1", ours); err != nil {
			t.Fatal(err)
		}
		if now := selector(t, f); !maps.Equal(now, ours) {
			t.Errorf("%s: it selects %v", name, now)
		}
		all, err := List(t.Context(), c, "")
		if want := []Service{{"cart", "shop", "r1"}}; err != nil || !slices.Equal(all, want) {
			t.Errorf("%s: rerouted are %v, %v", name, all, err)
		}
		if undone, err := Undo(t.Context(), c, "cart", "another"); undone || err != nil {
			t.Errorf("%s: another run has undone it: %v", name, err)
		}
		for _, first := range []bool{true, false} {
			if undone, err := Undo(t.Context(), c, "cart", "r1"); err != nil || undone != first {
				t.Errorf("%s: undone %v, want %v: %v", name, undone, first, err)
			}
			if diff := cmp.Diff(before, plain(f)); diff != "" {
				t.Errorf("%s: it is not as it was:\n%s", name, diff)
			}
		}
	}
}

// What others change meanwhile stays, and nothing of ours does.
func TestOthersChangesStay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ patch, want map[string]any }{
		"another selector":   {map[string]any{"squall.run": nil, "squall.instance": nil, "app": "cart-2"}, map[string]any{"app": "cart-2"}},
		"applied once more":  {map[string]any{"app": "cart", "tier": "back"}, map[string]any{"app": "cart", "tier": "back"}},
		"one key more":       {map[string]any{"app": "cart-3"}, map[string]any{"app": "cart-3"}},
		"ours taken away":    {map[string]any{"squall.run": nil}, map[string]any{"app": "cart", "tier": "back"}},
		"nothing of ours is": {map[string]any{"squall.run": "x"}, map[string]any{"squall.run": "x"}},
	} {
		f, client := shop(t, cart())
		if err := Lead(t.Context(), client, "cart", "r1", ours); err != nil {
			t.Fatal(err)
		}
		if err := client.Patch(t.Context(), apiserver.Services, "cart", "", map[string]any{"spec": map[string]any{"selector": c.patch}}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Undo(t.Context(), client, "cart", "r1"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		want := cart()
		want["spec"].(map[string]any)["selector"] = c.want
		now := plain(f)
		for _, added := range []string{"name", "namespace", "uid", "creationTimestamp"} {
			delete(now["metadata"].(map[string]any), added)
		}
		if diff := cmp.Diff(want, now); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// A change of another between the look and ours makes it be looked at anew; one that is rerouted already is refused.
func TestChangesInBetween(t *testing.T) {
	t.Parallel()
	f, c := shop(t, cart())
	meddled := 0
	f.Deny = func(verb, what string) string {
		if verb == "patch" && meddled < 2 {
			meddled++
			s := plain(f)
			s["metadata"].(map[string]any)["labels"].(map[string]any)["seen"] = strings.Repeat("x", meddled)
			f.Put(path, s)
		}
		return ""
	}
	if err := Lead(t.Context(), c, "cart", "r1", ours); err != nil {
		t.Fatal(err)
	}
	labels := plain(f)["metadata"].(map[string]any)["labels"].(map[string]any)
	if meddled != 2 || labels["seen"] != "xx" || labels[Label] != "r1" {
		t.Errorf("after %d changes of another its labels are %v", meddled, labels)
	}
	if err := Lead(t.Context(), c, "cart", "r2", ours); err == nil || !strings.Contains(err.Error(), "is rerouted by run r1") {
		t.Errorf("another run: %v", err)
	}
}

// What can't be led elsewhere as a whole, or be given back, is refused with what would be right.
func TestRefusals(t *testing.T) {
	t.Parallel()
	port := kinds.ServicePort{Port: 80}
	for want, spec := range map[string]kinds.ServiceSpec{
		"needs one with a cluster IP": {ClusterIP: "None", Selector: selects, Ports: []kinds.ServicePort{port}},
		"no address of its own":       {Type: "ExternalName", ExternalName: "x"},
		"needs one with a selector":   {ClusterIP: "10.0.0.1", Ports: []kinds.ServicePort{port}},
		"has the ports 80, 9090/TCP":  {ClusterIP: "10.0.0.1", Selector: selects, Ports: []kinds.ServicePort{port, {Port: 9090, Protocol: "TCP"}}},
		"has the ports 53/UDP":        {ClusterIP: "10.0.0.1", Selector: selects, Ports: []kinds.ServicePort{{Port: 53, Protocol: "UDP"}}},
	} {
		if err := Check(kinds.Service{Spec: spec}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := Check(kinds.Service{Spec: kinds.ServiceSpec{ClusterIP: "10.0.0.1", Selector: selects, Ports: []kinds.ServicePort{port}}}); err != nil {
		t.Error(err)
	}
	f, c := shop(t, cart())
	s := plain(f)
	s["metadata"].(map[string]any)["labels"].(map[string]any)[Label] = "r1"
	f.Put(path, s)
	if _, err := Undo(t.Context(), c, "cart", "r1"); err == nil || !strings.Contains(err.Error(), "write its selector anew") {
		t.Errorf("with what it was gone: %v", err)
	}
	if undone, err := Undo(t.Context(), c, "gone", "r1"); undone || err != nil {
		t.Errorf("one that is gone: %v, %v", undone, err)
	}
}

// A guard undoes the reroute when it is ended, and does not begin where it could not.
func TestGuard(t *testing.T) {
	t.Parallel()
	f, c := shop(t, cart())
	before := plain(f)
	if err := Lead(t.Context(), c, "cart", "r1", ours); err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	said := make(chan string, 2)
	ended := make(chan error, 1)
	go func() {
		undone, err := guard(ctx, c, "cart", "r1", func(line string) { said <- line })
		if !undone {
			t.Error("it has undone nothing")
		}
		ended <- err
	}()
	<-said
	if now := selector(t, f); !maps.Equal(now, ours) {
		t.Errorf("while it guards it selects %v", now)
	}
	end()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(before, plain(f)); diff != "" {
		t.Errorf("it is not as it was:\n%s", diff)
	}
	f.Allow = func(verb, what string) bool { return verb == "get" || what != path }
	if _, err := guard(t.Context(), c, "cart", "r1", func(line string) { t.Error(line) }); err == nil || !strings.Contains(err.Error(), "may not patch service cart in namespace shop") {
		t.Errorf("without the right: %v", err)
	}
}

// Where a Service leads is what its slices say that are ready.
func TestSettle(t *testing.T) {
	t.Parallel()
	f, c := shop(t, cart())
	yes, no := true, false
	slice := func(name string, endpoints ...kinds.Endpoint) {
		f.Put("namespaces/shop/endpointslices/"+name, kinds.EndpointSlice{
			Metadata: kinds.ObjectMeta{Labels: map[string]string{serviceName: name[:4]}}, Endpoints: endpoints,
		})
	}
	slice("cart-1", kinds.Endpoint{Addresses: []string{"10.1.0.1"}, Conditions: kinds.EndpointConditions{Ready: &no}}, kinds.Endpoint{Addresses: []string{"10.1.0.2"}, Conditions: kinds.EndpointConditions{Ready: &yes}})
	slice("shop-1", kinds.Endpoint{Addresses: []string{"10.1.0.9"}})
	own := func(address string) bool { return address == "10.1.0.3" }
	settled := make(chan error, 1)
	go func() { settled <- Settle(t.Context(), c, "cart", own) }()
	slice("cart-2", kinds.Endpoint{Addresses: []string{"10.1.0.3"}})
	select {
	case err := <-settled:
		t.Fatalf("with another one ready it is settled, %v", err)
	default:
	}
	slice("cart-1")
	if err := <-settled; err != nil {
		t.Error(err)
	}
}

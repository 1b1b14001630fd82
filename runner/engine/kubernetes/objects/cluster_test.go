package objects

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/apiserver"
	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

// resourcesByKind are those of the objects of plans, by their kinds.
var resourcesByKind = map[string]apiserver.Resource{
	"ConfigMap": apiserver.ConfigMaps, "Secret": apiserver.Secrets, "Service": apiserver.Services, "NetworkPolicy": apiserver.NetworkPolicies,
	"Pod": apiserver.Pods, "Job": apiserver.Jobs,
}

// A real API server takes every object of plans, with all its fields and in a namespace whose pods have to be restricted.
func TestAClusterTakesTheObjects(t *testing.T) {
	c := kubetest.Cluster(t).Namespace(t)
	for _, file := range []string{examples + "/quickstart.yaml", examples + "/region-outage.yaml", "testdata/shop.yaml", "testdata/names.yaml"} {
		set, err := Make(plan(t, file), Options{
			Run: "r", Namespace: c.Namespace, Image: "registry.example/squall:1", Folder: os.DirFS(filepath.Dir(file)), Zones: true,
			Environment: func(string) (string, bool) { return "x", true }, Generators: 2, Generator: GeneratorWords,
		})
		if err != nil {
			t.Fatal(err)
		}
		services := map[string]string{}
		for _, s := range set.Services {
			services[s.Metadata.Name] = "10.96.0.77"
		}
		if err := set.Address(services); err != nil {
			t.Fatal(err)
		}
		for _, one := range set.All() {
			data, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			var o kinds.Object
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
			if err := c.Try(t.Context(), resourcesByKind[o.Kind], one); err != nil {
				t.Errorf("%s: %s %s: %v", file, o.Kind, o.Metadata.Name, err)
			}
		}
	}
}

package objects

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
	"github.com/squallhq/squall/runner/engine/kubernetes/manifest"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/topology"
)

var update = flag.Bool("update", false, "write the golden files")

// examples is the folder of the examples.
const examples = "../../../../examples"

func plan(t testing.TB, file string) *topology.Plan {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse(file, data, "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// owner is who owns a run's objects.
var owner = kinds.OwnerReference{APIVersion: "batch/v1", Kind: "Job", Name: "squall-r", UID: "1", BlockOwnerDeletion: true}

func options(file string) Options {
	return Options{
		Run: "r", Namespace: "team", Image: "registry.example/squall:1", Owner: &owner,
		Token:       func(instance, part string) string { return "token of " + part + " of " + instance },
		Folder:      os.DirFS(filepath.Dir(file)),
		Environment: func(name string) (string, bool) { return "value of " + name, name == "SHOP_KEY" },
		Generators:  2, Generator: []string{"generator"},
	}
}

// What plans come to in a cluster: read it as who reviews a run would.
func TestObjectsOfPlans(t *testing.T) {
	for name, c := range map[string]struct {
		file   string
		change func(*Options)
	}{
		"quickstart":    {examples + "/quickstart.yaml", func(o *Options) { o.Own, o.Namespace = true, "squall-r" }},
		"region-outage": {examples + "/region-outage.yaml", func(o *Options) { o.Zones, o.Generators = true, 0 }},
		"shop":          {"testdata/shop.yaml", func(*Options) {}},
		"reroute":       {"testdata/reroute.yaml", func(o *Options) { o.Generators = 0 }},
		"shown":         {"testdata/names.yaml", func(o *Options) { o.Token, o.Owner, o.Folder, o.Environment = nil, nil, nil, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(c.file)
			c.change(&o)
			set, err := Make(plan(t, c.file), o)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := manifest.Write(&got, set.All()...); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden.yaml")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
				t.Errorf("-update writes it anew:\n%s", diff)
			}
		})
	}
}

// The same plan gives the same objects.
func TestObjectsAreAFunction(t *testing.T) {
	t.Parallel()
	const file = "testdata/shop.yaml"
	var before string
	for range 5 {
		set, err := Make(plan(t, file), options(file))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := manifest.Write(&got, set.All()...); err != nil {
			t.Fatal(err)
		}
		if before != "" && before != got.String() {
			t.Fatal("the objects of one plan differ")
		}
		before = got.String()
	}
}

// What a plan wants and a pod has not is refused, each with its reason and its node.
func TestRefusals(t *testing.T) {
	t.Parallel()
	const head = "scenario: s\nload: {l: {to: a, rate: 1/s, requests: [{send: GET /x}]}}\nphases: [{name: p, for: 1s}]\ntopology:\n"
	image := func(keys string) string {
		return head + "  a: {kind: image, image: x, entrypoint: [/x], " + keys + "}\n"
	}
	for text, want := range map[string]string{
		head + "  a: {kind: image, image: registry.example/x}\n":  `node "a": what the image registry.example/x runs by itself is not known here`,
		image("user: postgres"):                                   `node "a": user: "postgres" is known to the image alone`,
		image("user: root:0"):                                     `known to the image alone`,
		image("user: \"0\""):                                      `is root, which Pod Security's restricted profile refuses`,
		image("memory: 1MB"):                                      `memory: 1000000 bytes is too little`,
		image("secrets: {k: {environment: NONE_SUCH}}"):           `secrets: k: squall's environment has no NONE_SUCH; set it`,
		image("certificate: {cert: /c, key: /k}"):                 `certificate: a pod is not given one`,
		image("tmpfs: [\"/t:size=50%\"]"):                         `a pod's folder in memory can't be size=50%`,
		head + "  a: {kind: image, build: ., entrypoint: [/x]}\n": `build: a cluster builds no images`,
		head + "  a: {kind: image, local: [x]}\n":                 `it is a command of this machine alone`,
		image("volumes: [\"v:/v\"]") + "  b: {kind: image, image: x, entrypoint: [/x], volumes: [\"v:/w\"]}\n": `node "b": volumes: v is "a"'s, too`,
		head + "  a: {kind: service, cpus: 0.001, endpoints: {GET /x: [{work: 1ms}]}}\n":                       `cpus: 0.001 can't be given`,
	} {
		doc, err := language.Parse("s.yaml", []byte(text), "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		p, err := doc.Plan(1)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if _, err := Make(p, options("testdata/shop.yaml")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
}

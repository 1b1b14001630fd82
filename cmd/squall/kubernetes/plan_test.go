package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/internal/kubetest"
	"github.com/squallhq/squall/runner/engine/kubernetes/claim"
	"github.com/squallhq/squall/scenarios/language"
)

// A plan's objects are those that a run makes from its claim on: the namespace of its own, as the cluster would have it, and the Job that owns all.
func TestPlanShowsTheOwner(t *testing.T) {
	t.Parallel()
	f := kubetest.NewFake(t)
	own, err := claim.MakeNamespace(t.Context(), f.Client(t, "default"), shownRun, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = own.Release(context.WithoutCancel(t.Context())) }()
	for _, c := range []struct{ flags, namespace string }{{"", own.Namespace()}, {"--own-namespace", own.Namespace()}, {"--namespace team", "team"}} {
		all := planned(t, c.flags)
		if c.namespace != "team" {
			made := f.Object("namespaces/" + c.namespace)
			if fmt.Sprint(all[0]["metadata"].(map[string]any)["labels"]) != fmt.Sprint(made["metadata"].(map[string]any)["labels"]) || all[0]["kind"] != "Namespace" {
				t.Errorf("%s: the namespace is %v, and a run makes %v", c.flags, all[0], made)
			}
			all = all[1:]
		}
		job := all[0]
		made := f.Object("namespaces/" + own.Namespace() + "/jobs/" + claim.Name(shownRun))
		if fmt.Sprint(plainly(job["spec"])) != fmt.Sprint(made["spec"]) || job["metadata"].(map[string]any)["namespace"] != c.namespace {
			t.Errorf("%s: the Job is\n%v\nand a run makes\n%v", c.flags, job, made)
		}
	}
	var p Plan
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.Register(flags)
	if err := flags.Parse(strings.Fields("--image x --own-namespace --namespace team")); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(&bytes.Buffer{}, nil); err == nil || !strings.Contains(err.Error(), "leave one of them out") {
		t.Errorf("two namespaces: %v", err)
	}
}

// plainly is a value of YAML as JSON has it: numbers are of one kind.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = plainly(value)
		}
	case []any:
		for n, value := range v {
			v[n] = plainly(value)
		}
	case int:
		return float64(v)
	}
	return v
}

// planned is what a plan prints.
func planned(t *testing.T, words string) (all []map[string]any) {
	t.Helper()
	const file = "../../../runner/engine/kubernetes/testdata/shop.yaml"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := language.Parse(file, data, "")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := doc.Plan(1)
	if err != nil {
		t.Fatal(err)
	}
	var p Plan
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	p.Register(flags)
	if err := flags.Parse(append(strings.Fields(words), "--image", "x")); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := p.Write(&out, plan); err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(&out)
	for {
		var one map[string]any
		if decoder.Decode(&one) != nil {
			return all
		}
		all = append(all, one)
	}
}

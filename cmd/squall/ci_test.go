package main

import (
	"os"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/report/pipeline"
)

// What people copy into their pipelines is YAML, and every command of ours in it is one that there is, with flags that it has.
func TestTheExamplesForPipelines(t *testing.T) {
	for file, commands := range map[string]int{"../../examples/ci/github/action.yml": 2, "../../examples/ci/gitlab.yml": 2, "../../.pre-commit-hooks.yaml": 1} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tree yaml.Node
		if err := yaml.Unmarshal(data, &tree); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		found := 0
		var walk func(*yaml.Node)
		walk = func(n *yaml.Node) {
			if words := strings.Fields(n.Value); n.Kind == yaml.ScalarNode && len(words) > 1 && words[0] == "squall" && n.Line > 1 && words[1] != "scenarios" {
				if c, _, err := command().Find(words[1:2]); err == nil && c.HasParent() {
					found++
					flagsExist(t, file, words[1:])
				}
			}
			for _, inner := range n.Content {
				walk(inner)
			}
		}
		walk(&tree)
		if found < commands {
			t.Errorf("%s has %d commands of ours, want %d", file, found, commands)
		}
	}
	data, err := os.ReadFile("../../examples/ci/gitlab.yml")
	if err != nil || !strings.Contains(string(data), "codequality: "+pipeline.GitLabFile+"\n") {
		t.Errorf("GitLab's template does not take %s as a report: %v", pipeline.GitLabFile, err)
	}
}

func flagsExist(t *testing.T, file string, words []string) {
	t.Helper()
	c, rest, err := command().Find(words)
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range rest {
		if name, is := strings.CutPrefix(word, "--"); is && c.Flags().Lookup(name) == nil {
			t.Errorf("%s: %s has no flag %s", file, c.CommandPath(), word)
		}
	}
}

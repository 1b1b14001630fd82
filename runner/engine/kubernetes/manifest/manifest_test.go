package manifest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"github.com/squallhq/squall/runner/engine/kubernetes/kinds"
)

func TestWrite(t *testing.T) {
	pod := kinds.Pod{
		TypeMeta: kinds.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		Metadata: kinds.ObjectMeta{Name: "a", Labels: map[string]string{"run": "yes", "n": "1e3"}},
		Spec: kinds.PodSpec{Containers: []kinds.Container{{
			Name: "node", Args: []string{"--a", "on", "two\nlines"}, Resources: kinds.Resources{Limits: map[string]string{"cpu": "250m", "memory": "64Mi"}},
			Ports: []kinds.ContainerPort{{ContainerPort: 80}},
		}}},
	}
	job := kinds.Job{TypeMeta: kinds.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, Metadata: kinds.ObjectMeta{Name: "b"}}
	var out strings.Builder
	if err := Write(&out, pod, job); err != nil {
		t.Fatal(err)
	}
	want := `apiVersion: v1
kind: Pod
metadata:
  name: a
  labels:
    "n": "1e3"
    run: "yes"
spec:
  containers:
    - name: node
      args: [--a, "on", "two\nlines"]
      ports:
        - containerPort: 80
      resources:
        limits:
          cpu: 250m
          memory: 64Mi
---
apiVersion: batch/v1
kind: Job
`
	if got := out.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	// What is read back is what was written.
	var tree any
	if err := yaml.NewDecoder(strings.NewReader(out.String())).Decode(&tree); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var back kinds.Pod
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(pod, back); diff != "" {
		t.Error(diff)
	}
}

// A text of lines stands as lines where it is the same when it is read back, which some are not.
func TestLines(t *testing.T) {
	for text, asLines := range map[string]bool{
		"a: 1\n\n# b\n  c: |\n    d\n": true, "  begins with blanks\nand more\n": false, "ends with blanks \nb\n": false, "tab\tbed\n": true, "no end\nof line": true,
		"many ends\n\n\n": true, "\n\nbegins with ends\n": false, "a return\r\nb\n": false, "\x00\n": false,
	} {
		var out strings.Builder
		if err := Write(&out, map[string]any{"x": text}); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := yaml.Unmarshal([]byte(out.String()), &back); err != nil || back["x"] != text {
			t.Errorf("%q is read back as %q, %v:\n%s", text, back["x"], err, out.String())
		}
		if is := strings.HasPrefix(out.String(), "x: |"); is != asLines {
			t.Errorf("%q stands as lines: %v\n%s", text, is, out.String())
		}
	}
}

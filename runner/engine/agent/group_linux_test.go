package agent

import (
	"os"
	"path/filepath"
	"testing"
)

// A control group is found in both versions, where the agent sees its own path and where it sees the host's.
func TestGroupIsFound(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	lay := func(root string, files ...string) {
		t.Helper()
		for _, f := range files {
			at := filepath.Join(root, f)
			if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(at, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	two := filepath.Join(root, "two")
	lay(two, "cgroup.controllers", "a/cpu.max")
	one := filepath.Join(root, "one")
	lay(one, "cpu/pod/x", "memory/y")
	for _, c := range []struct {
		text, root string
		want       group
	}{
		{"0::/a\n", two, group{two + "/a", two + "/a", true}},
		{"0::/\n", two, group{two, two, true}},
		{"0::/../other\n", two, group{two, two, true}},
		{"2:cpu,cpuacct:/pod\n1:memory:/kubepods/pod\n0::/\n", one, group{one + "/cpu/pod", one + "/memory", false}},
		{"", one, group{}},
	} {
		if got := groupOf(c.text, c.root); got != c.want {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
		}
	}
	if cpu, memory := (group{}).cannot(); cpu == "" || memory == "" {
		t.Error("without a control group it says that it can hold to limits")
	}
}

package topology

import (
	"strings"
	"testing"

	"github.com/squallhq/squall/scenarios"
)

// The plan says what images are given, and no secret.
func TestPlanTellsWhatImagesAreGiven(t *testing.T) {
	content := "hunter2"
	s := &scenarios.Scenario{Nodes: []*scenarios.Node{{Name: "a", Kind: scenarios.KindImage, Image: "x", Container: scenarios.Container{
		Env: map[string]string{"PASSWORD": content}, User: "1000",
		Files:     []*scenarios.File{{Target: "/etc/a", Content: &content}, {Target: "/etc/b", File: "./b"}},
		Secrets:   []*scenarios.Secret{{Name: "token", Environment: "TOKEN"}},
		Volumes:   []scenarios.Volume{{Name: "data", Target: "/data", Size: 5000, ReadOnly: true}, {From: "./site", Target: "/site"}},
		Readiness: &scenarios.Readiness{Test: scenarios.ReadinessTest{"CMD", "pg_isready", "-q"}},
		Tmpfs:     []scenarios.Tmpfs{{Target: "/run", Options: "size=1m"}},
	}}}}
	p, err := New(s, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := p.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"/etc/a", "./b", "/run/secrets/token", "squall's variable TOKEN", "the volume data of 5000 bytes, read only", "a copy of ./site", "size=1m", "pg_isready -q"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
	if strings.Contains(out.String(), content) {
		t.Error("it says what is secret")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

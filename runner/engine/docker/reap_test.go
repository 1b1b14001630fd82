package docker

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
)

// remains makes a network, a volume and a running container with a volume of its own, as a run
// of the given owner would have left them.
func remains(t *testing.T, e *Engine, run string, o owner, ref string) {
	t.Helper()
	cleanRun(t, e, run)
	labels := map[string]string{
		labelRun: run, labelOwner: o.String(), labelNode: "a-1",
		labelExpires: strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10),
	}
	free := newSubnets(DefaultRange, nil, run)
	s, err := free.take()
	if err != nil {
		t.Fatal(err)
	}
	id, err := e.createNetwork(t.Context(), "squall-"+run+"-a-1", s, true, labels)
	if err != nil {
		t.Fatal(err)
	}
	c := builtin("squall-"+run+"-a-1", ref, "a-1", labels, []string{"mesh", "--config", "/data/none"}, "")
	c.config.Healthcheck = nil
	c.network, c.address, c.content = id, s.node().String(), map[string]string{}
	made, err := e.create(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.start(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	if _, err := e.api.VolumeCreate(t.Context(), volume.CreateOptions{Name: "squall-" + run, Labels: labels}); err != nil {
		t.Fatal(err)
	}
}

// Reaping takes everything of a run whose owner is gone, leaves one whose owner lives, and says what it took.
func TestReap(t *testing.T) {
	e := testEngine(t, Options{Exe: buildProgram(t, strangerProgram, "0")})
	ref, err := e.ensureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the runs are removed: cleaning up goes backwards
		_, _ = e.api.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true})
	})
	ended := exec.Command("sleep", "0")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	gone := thisProcess()
	gone.pid = ended.Process.Pid
	dead, alive := fmt.Sprintf("dead-%x", time.Now().UnixNano()), fmt.Sprintf("alive-%x", time.Now().UnixNano())
	remains(t, e, dead, gone, ref)
	remains(t, e, alive, thisProcess(), ref)

	words, err := e.Reap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(words, "\n")
	for _, want := range []string{"container squall-" + dead + "-a-1", "network squall-" + dead + "-a-1", "of run " + dead} {
		if !strings.Contains(said, want) {
			t.Errorf("it did not say %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, alive) {
		t.Errorf("it took something of a run that lives:\n%s", said)
	}
	wantNothing(t, e, dead)
	left, err := e.list(t.Context(), labelRun+"="+alive)
	if err != nil || len(left.containers) != 1 || len(left.networks) != 1 || len(left.volumes) != 2 {
		t.Errorf("of the run that lives there are left %v, %v", left.words(), err)
	}
	again, err := e.Reap(t.Context())
	if err != nil || slices.ContainsFunc(again, func(w string) bool { return strings.Contains(w, dead) }) {
		t.Errorf("the second time: %v, %v", again, err)
	}
}

// An image of another binary is removed when no container uses it, and the own one stays.
func TestReapImages(t *testing.T) {
	old := testEngine(t, Options{Exe: buildProgram(t, strangerProgram+"\n// old", "0")})
	now := testEngine(t, Options{Exe: buildProgram(t, staticProgram, "0")})
	oldRef, err := old.ensureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nowRef, err := now.ensureImage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, ref := range []string{oldRef, nowRef} {
			_, _ = now.api.ImageRemove(context.Background(), ref, image.RemoveOptions{Force: true})
		}
	})
	run := fmt.Sprintf("using-%x", time.Now().UnixNano())
	remains(t, old, run, thisProcess(), oldRef)
	exists := func(ref string) bool {
		_, err := now.api.ImageInspect(t.Context(), ref)
		return err == nil
	}
	if _, err := now.Reap(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !exists(oldRef) || !exists(nowRef) {
		t.Errorf("an image in use is there: %v, the own one: %v", exists(oldRef), exists(nowRef))
	}
	if err := old.removeRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	words, err := now.Reap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if exists(oldRef) || !slices.Contains(words, "image "+oldRef+" (of another binary)") {
		t.Errorf("the unused image is there: %v; it said %v", exists(oldRef), words)
	}
}

func TestDeadRuns(t *testing.T) {
	here := thisProcess()
	gone := here
	gone.boot = "before"
	label := func(run string, o owner) map[string]string {
		return map[string]string{labelRun: run, labelOwner: o.String(), labelExpires: "99999999999"}
	}
	vol := func(labels map[string]string) *volume.Volume { return &volume.Volume{Labels: labels} }
	got := deadRuns(things{volumes: []*volume.Volume{
		vol(label("dead", gone)), vol(label("dead", gone)), vol(label("alive", here)),
		vol(label("both", gone)), vol(label("both", here)), vol(map[string]string{labelRun: "nobody's"}),
	}}, here)
	for run, want := range map[string]bool{"dead": true, "alive": false, "both": false, "nobody's": false} {
		if got[run] != want {
			t.Errorf("run %s is dead: %v, want %v", run, got[run], want)
		}
	}
}

package docker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// Reaping takes everything of a run whose owner is gone, leaves one whose owner lives, and says
// what it took. All this happens on a machine that does not exist, so that no other squall here takes part.
func TestReap(t *testing.T) {
	ref := loadStranger(t, strangerProgram)
	e := testEngine(t, Options{})
	here := thisProcess()
	here.host, here.boot = fmt.Sprintf("test-%x", time.Now().UnixNano()), "now"
	gone := here
	gone.boot = "before"
	dead, alive := "dead-"+here.host, "alive-"+here.host
	remains(t, e, dead, gone, ref)
	remains(t, e, alive, here, ref)

	words, err := e.reapRuns(t.Context(), here)
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
	if again, err := e.reapRuns(t.Context(), here); err != nil || len(again) > 0 {
		t.Errorf("the second time: %v, %v", again, err)
	}
}

// An image of another binary is removed when no container uses it, and the own one stays. The
// label is one that no other squall looks for.
func TestReapImages(t *testing.T) {
	e := testEngine(t, Options{})
	label := fmt.Sprintf("squall.test-%x", time.Now().UnixNano())
	old := loadLabelled(t, strangerProgram, label)
	now := loadLabelled(t, staticProgram, label)
	run := fmt.Sprintf("using-%x", time.Now().UnixNano())
	remains(t, e, run, thisProcess(), old.ref)
	exists := func(ref string) bool {
		_, err := e.api.ImageInspect(t.Context(), ref)
		return err == nil
	}
	if words, err := e.reapImages(t.Context(), label, now.sum); err != nil || len(words) > 0 {
		t.Fatalf("with a container: %v, %v", words, err)
	}
	if !exists(old.ref) || !exists(now.ref) {
		t.Errorf("an image in use is there: %v, the own one: %v", exists(old.ref), exists(now.ref))
	}
	if err := e.removeRun(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	words, err := e.reapImages(t.Context(), label, now.sum)
	if err != nil {
		t.Fatal(err)
	}
	if exists(old.ref) || !slices.Equal(words, []string{"image " + old.ref + " (of another binary)"}) {
		t.Errorf("the unused image is there: %v; it said %v", exists(old.ref), words)
	}
	if !exists(now.ref) {
		t.Error("the own image is gone")
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

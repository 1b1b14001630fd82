package docker

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"

	"github.com/squallhq/squall/internal/squallbin"
	"github.com/squallhq/squall/runner/engine/owner"
)

// remains makes a network, a volume and a running container with a volume of its own, as a run
// of the given owner would have left them.
func remains(t *testing.T, e *Engine, run string, o owner.Owner, ref string) {
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
	c.network, c.address = id, s.node().String()
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
	here := owner.This()
	here.Host, here.Boot = fmt.Sprintf("test-%x", time.Now().UnixNano()), "now"
	gone := here
	gone.Boot = "before"
	dead, alive := "dead-"+here.Host, "alive-"+here.Host
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

// An image of another binary is removed when no container uses it and its grace is over, and the own one
// stays. The label is one that no other squall looks for.
func TestReapImages(t *testing.T) {
	e := testEngine(t, Options{})
	label := fmt.Sprintf("squall.test-%x", time.Now().UnixNano())
	old := loadLabelled(t, strangerProgram, label)
	own := loadLabelled(t, staticProgram, label)
	run := fmt.Sprintf("using-%x", time.Now().UnixNano())
	remains(t, e, run, owner.This(), old.Ref)
	removed := []string{"image " + old.Ref + " (of another binary)"}
	soon, late := imageGrace-time.Minute, imageGrace+time.Minute
	for _, step := range []struct {
		name   string
		before func() error
		after  time.Duration // since now, by the reaper's clock
		want   []string
	}{
		{"just loaded, which leaves no time: it begins", nil, late, nil},
		{"in use, its grace over", nil, late, nil},
		{"not in use, within its grace", func() error { return e.removeRun(t.Context(), run) }, soon, nil},
		{"not in use, its grace over", nil, late, removed},
	} {
		if step.before != nil {
			if err := step.before(); err != nil {
				t.Fatal(err)
			}
		}
		words, err := e.reapImages(t.Context(), label, func() (string, error) { return own.BinarySum, nil }, time.Now().Add(step.after))
		if err != nil || !slices.Equal(words, step.want) {
			t.Errorf("%s: %v, %v; want %v", step.name, words, err, step.want)
		}
		if here := imageThere(t, e, old.Ref); here != (step.want == nil) {
			t.Errorf("%s: the image is there: %v", step.name, here)
		}
		if !imageThere(t, e, own.Ref) {
			t.Fatalf("%s: the own image is gone", step.name)
		}
	}
}

func imageThere(t *testing.T, e *Engine, ref string) bool {
	t.Helper()
	_, err := e.api.ImageInspect(t.Context(), ref)
	if err != nil && !errdefs.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// An image that was loaded or found there counts as wanted now, and one that is removed all the same, before its
// first container is made, is made again.
func TestReapImagesWhileAnotherSquallStarts(t *testing.T) {
	// A program of its own, so that no other squall has this image.
	program := fmt.Sprintf("%s\nvar build = %q\nfunc init() { _ = os.Setenv(\"BUILD\", build) }\n", staticProgram, time.Now())
	e := testEngine(t, Options{Exe: squallbin.Program(t, program, "0")})
	for _, moment := range []string{"loaded", "found there"} {
		began := time.Now().Add(-time.Second) // the engine's clock may be coarser
		ref, err := e.ensureImage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found, err := e.api.ImageInspect(t.Context(), ref)
		if err != nil || found.Metadata.LastTagTime.Before(began) {
			t.Errorf("%s: last wanted %s, %v; want now", moment, found.Metadata.LastTagTime, err)
		}
		if un, err := e.unwanted(t.Context(), ref, time.Now()); err != nil || un {
			t.Errorf("%s: unwanted %v, %v", moment, un, err)
		}
	}
	ref := e.image.Ref
	run := fmt.Sprintf("again-%x", time.Now().UnixNano())
	t.Cleanup(func() {
		if _, err := e.api.ImageRemove(context.Background(), ref, image.RemoveOptions{}); err != nil {
			t.Error(err)
		}
	})
	cleanRun(t, e, run) // before the image is removed: cleaning up goes backwards
	if _, err := e.api.ImageRemove(t.Context(), ref, image.RemoveOptions{}); err != nil {
		t.Fatal(err)
	}
	s := builtin("squall-"+run, ref, "a-1", map[string]string{labelRun: run}, nil, "")
	s.network = "none"
	if _, err := e.create(t.Context(), s); !errdefs.IsNotFound(err) {
		t.Fatalf("without its image: %v, want not found", err)
	}
	l := &testbed{engine: e, image: ref}
	if id, err := l.create(t.Context(), s); err != nil || id == "" {
		t.Errorf("the image was removed before the container was made: container %q, %v", id, err)
	}
	if !imageThere(t, e, ref) {
		t.Error("the image was not made again")
	}
}

func TestDeadRuns(t *testing.T) {
	here := owner.This()
	gone := here
	gone.Boot = "before"
	label := func(run string, o owner.Owner) map[string]string {
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

package docker

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestOwnerSurvivesAsALabel(t *testing.T) {
	want := thisProcess()
	got, err := parseOwner(want.String())
	if err != nil || got != want {
		t.Errorf("%q read back: %+v, %v; want %+v", want, got, err, want)
	}
	for _, label := range []string{"", "someone", "pid=x start=1", "start=1 boot=2"} {
		if _, err := parseOwner(label); err == nil {
			t.Errorf("%q was read without an error", label)
		}
	}
}

func TestOwnerGone(t *testing.T) {
	ended := exec.Command("sleep", "0")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	here := thisProcess()
	change := func(f func(*owner)) owner {
		o := here
		f(&o)
		return o
	}
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		owner   owner
		expires time.Time
		want    bool
	}{
		{"this process", here, past, false},
		{"a process that has ended", change(func(o *owner) { o.pid = ended.Process.Pid }), future, true},
		{"its id, used again", change(func(o *owner) { o.start = "1" }), future, true},
		{"before the machine's restart", change(func(o *owner) { o.boot = "other" }), future, true},
		{"another machine", change(func(o *owner) { o.host, o.boot = "other", "other" }), future, false},
		{"another machine, expired", change(func(o *owner) { o.host, o.boot = "other", "other" }), past, true},
		{"another container", change(func(o *owner) { o.space = "other"; o.pid = ended.Process.Pid }), future, false},
		{"another container, expired", change(func(o *owner) { o.space = "other" }), past, true},
	} {
		if got := c.owner.gone(here, c.expires); got != c.want {
			t.Errorf("%s: gone %v, want %v", c.name, got, c.want)
		}
	}
	if start, alive := processStart(os.Getpid()); !alive || start == "" {
		t.Errorf("this process: start %q, alive %v", start, alive)
	}
}

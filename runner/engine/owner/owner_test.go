package owner

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestOwnerSurvivesAsALabel(t *testing.T) {
	want := This()
	got, err := Parse(want.String())
	if err != nil || got != want {
		t.Errorf("%q read back: %+v, %v; want %+v", want, got, err, want)
	}
	for _, label := range []string{"", "someone", "pid=x start=1", "start=1 boot=2"} {
		if _, err := Parse(label); err == nil {
			t.Errorf("%q was read without an error", label)
		}
	}
}

func TestOwnerGone(t *testing.T) {
	ended := exec.Command("sleep", "0")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	here := This()
	change := func(f func(*Owner)) Owner {
		o := here
		f(&o)
		return o
	}
	past, future := time.Now().Add(-time.Second), time.Now().Add(time.Hour)
	for _, c := range []struct {
		name    string
		owner   Owner
		expires time.Time
		want    bool
	}{
		{"this process", here, past, false},
		{"a process that has ended", change(func(o *Owner) { o.PID = ended.Process.Pid }), future, true},
		{"its id, used again", change(func(o *Owner) { o.Start = "1" }), future, true},
		{"before the machine's restart", change(func(o *Owner) { o.Boot = "other" }), future, true},
		{"another machine", change(func(o *Owner) { o.Host, o.Boot = "other", "other" }), future, false},
		{"another machine, expired", change(func(o *Owner) { o.Host, o.Boot = "other", "other" }), past, true},
		{"another container", change(func(o *Owner) { o.Space = "other"; o.PID = ended.Process.Pid }), future, false},
		{"another container, expired", change(func(o *Owner) { o.Space = "other" }), past, true},
	} {
		if got := c.owner.Gone(here, c.expires); got != c.want {
			t.Errorf("%s: gone %v, want %v", c.name, got, c.want)
		}
	}
	if start, alive := processStart(os.Getpid()); !alive || start == "" {
		t.Errorf("this process: start %q, alive %v", start, alive)
	}
}

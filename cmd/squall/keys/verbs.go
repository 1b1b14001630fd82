package keys

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/squallhq/squall/runner/control"
)

// command is a key that begins something.
func (k *Keys) command(key rune) {
	switch key {
	case 'i':
		k.line = &line{label: "inject (Tab completes): ", entered: func(text string) { k.inject(text, false) },
			complete: func(typed string) (string, []string) { return complete(k.o.Suggest(), typed) }}
	case 'c':
		k.clear()
	case 'h':
		k.steer("hold", "phase %s is held: g lets it go on", "")
	case 'g':
		k.steer("go", "phase %s goes on", "the last phase is ended")
	case 'n':
		k.steer("next", "phase %s begins", "the last phase is ended")
	case 's':
		k.steer("skip", "phase %s will be left out", "")
	case 't':
		k.line = &line{label: "note: ", entered: func(text string) { k.tell("note", text, "noted: ") }}
	case 'm':
		k.line = &line{label: "mark: ", entered: func(text string) { k.tell("mark", text, "marked: ") }}
	case 'q':
		k.sure = &question{"stop the run? What was measured is reported.", func() { k.tell("abort", "", "the run is stopped") }}
	}
}

// ask has the run's control carry a verb out; why it doesn't stands in one line until the next key.
func (k *Keys) ask(verb string, asked control.Asked) (control.Done, bool) {
	k.said = []string{verb + " ..."}
	k.show()
	asked.Who = k.o.Who
	done, err := k.o.Control.Do(k.ctx, verb, asked)
	k.said = nil
	if err != nil {
		k.said = []string{strings.Join(strings.Fields(err.Error()), " ")}
	}
	return done, err == nil
}

// inject puts a fault on; where it reaches more than the scenario's guard, yes is asked for first.
func (k *Keys) inject(text string, yes bool) {
	done, is := k.ask("inject", control.Asked{Fault: text, Yes: yes})
	switch {
	case is && done.On != nil:
		k.o.Line(fmt.Sprintf("act %d: %s on %s is on until %.0f s: c clears it", done.On.Act, done.On.What, done.On.Target, done.On.UntilS))
	case !is && done.Blast != nil && done.Blast.Guard != nil && !yes: // refused for what it reaches
		k.said = []string{done.Blast.String()}
		k.sure = &question{fmt.Sprintf("The scenario's guard is %.0f%%: put it on all the same?", 100**done.Blast.Guard), func() { k.inject(text, true) }}
	}
}

// clear takes off what is on by hand; of several which one is asked for.
func (k *Keys) clear() {
	standing, err := k.o.Control.Hands.Status(k.ctx)
	if err != nil {
		k.said = []string{err.Error()}
		return
	}
	var on []string
	acts := []int{}
	for _, o := range k.o.Control.Told(standing).On {
		if o.Act > 0 {
			acts = append(acts, o.Act)
			on = append(on, fmt.Sprintf("%d: %s on %s", o.Act, o.What, o.Target))
		}
	}
	switch len(acts) {
	case 0:
		k.said = []string{"nothing is on that somebody put on"}
	case 1:
		k.off(acts[0])
	default:
		k.said = wrapped(on, k.o.Width())
		k.line = &line{label: "clear (an act's number, or all): ", entered: k.which}
	}
}

func (k *Keys) which(text string) {
	act, err := strconv.Atoi(text)
	switch {
	case text == "all":
		k.off(0)
	case err != nil || act < 1:
		k.said = []string{fmt.Sprintf("%q is neither the number of an act nor all", text)}
	default:
		k.off(act)
	}
}

// off clears an act, or with 0 all.
func (k *Keys) off(act int) {
	done, is := k.ask("clear", control.Asked{Act: act})
	for _, n := range done.Off {
		k.o.Line(fmt.Sprintf("act %d is off", n))
	}
	if is && len(done.Off) == 0 {
		k.said = []string{"nothing was on"}
	}
}

// steer changes the run's course; said has the phase in it, last is said where none is left.
func (k *Keys) steer(verb, said, last string) {
	done, is := k.ask(verb, control.Asked{})
	switch {
	case !is:
	case done.Phase == "":
		k.o.Line(last)
	default:
		k.o.Line(fmt.Sprintf(said, done.Phase))
	}
}

// tell is a verb with a text.
func (k *Keys) tell(verb, text, said string) {
	if _, is := k.ask(verb, control.Asked{Text: text}); is {
		k.o.Line(said + text)
	}
}

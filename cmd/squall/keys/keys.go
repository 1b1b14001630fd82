// Package keys is the keys by which somebody at a run's terminal takes part in it: a line of them stands below the live block.
package keys

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/squallhq/squall/cmd/squall/live"
	"github.com/squallhq/squall/runner/control"
)

// Door is what the record calls this way in.
const Door = "keys"

// Options are what keys do, and where.
type Options struct {
	// Control is the run's: its Door is this one's.
	Control control.Options
	// Who presses them, for the record.
	Who string
	// Suggest is what may be put on.
	Suggest func() live.Suggestions
	// Terminal is read from.
	Terminal *os.File
	// Line writes a line above the live block, Foot sets those below it, each of Width columns at most.
	Line  func(string)
	Foot  func(...string)
	Width func() int
}

// Keys are read until they are closed.
type Keys struct {
	o    Options
	mode *mode
	// ctx is that of what is asked for.
	ctx    context.Context
	cancel context.CancelFunc

	// mu is held while the line of keys is drawn: once they are closed it is no more.
	mu     sync.Mutex
	closed bool
	// said stands above the line of keys until the next is pressed.
	said []string
	// line is being typed; sure is asked for a y. nil: neither.
	line *line
	sure *question
}

// line is one that is typed, after its label.
type line struct {
	label    string
	text     []rune
	complete func(string) (string, []string)
	entered  func(string)
}

// question is answered by y, or by any other key with no.
type question struct {
	text string
	yes  func()
}

// wait is how long one look for keys lasts.
const wait = 150 * time.Millisecond

// Begin reads keys until Close. The terminal's mode is changed for as long as this program is in its foreground.
func Begin(ctx context.Context, o Options) (*Keys, error) {
	m, err := newMode(int(o.Terminal.Fd()))
	if err != nil {
		return nil, err
	}
	o.Control.Door = Door
	k := &Keys{o: o, mode: m}
	k.ctx, k.cancel = context.WithCancel(ctx)
	k.show()
	go k.read()
	return k, nil
}

// Close gives the terminal back as it was, and takes the line of keys away. It may be called more than once, by any goroutine, and waits for nobody.
func (k *Keys) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return
	}
	k.closed = true
	k.mode.leave()
	k.cancel()
	k.o.Foot()
}

func (k *Keys) over() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.closed
}

func (k *Keys) read() {
	buffer, rest := make([]byte, 512), []byte(nil)
	for !k.over() {
		n, err := k.mode.read(buffer, wait)
		if err != nil {
			if !errors.Is(err, io.EOF) && !k.over() {
				k.o.Line("warning: keys are taken no more, squall ctl steers the run: " + err.Error())
			}
			k.Close()
			return
		}
		var pressed []rune
		pressed, rest = decode(append(rest, buffer[:n]...))
		for _, key := range pressed {
			k.press(key)
			k.show()
		}
	}
}

// show has the present state stand below the live block.
func (k *Keys) show() {
	last := "i inject  c clear  h hold  g go  n next  s skip  t note  m mark  q stop"
	switch {
	case k.sure != nil:
		last = k.sure.text + " y: yes, any other key: no"
	case k.line != nil:
		last = k.line.label + k.line.tail(k.o.Width()-len(k.line.label)-3)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.o.Foot(append(k.said[:len(k.said):len(k.said)], last)...)
	}
}

// tail is as much of the end of what was typed as there is room for.
func (l *line) tail(most int) string {
	if most = max(most, 1); len(l.text) > most {
		return "…" + string(l.text[len(l.text)-most+1:])
	}
	return string(l.text)
}

func (k *Keys) press(key rune) {
	k.said = nil
	switch {
	case k.sure != nil:
		sure := k.sure
		if k.sure = nil; key == 'y' || key == 'Y' {
			sure.yes()
		}
	case k.line != nil:
		k.edit(key)
	default:
		k.command(key)
	}
}

func (k *Keys) edit(key rune) {
	l := k.line
	switch key {
	case escape:
		k.line = nil
	case enter:
		k.line = nil
		if text := strings.TrimSpace(string(l.text)); text != "" {
			l.entered(text)
		}
	case tab:
		if l.complete != nil {
			text, choices := l.complete(string(l.text))
			l.text, k.said = []rune(text), wrapped(choices, k.o.Width())
		}
	case backspace:
		l.text = l.text[:max(0, len(l.text)-1)]
	case killLine:
		l.text = nil
	case killWord:
		text := strings.TrimRight(string(l.text), " ")
		l.text = []rune(text[:strings.LastIndex(text, " ")+1])
	default:
		if unicode.IsPrint(key) && len(l.text) < mostTyped {
			l.text = append(l.text, key)
		}
	}
}

// mostTyped bounds a line.
const mostTyped = 1000

// wrapped are names in a few lines.
func wrapped(names []string, width int) []string {
	const most = 4
	var out []string
	now := ""
	for _, name := range names {
		if now != "" && len(now)+len(name)+2 >= width-1 {
			out, now = append(out, now), ""
		}
		if now != "" {
			now += "  "
		}
		now += name
	}
	if now != "" {
		out = append(out, now)
	}
	if len(out) > most {
		out = append(out[:most-1], out[most-1]+"  …")
	}
	return out
}

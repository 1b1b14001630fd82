package main

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/scenarios/language"
	"github.com/squallhq/squall/scenarios/source"
)

// What a command line calls standard input, and how positions call it.
const (
	stdin     = "-"
	stdinName = "stdin"
)

// texts are the scenarios that were read, by their names, each once: what comes through a pipe comes once, and a file
// that changes meanwhile is checked, run and shown as one text.
var texts sync.Map

// textOf is a scenario's text and how positions call it. A read that is interrupted, as of a pipe that nobody writes to,
// is given up.
func textOf(ctx context.Context, file string) (name string, text []byte, err error) {
	name = file
	if file == stdin {
		name = stdinName
	}
	if had, is := texts.Load(name); is {
		return name, had.([]byte), nil
	}
	type came struct {
		text []byte
		err  error
	}
	read := make(chan came, 1)
	go func() {
		if file == stdin {
			text, err := language.ReadText(os.Stdin)
			read <- came{text, err}
			return
		}
		text, err := language.ReadFile(file)
		read <- came{text, err}
	}()
	select {
	case got := <-read:
		if got.err == nil {
			texts.Store(name, got.text)
		}
		return name, got.text, got.err
	case <-ctx.Done():
		return name, nil, &exit{report.ExitInterrupted, fmt.Errorf("interrupted while %s was read", name)}
	}
}

// shown is the text that positions in it are shown with: nothing where it was too long to be read whole.
func shown(name string) []byte {
	if had, is := texts.Load(name); is && len(had.([]byte)) <= source.MaxBytes {
		return had.([]byte)
	}
	return nil
}

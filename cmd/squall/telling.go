package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/runner/record"
)

// telling saves a run's record and prints its report, once, whether at the run's end or while its topology is kept.
type telling struct {
	w      io.Writer
	plan   *planned
	folder *folder
	// command is what makes the run again.
	command string
	done    bool
	err     error
}

// tell saves the record and prints the report. A second call does nothing and returns what the first did.
func (t *telling) tell(result *record.Result) error {
	if !t.done {
		t.done = true
		t.err = t.once(result)
	}
	return t.err
}

func (t *telling) once(result *record.Result) error {
	result.Command = t.command
	if err := t.folder.save(t.plan, result); err != nil {
		return err
	}
	if err := report.Formats[0].For(colorful(os.Stdout))(t.w, result); err != nil {
		return err
	}
	code := report.ExitCode(result)
	_, err := fmt.Fprintf(t.w, " %s\n exit %d: %s\n\n", t.folder.dir, code, code.Meaning())
	return err
}

// hold tells the result before anybody waits for the end, so that nothing of it depends on how that comes, and
// then keeps the topology until ctx ends. A record that can't be saved is told at once; there is no use in waiting.
func (t *telling) hold(ctx context.Context, result *record.Result, say func(string)) {
	if err := t.tell(result); err != nil {
		say("the record can't be told, so the topology is not kept: " + err.Error())
		return
	}
	say("everything is measured and saved in " + t.folder.dir + "; the topology stays up until Ctrl-C")
	<-ctx.Done()
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/squallhq/squall/cmd/squall/live"
	"github.com/squallhq/squall/cmd/squall/stay"
	"github.com/squallhq/squall/report"
	"github.com/squallhq/squall/report/otlp"
	"github.com/squallhq/squall/report/terminal"
	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/record"
)

// telling saves a run's record and prints its report, once, whether at the run's end or while its topology is kept.
type telling struct {
	w      io.Writer
	plan   *planned
	folder *folder
	// command is what makes the run again.
	command string
	// sets are what the scenario was changed by.
	sets []string
	// shouldFail tells that the variant is held to failing.
	shouldFail bool
	tells      teller
	// page is the run's, nil where none is shown.
	page *live.Page
	// sends the run to where a team looks at its systems; warn is told where that fails, which takes nothing from the run.
	sends *otlp.Exporter
	warn  func(string)
	done  bool
	err   error
}

// teller writes a result for whoever made the run.
type teller func(io.Writer, *record.Result) error

// tell saves the record and prints the report. A second call does nothing and returns what the first did.
func (t *telling) tell(result *record.Result) error {
	if !t.done {
		t.done = true
		t.err = t.once(result)
	}
	return t.err
}

func (t *telling) once(result *record.Result) error {
	result.Command, result.File, result.Set, result.ShouldFail = t.command, t.plan.document.File, t.sets, t.shouldFail
	saved := t.folder.save(t.plan, result)
	kept := "it is kept in " + filepath.Join(t.folder.dir, "report.html")
	if t.folder.away {
		kept = "who follows the run fetches it"
	}
	shown := t.page.Over(result, "The run is over. This is its report; "+kept+".")
	told := t.tells(t.w, result)
	if err := t.sends.SendAll(context.Background(), result); err != nil {
		t.warn("warning: " + err.Error())
	}
	if saved != nil {
		saved = fmt.Errorf("what was measured stands above, and could not be saved whole: %w", saved)
	}
	return errors.Join(saved, shown, told)
}

// tellTable writes the report for people, and where the run's folder is with the exit code; neither where folder is "".
func tellTable(folder string, v terminal.View) teller {
	return func(w io.Writer, result *record.Result) error {
		if err := report.Formats[0].For(v)(w, result); err != nil {
			return err
		}
		if folder == "" {
			return nil
		}
		code, why := report.Group{Runs: []*record.Result{result}}.Exit()
		if !result.ShouldFail {
			why = code.Meaning()
		}
		_, err := fmt.Fprintf(w, " %s\n exit %d: %s\n\n", folder, code, why)
		return err
	}
}

// tellJSON writes the result as one line.
func tellJSON(w io.Writer, result *record.Result) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(result)
}

// hold tells the result before anybody waits for the end, so that nothing of it depends on how that comes, and then
// keeps the topology, and its load, until ctx ends. A record that can't be saved is told at once; there is no use in waiting.
func (t *telling) hold(ctx context.Context, held runner.Held, say func(string), lease *stay.Lease) {
	if err := t.tell(held.Result); err != nil {
		say("the record can't be told, so the topology is not kept: " + err.Error())
		return
	}
	lease.Renew()
	ctx, end := lease.Bound(ctx)
	defer end()
	held.Addresses = lease.Doors(ctx, held.Addresses)
	t.addressed(held.Addresses)
	look(held.Addresses, held.Err, say)
	say("everything is measured and saved in " + t.folder.dir + "; the topology stays up under its load until Ctrl-C" + lease.String() +
		"; squall ctl --run " + t.folder.dir + " injects and clears meanwhile, which its " + record.EventsFile + " alone has")
	if err := held.Drive(ctx); err != nil {
		say("the load has ended: " + err.Error())
	}
	<-ctx.Done()
	if over, is := errors.AsType[*stay.Over](context.Cause(ctx)); is {
		say(over.Error() + ": the topology is taken down")
	}
}

// addressed writes down where the run's parts answer.
func (t *telling) addressed(addresses []runner.Address) {
	if err := control.WriteAddresses(t.folder.dir, addresses); err != nil {
		t.warn("warning: " + err.Error())
	}
}

// look says what there is to look at, a line each.
func look(addresses []runner.Address, err error, say func(string)) {
	width := 0
	for _, a := range addresses {
		width = max(width, len(a.What))
	}
	for _, a := range addresses {
		say(fmt.Sprintf("  %-*s  %s", width, a.What, a.URL))
	}
	if err != nil {
		say("not everything can be looked at: " + err.Error())
	}
}

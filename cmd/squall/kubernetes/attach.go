package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
	"github.com/squallhq/squall/runner/record"
)

// Following is how a run is followed whose conductor is in a cluster.
type Following struct {
	House House
	// Lines gets what the conductor says, Told the run's end, Said what is to be known of the following itself.
	Lines, Told, Said io.Writer
	// Out is the folder that the run's is fetched to.
	Out string
	// JSON tells the run's record in place of its end in words; Quiet leaves out what the conductor says, but for the report.
	JSON, Quiet bool
	// Leave leaves the conductor's objects in the cluster once the run's folder was fetched.
	Leave bool
	// From is from when on it is followed; zero: from the beginning.
	From time.Time
	// back is the command that comes back.
	back string
}

func (o *Following) say(line string) { fmt.Fprintln(o.Said, "squall: "+line) }

// free is where a run's folder is fetched to, which has none yet: out, or a folder under runs/.
func free(out, name string) (string, error) {
	if out == "" {
		return filepath.Join("runs", name), nil
	}
	if entries, err := os.ReadDir(out); err == nil && len(entries) > 0 {
		return "", fmt.Errorf("%s holds something already; give --out a new folder", out)
	}
	return out, nil
}

// interrupted is the exit code of who leaves.
const interrupted = 130

// follow follows a run to its end, and fetches its folder. An interrupt leaves it to itself.
func (o *Following) follow(ctx context.Context, run *conductor.Run) (*Ended, error) {
	line := func(text string) { fmt.Fprintln(o.Lines, text) }
	var unsaid []string
	if o.Quiet {
		line = func(text string) { unsaid = append(unsaid, text) }
	}
	let := o.steer(ctx, run)
	end, err := run.Follow(ctx, o.From, line, o.say)
	let()
	ended := &Ended{Code: end.Code}
	if err == nil {
		err = o.fetch(ctx, run, ended)
	}
	if ctx.Err() != nil {
		o.say("left to itself, run " + run.ID + " goes on in the cluster: `" + o.back + "` comes back, `" + o.back + " --stop` stops it")
		return nil, o.House.Ended(interrupted)
	}
	if _, is := errors.AsType[*conductor.NotBegun](err); err != nil && !is {
		err = fmt.Errorf("%w; run %s may go on in the cluster: `%s` comes back", err, run.ID, o.back)
	}
	if err != nil {
		return nil, o.House.Environment(err)
	}
	if ended.Result == nil { // why, is in what it said
		for _, text := range unsaid {
			fmt.Fprintln(o.Said, text)
		}
	}
	if end.Reason != "" {
		return ended, o.House.Environment(fmt.Errorf("the cluster ended the conductor of run %s: %s (exit code %d)", run.ID, end.Reason, end.Code))
	}
	return ended, o.tell(ended)
}

// fetch fetches the run's folder, after which the cluster needs it no more.
func (o *Following) fetch(ctx context.Context, run *conductor.Run, ended *Ended) error {
	err := run.Fetch(ctx, o.Out)
	switch {
	case errors.Is(err, conductor.ErrRefused): // it has none: what was wrong stands in its log
		err = nil
	case errors.Is(err, conductor.ErrNotKept) && run.Claim() != "":
		o.say(fmt.Sprintf("%v; the volume of claim %s has it as %s", err, run.Claim(), run.ID))
		return nil
	case errors.Is(err, conductor.ErrNotKept):
		o.say(err.Error() + ": what there is of it stands in its log")
		return nil
	case err != nil:
		return err
	default:
		ended.Folder = o.Out
		o.House.Saved(run.ID, o.Out)
		if ended.Result, err = record.Read(o.Out); errors.Is(err, os.ErrNotExist) {
			err = nil // it has ended before there was one
		}
	}
	if err == nil && !o.Leave {
		err = run.Remove(context.WithoutCancel(ctx))
	}
	return err
}

// tell tells the end of a run.
func (o *Following) tell(ended *Ended) error {
	switch {
	case ended.Result != nil && o.JSON:
		if err := o.House.JSON(o.Told, ended.Result); err != nil {
			return err
		}
	case ended.Result != nil && o.Quiet:
		if err := o.House.Table(o.Told, ended.Folder, ended.Result); err != nil {
			return err
		}
	case ended.Folder != "":
		o.say("fetched into " + ended.Folder)
	}
	return nil
}

// attachFlags are those of squall attach.
type attachFlags struct {
	Access
	engine, out, format, from string
	stop, leave, quiet        bool
}

// attachCommand is squall attach.
func attachCommand(h House) *cobra.Command {
	var f attachFlags
	c := &cobra.Command{
		Use:   "attach [RUN]",
		Short: "Come back to a run whose conductor is in a cluster: follow it, fetch its folder, end with its exit code",
		Long: `Follows a run that was begun with squall run --engine kubernetes --in-cluster, or by a CronJob of squall kubernetes cronjob, until it is
over, fetches its folder into runs/ and ends with its exit code. Ctrl-C leaves it again. RUN is its id, or the beginning of it; it may be
left out where there is one run. Once its folder was fetched, nothing of the run stays in the cluster, but with --leave.`,
		Example: `  squall attach --namespace load-tests
  squall attach 20261130-091502-3fa2 --namespace load-tests --from now
  squall attach 20261130-091502-3fa2 --namespace load-tests --stop`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return f.attach(c, h, append(args, "")[0]) },
	}
	f.Access.Register(c.Flags())
	c.Flags().StringVar(&f.engine, "engine", "kubernetes", "kubernetes: runs of other engines end with their command")
	c.Flags().StringVar(&f.out, "out", "", "the folder that the run's is fetched to (default: runs/SCENARIO-RUN, with runs/latest leading to it)")
	c.Flags().StringVar(&f.format, "format", "table", "table, or json: the record as a line, once the run is over")
	c.Flags().StringVar(&f.from, "from", "start", "start, or now: follow it from where it is")
	c.Flags().BoolVar(&f.stop, "stop", false, "stop it, as squall ctl abort does: everything is undone, and what was until then is its record")
	c.Flags().BoolVar(&f.leave, "leave", false, "leave it in the cluster for others to fetch, for as long as its results are kept")
	c.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "nothing but the report, once it is over")
	return c
}

func (f *attachFlags) check() error {
	switch {
	case f.engine != "kubernetes":
		return fmt.Errorf("--engine %s: a run there ends with its command, and there is nothing to come back to; attach is for --engine kubernetes", f.engine)
	case f.format != "table" && f.format != "json":
		return fmt.Errorf("unknown format %q; attach writes table or json, squall report the others too", f.format)
	case f.from != "start" && f.from != "now":
		return fmt.Errorf("--from %q: use start or now", f.from)
	}
	return nil
}

func (f *attachFlags) attach(c *cobra.Command, h House, id string) error {
	if err := f.check(); err != nil {
		return h.Usage(err)
	}
	client, err := f.Client(0)
	if err != nil {
		return h.Environment(err)
	}
	defer client.Close()
	if _, err := client.Version(c.Context()); err != nil { // one that is not there is said at once
		return h.Environment(err)
	}
	run, err := conductor.Find(c.Context(), client, id)
	if errors.Is(err, conductor.ErrNone) {
		return h.Usage(err)
	}
	if err != nil {
		return h.Environment(err)
	}
	o := Following{
		House: h, Lines: c.OutOrStdout(), Told: c.OutOrStdout(), Said: c.ErrOrStderr(), Leave: f.leave, Quiet: f.quiet, JSON: f.format == "json",
		back: "squall attach " + run.ID + f.Access.words(),
	}
	if o.JSON {
		o.Lines = c.ErrOrStderr()
	}
	if f.from == "now" {
		o.From = time.Now()
	}
	if o.Out, err = free(f.out, run.Folder); err != nil {
		return h.Usage(err)
	}
	if f.stop {
		removed, err := run.Stop(c.Context(), h.Who())
		if err != nil {
			return h.Environment(err)
		}
		if removed {
			o.say("run " + run.ID + " had not begun, and is removed")
			return nil
		}
	}
	ended, err := o.follow(c.Context(), run)
	if err != nil {
		return err
	}
	return h.Ended(ended.Code)
}

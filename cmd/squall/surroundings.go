package main

import (
	"cmp"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/scenarios"
	"github.com/squallhq/squall/scenarios/topology"
)

// What a run in real time takes of file descriptors in one process: for each edge a listener, for each instance its pipes and the connection
// that it is asked over, and what a program has anyway; for each request in flight the connections of an edge on both sides of it.
const (
	filesOfAnEdge     = 1
	filesOfAnInstance = 4
	filesAnyway       = 24
	filesOfARequest   = 2
)

// enoughFiles tells what a plan needs of file descriptors before anything is launched. The error: there are too few to launch it.
// The warning: there may be too few for its load when everything hangs until users give up, and the run would be inconclusive then.
func enoughFiles(p *topology.Plan, limit uint64) (warning string, err error) {
	launch := uint64(filesAnyway + filesOfAnEdge*len(p.Edges) + filesOfAnInstance*len(p.Instances))
	if launch > limit {
		return "", fmt.Errorf("this plan needs some %d open files to be launched, and %d are allowed; raise the limit (ulimit -n)", launch, limit)
	}
	worst := int64(0)
	for _, l := range p.Scenario.Loads {
		worst += mostInFlight(l)
	}
	if most := launch + filesOfARequest*uint64(worst); most > limit {
		return fmt.Sprintf("this plan needs up to %d open files, should all of %d requests in flight hang until users give up, and %d are allowed (ulimit -n); where they "+
			"run out the run is inconclusive", most, worst, limit), nil
	}
	return "", nil
}

// mostInFlight is how many requests of a load are in flight at most: its users, or all that arrive in a user's patience.
func mostInFlight(l *scenarios.Load) int64 {
	if l.Users > 0 {
		return int64(l.Users)
	}
	rate := 0.0
	for _, s := range l.Shape() {
		rate = max(rate, s.From, s.To, s.Rate)
	}
	patience := cmp.Or(l.Timeout, scenarios.DefaultClientTimeout)
	return min(int64(rate*patience.Seconds()), int64(cmp.Or(l.MaxInFlight, scenarios.DefaultMaxInFlight)))
}

// prepared says where this machine may have too little for a plan; an error where it can't be launched. In virtual time connections are none
// of the machine's.
func prepared(engine runner.Engine, p *planned, say func(string)) error {
	limit, known := openFiles()
	if _, virtual := engine.(runner.Enclosing); virtual || !known {
		return nil
	}
	warning, err := enoughFiles(p.Plan, limit)
	if warning != "" {
		say(warning)
	}
	return err
}

// openFiles is how many files each of the run's processes may open: they raise their limit to the hard one.
func openFiles() (uint64, bool) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return 0, false
	}
	return files.Max, true
}

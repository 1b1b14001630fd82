package runner

import (
	"context"
	"errors"
	"fmt"

	"github.com/squallhq/squall/scenarios"
)

// readEvents compares the rows that have an event with what the queues of those have accepted. Rows are read first,
// then outboxes, then queues: what is published meanwhile is found where it went.
func (r *run) readEvents(ctx context.Context) error {
	databases, queues := r.o.Plan.Scenario.Eventful()
	if len(databases) == 0 {
		return nil
	}
	if r.o.ReadWrites == nil || r.o.ReadOutbox == nil {
		return errors.New("this run has no reader of events")
	}
	rows, pending := map[string]int{}, map[string]int{}
	queued := map[string]map[string]int{}
	for _, database := range databases {
		if err := r.collect(ctx, database, r.o.ReadWrites, rows); err != nil {
			return err
		}
		if err := r.collect(ctx, database, r.o.ReadOutbox, pending); err != nil {
			return err
		}
	}
	for _, queue := range queues {
		queued[queue] = map[string]int{}
		if err := r.collect(ctx, queue, r.o.ReadWrites, queued[queue]); err != nil {
			return err
		}
	}
	r.writes.ReconcileEvents(rows, pending, queued, scenarios.EventQueue)
	return nil
}

// collect adds what all instances of a node hold.
func (r *run) collect(ctx context.Context, node string, read ReadBack, into map[string]int) error {
	for _, i := range r.o.Plan.Instances {
		if i.Node.Name != node {
			continue
		}
		one, err := r.readInstance(ctx, i, read)
		if err != nil {
			return fmt.Errorf("read %q back: %w", i.Name, err)
		}
		for id, n := range one {
			into[id] += n
		}
	}
	return nil
}

package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/pflag"

	"github.com/squallhq/squall/runner/control"
	"github.com/squallhq/squall/runner/engine/kubernetes/conductor"
)

// steer takes a run's control to this machine, for as long as it is followed and takes orders: squall ctl finds it in the run's folder, as that of any
// run, and the run's page is reached where it has one. let ends that.
func (o *Following) steer(ctx context.Context, run *conductor.Run) (let func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		if err := o.relay(ctx, run); err != nil && ctx.Err() == nil && !errors.Is(err, conductor.ErrOver) {
			o.say("squall ctl does not reach the run: " + err.Error())
		}
	})
	return func() { cancel(); all.Wait() }
}

// relay is steer, until ctx ends. Of a conductor that there is not Follow says why.
func (o *Following) relay(ctx context.Context, run *conductor.Run) error {
	s, err := run.Await(ctx)
	if _, none := errors.AsType[*conductor.NotBegun](err); none {
		return nil
	}
	if err != nil {
		return err
	}
	near, shut, err := control.Relay{Run: run.ID, Dir: o.Out, Far: s.Address, Dial: s.Dial}.Serve()
	if errors.Is(err, control.ErrRelayed) {
		o.say(fmt.Sprintf("squall ctl --run %s steers it, by another squall that follows it", o.Out))
		return nil
	}
	if err != nil {
		return err
	}
	o.say(fmt.Sprintf("squall ctl --run %s steers it; %s there is what Prometheus reads", o.Out, control.ScrapeFile))
	if near.Page != "" {
		o.say("the run's page: " + near.Page)
		o.say("to look on only: " + near.Spectators)
	}
	<-ctx.Done()
	return shut()
}

// Steered is flags of squall ctl for a run whose conductor is in a cluster.
type Steered struct {
	Access
	engine string
}

// Register adds the flags.
func (s *Steered) Register(f *pflag.FlagSet) {
	f.StringVar(&s.engine, "engine", "", "kubernetes: a run whose conductor is in a cluster, which --run names by its id or the beginning of it (any of the next flags means that, too)")
	s.Access.Register(f)
}

// Meant tells that a run in a cluster is.
func (s *Steered) Meant() bool { return s.engine != "" || len(s.given()) > 0 }

// Control is the control of a run in the cluster, by its id or the beginning of it; "": the one under way that began last. let ends what it takes to ask.
func (s *Steered) Control(ctx context.Context, id string) (c *control.Client, let func(), err error) {
	if s.engine != "" && s.engine != "kubernetes" {
		return nil, nil, fmt.Errorf("--engine %s: a run there is found by its folder, with --run and no more", s.engine)
	}
	client, err := s.Client(patience)
	if err != nil {
		return nil, nil, err
	}
	var run *conductor.Run
	if id == "" {
		run, err = conductor.UnderWay(ctx, client)
	} else {
		run, err = conductor.Find(ctx, client, id)
	}
	var steering *conductor.Steering
	if err == nil {
		steering, err = run.Steer(ctx)
	}
	if err == nil {
		c, err = steering.Client()
	}
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return c, client.Close, nil
}

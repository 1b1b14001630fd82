package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/squallhq/squall/runner"
	"github.com/squallhq/squall/runner/course"
	"github.com/squallhq/squall/runner/load/frame"
	"github.com/squallhq/squall/runner/load/order"
)

// drive is one drive by all members.
type drive struct {
	*fleet
	runner.Drive
	sum   *sum
	parts []*part
	// going ends when the drive is told to, whatever it is told by.
	going context.Context
	stop  context.CancelFunc
}

// Drive implements runner.Loader.
func (f *fleet) Drive(ctx context.Context, d runner.Drive) (runner.Driven, error) {
	if err := f.again(ctx, d); err != nil {
		return runner.Driven{}, err
	}
	f.under.Store(&d)
	x := &drive{fleet: f, Drive: d, sum: newSum(d, len(f.members))}
	x.going, x.stop = context.WithCancel(ctx)
	defer x.stop()
	for _, m := range f.members {
		x.parts = append(x.parts, newPart(x, m))
	}
	start := frame.Start{Steered: d.Course != nil}
	turned := (<-chan struct{})(nil)
	if d.Course != nil {
		var way *course.Way
		way, turned = d.Course.Look()
		start.Way = way.Parts()
	}
	silent := d.Notices.Watch(func(all map[string]order.Notice) {
		x.tell(frame.Notices, frame.Encode(frame.Told{Edges: all}))
	})
	for _, m := range f.members {
		start.Zero = f.clock.Of(d.Zero) + int64(m.before.offset)
		_ = m.send(frame.Begin, frame.Encode(start))
	}
	over, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() { x.steer(turned, over) })
	done.Go(func() { x.watch(over) })
	err := x.wait(ctx)
	silent()
	close(over)
	done.Wait()
	return x.driven(ctx, err)
}

// again has the members take the order of a further drive; that of the first was taken when they were staged. Who is lost meanwhile, or while it
// takes the order, is lost to the drive, as one is that is lost in the middle of it: the others go on.
func (f *fleet) again(ctx context.Context, d runner.Drive) error {
	if f.ordered {
		f.ordered = false
		return nil
	}
	return f.each(func(m *member) error {
		m.before, m.after = sight{}, sight{}
		err := m.order(ctx, d.Order)
		if err == nil {
			err = m.ask(ctx, exchanges, &m.before)
		}
		if m.isGone() { // whenever that was: that its process has ended is heard of a little later
			return nil
		}
		return err
	})
}

// steer passes the turns of the course on, and its end.
func (x *drive) steer(turned <-chan struct{}, over <-chan struct{}) {
	if x.Course == nil {
		return
	}
	for {
		end := x.Course.Way().Total()
		due := time.NewTimer(time.Until(x.Zero.Add(end)))
		select {
		case <-over:
			due.Stop()
			return
		case <-turned:
			due.Stop()
		case <-due.C:
			if x.Course.Over(end) {
				x.tell(frame.Over, nil)
				return
			}
		}
		var way *course.Way
		way, turned = x.Course.Look()
		x.tell(frame.Way, frame.Encode(way.Parts()))
	}
}

// tell tells all members.
func (x *drive) tell(kind frame.Kind, payload []byte) {
	for _, m := range x.members {
		_ = m.send(kind, payload) // whose connection ends is lost
	}
}

// watchEvery is how often the members' clocks are looked at while a drive goes on, and their silence.
const watchEvery = time.Second

// watch asks the members what time they have and takes for lost who is silent.
func (x *drive) watch(over <-chan struct{}) {
	if x.o.Inside != nil {
		return // they are this process
	}
	again := time.NewTicker(watchEvery)
	defer again.Stop()
	for last := time.Now(); ; {
		select {
		case <-over:
			return
		case <-again.C:
		}
		now := time.Now()
		missed := max(now.Sub(last)-2*watchEvery, 0) // who did not listen has heard no silence
		last = now
		for _, m := range x.members {
			if m.isGone() {
				continue
			}
			m.mu.Lock()
			if missed > 0 {
				m.heard = now
			}
			silence := now.Sub(m.heard)
			if silence > x.o.Silence {
				m.silent = max(m.silent, silence)
			}
			m.mu.Unlock()
			if silence > x.o.Silence {
				m.lose(fmt.Errorf("nothing was heard of it for %s", silence.Round(100*time.Millisecond)))
				continue
			}
			m.follow()
		}
	}
}

// wait waits until every member has ended, or is lost. The end of ctx, and an error of a member, end all.
func (x *drive) wait(ctx context.Context) error {
	ended := make(chan *part)
	for _, p := range x.parts {
		go func() {
			select {
			case <-p.over:
			case <-p.gone:
				p.lost()
			}
			ended <- p
		}()
	}
	var failed []string
	told := ctx.Done()
	var late <-chan time.Time
	stop := func() {
		x.stop()
		x.tell(frame.Stop, nil)
		told, late = nil, time.After(stopWithin)
	}
	for left := len(x.parts); left > 0; {
		select {
		case p := <-ended:
			left--
			if p.failed != "" {
				if failed = append(failed, p.failed); told != nil {
					stop()
				}
			}
		case <-told:
			stop()
		case <-late:
			for _, p := range x.parts {
				if !p.isOver() {
					p.lose(fmt.Errorf("it did not end within %s of being told to", stopWithin))
				}
			}
		}
	}
	if len(failed) > 0 {
		return errors.New(strings.Join(uniq(failed), "; "))
	}
	return ctx.Err()
}

// uniq are texts, each once.
func uniq(all []string) (out []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

// driven puts together what all have done.
func (x *drive) driven(ctx context.Context, err error) (runner.Driven, error) {
	_ = x.each(func(m *member) error {
		if m.isGone() {
			return nil
		}
		return m.ask(context.WithoutCancel(ctx), exchanges, &m.after) // who does not answer has drifted nobody knows how far
	})
	errs := []error{err, x.sum.close()}
	out := runner.Driven{}
	lost := 0
	for _, p := range x.parts {
		p.detach()
		if p.why != "" {
			lost++
		}
		out.Each = append(out.Each, p.record())
	}
	out.Figures = x.sum.figures(x.parts)
	out.Generator = out.Figures.Generator()
	if lost == len(x.parts) && err == nil {
		var why []string
		for _, one := range out.Each {
			why = append(why, one.Name+": "+one.Ended)
		}
		errs = append(errs, errors.New("every generator was lost: "+strings.Join(why, "; ")))
	}
	return out, errors.Join(errs...)
}

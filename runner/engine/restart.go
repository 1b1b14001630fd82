package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/squallhq/squall/faults"
	"github.com/squallhq/squall/internal/sleep"
	"github.com/squallhq/squall/runner/record"
)

// The waits before an image that has ended by itself is started again: they double from the first to the most, and begin anew
// once it has run for settled. Docker's are the same.
const (
	restartPause = 100 * time.Millisecond
	restartMost  = time.Minute
	settled      = 10 * time.Second
)

// revival is how often an instance was started again since it had ended by itself, and the wait before the next time.
type revival struct {
	times int
	pause time.Duration
}

// next counts one more and says how long to wait, after an incarnation that has run so long.
func (r *revival) next(ran time.Duration) time.Duration {
	r.times++
	if r.pause = min(2*r.pause, restartMost); r.pause == 0 || ran >= settled {
		r.pause = restartPause
	}
	return r.pause
}

// earlyEnd is an incarnation that ended before it was healthy, or a job that failed.
type earlyEnd struct {
	what string
	how  error // nil: with 0
}

func (e *earlyEnd) Error() string {
	if e.how == nil {
		return e.what
	}
	return e.what + ": " + e.how.Error()
}

func (e *earlyEnd) Unwrap() error { return e.how }

// again tells whether its policy has it started once more after it has ended so, by itself.
func (i *instance) again(how error) bool {
	var outside *Outside
	return !errors.As(how, &outside) && i.plan.Node.Restart.Again(how != nil, i.revival.times)
}

// startFirst starts it for the first time; where it ends before it is healthy, as often as its policy says. acts is held.
func (i *instance) startFirst(ctx context.Context, progress func(string)) error {
	patience := i.patience()
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it %s within %s", i.late(), patience))
	defer cancel()
	for {
		began := time.Now()
		err := i.start(ctx, i.revival.times > 0)
		early := (*earlyEnd)(nil)
		if !errors.As(err, &early) || !i.again(early.how) {
			return err
		}
		pause := i.revival.next(time.Since(began))
		progress(fmt.Sprintf("%s: %s; its restart policy starts it again", i.plan.Name, early))
		if sleep.For(ctx, pause) != nil {
			return err
		}
	}
}

// revive starts it again after p has ended by itself, as its policy says. What a fault wants ended stays so: whoever lifts the
// fault starts it.
func (i *instance) revive(p Process, how error, ran time.Duration) {
	for i.lifetime.Err() == nil {
		words := lastWords(p)
		if !i.mark(p, how) {
			return
		}
		if sleep.For(i.lifetime, i.revival.next(ran)) != nil {
			return
		}
		began := time.Now()
		err := i.reviveNow()
		early := (*earlyEnd)(nil)
		switch {
		case err == nil || i.lifetime.Err() != nil:
			return
		case !errors.As(err, &early) || !i.again(early.how):
			i.died(fmt.Errorf("instance %q ended by itself (%w), and its restart policy can't bring it back: %w%s", i.plan.Name, ending(how), err, words))
			return
		}
		p, how, ran = i.current(), early.how, time.Since(began)
	}
}

// mark notes that p has ended by itself, which nobody is to take for an accident; false: somebody else has done something about
// it already.
func (i *instance) mark(p Process, how error) bool {
	i.acts.Lock()
	defer i.acts.Unlock()
	if i.gone || i.current() != p {
		return false
	}
	if !i.down {
		i.ended()
	}
	end, cancel := context.WithTimeout(i.lifetime, cleanupTimeout)
	defer cancel()
	_ = p.Kill(end) // nobody is there any more: what calls it is refused, as after a crash
	i.system.notice(Notice{On: i.plan.Name, At: time.Now(), Who: record.ByItself, Door: "restart policy", What: "ended by itself: " + ending(how).Error(), Now: Ended})
	return true
}

// reviveNow makes it so what is wanted of it, unless that is that it is ended.
func (i *instance) reviveNow() error {
	i.acts.Lock()
	defer i.acts.Unlock()
	if i.gone || !i.down || i.want(faults.OpKill) || i.want(faults.OpStop) {
		return nil
	}
	ctx, cancel := context.WithTimeout(i.lifetime, i.patience())
	defer cancel()
	return i.converge(ctx)
}

// ending is how something ended, in words.
func ending(how error) error {
	if how == nil {
		return errors.New("exit code 0")
	}
	return how
}

package host

import (
	"context"
	"sync"
)

// term is the time in which one configuration of an instance is in force, and what rooms do in it. It is filled while the
// role is built.
type term struct {
	own        retained
	committing []func()
	beside     []func(context.Context)
	retiring   []func()

	cancel context.CancelFunc
	all    sync.WaitGroup
}

// PerTerm is the configuration's own T, made where there is none yet: another configuration has another one.
func PerTerm[T any](i *Instance, make func() *T) *T { return only(&i.term.own, make) }

// OnCommit has something done when the configuration that a role is built for is taken up.
func (i *Instance) OnCommit(do func()) { i.term.committing = append(i.term.committing, do) }

// OnRetire has something done when another configuration has been taken up in this one's place.
func (i *Instance) OnRetire(do func()) { i.term.retiring = append(i.term.retiring, do) }

// Besides has something done while the role serves and the configuration is in force: f returns when its context ends.
func (i *Instance) Besides(f func(context.Context)) { i.term.beside = append(i.term.beside, f) }

// Commit takes the configuration up.
func (i *Instance) Commit() {
	for _, do := range i.term.committing {
		do()
	}
}

// Begin does what is done beside the role, until end or until ctx ends.
func (i *Instance) Begin(ctx context.Context) {
	ctx, i.term.cancel = context.WithCancel(ctx)
	for _, f := range i.term.beside {
		i.term.all.Go(func() { f(ctx) })
	}
}

// End returns when that has ended.
func (i *Instance) End() {
	if i.term.cancel != nil {
		i.term.cancel()
		i.term.all.Wait()
	}
}

// Retire ends the configuration, which another one has taken the place of.
func (i *Instance) Retire() {
	i.End()
	for _, do := range i.term.retiring {
		do()
	}
}

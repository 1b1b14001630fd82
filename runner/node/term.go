package node

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

// perTerm is the configuration's own T, made where there is none yet: another configuration has another one.
func perTerm[T any](i *instance, make func() *T) *T { return only(&i.term.own, make) }

// onCommit has something done when the configuration that a role is built for is taken up.
func (i *instance) onCommit(do func()) { i.term.committing = append(i.term.committing, do) }

// onRetire has something done when another configuration has been taken up in this one's place.
func (i *instance) onRetire(do func()) { i.term.retiring = append(i.term.retiring, do) }

// besides has something done while the role serves and the configuration is in force: f returns when its context ends.
func (i *instance) besides(f func(context.Context)) { i.term.beside = append(i.term.beside, f) }

// commit takes the configuration up.
func (i *instance) commit() {
	for _, do := range i.term.committing {
		do()
	}
}

// begin does what is done beside the role, until end or until ctx ends.
func (i *instance) begin(ctx context.Context) {
	ctx, i.term.cancel = context.WithCancel(ctx)
	for _, f := range i.term.beside {
		i.term.all.Go(func() { f(ctx) })
	}
}

// end returns when that has ended.
func (i *instance) end() {
	if i.term.cancel != nil {
		i.term.cancel()
		i.term.all.Wait()
	}
}

// retire ends the configuration, which another one has taken the place of.
func (i *instance) retire() {
	i.end()
	for _, do := range i.term.retiring {
		do()
	}
}

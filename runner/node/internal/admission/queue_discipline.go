package admission

import (
	"container/list"
	"time"

	"github.com/squallhq/squall/scenarios"
)

// Defaults of codel, those of Facebook's "Fail at Scale" (ACM Queue 13(8), 2015).
const (
	codelMaxWait    = 100 * time.Millisecond
	codelTargetWait = 5 * time.Millisecond
)

// waiter is one request in line.
type waiter struct {
	low   bool
	since time.Time
	turn  chan turn     // holds 1
	place *list.Element // nil once it has left the line
}

// turn is a waiter's: for a worker, or why there is none.
type turn struct {
	err error
	nth int // of those who were told at once, from 0
}

// queue is who waits, those of high and those of low priority apart: high ones are next before any low
// one, and low ones are shed before any high one. It is not safe for concurrent use.
type queue struct {
	limit int // negative: none
	scenarios.QueueDiscipline
	high, low list.List // in order of arrival
	// standing is since when it has not been empty.
	standing time.Time
}

func newQueue(most *int, how scenarios.QueueDiscipline) queue {
	limit := -1
	if most != nil {
		limit = *most
	}
	if how.Discipline == "codel" {
		if how.MaxWait == 0 {
			how.MaxWait = codelMaxWait
		}
		if how.TargetWait == 0 {
			how.TargetWait = codelTargetWait
		}
	}
	return queue{limit: limit, QueueDiscipline: how}
}

func (l *queue) length() int { return l.high.Len() + l.low.Len() }

func (l *queue) of(w *waiter) *list.List {
	if w.low {
		return &l.low
	}
	return &l.high
}

// join puts one in line, and returns who has no place because of that: nil, another, or itself.
func (l *queue) join(me *waiter) (out *waiter) {
	if l.limit >= 0 && l.length() >= l.limit {
		if out = l.victim(me); out == me {
			return me
		}
		l.leave(out)
	}
	if l.length() == 0 {
		l.standing = me.since
	}
	me.place = l.of(me).PushBack(me)
	return out
}

// victim is who goes when the line is full: first of low priority; within a class the one that would be
// served last, which is the newest, and with lifo the oldest.
func (l *queue) victim(me *waiter) *waiter {
	class := &l.low
	if class.Len() == 0 {
		class = &l.high
	}
	switch {
	case class.Len() == 0, me.low && class == &l.high: // nobody to put out, or nobody less important
		return me
	case l.Discipline == "lifo":
		return class.Front().Value.(*waiter)
	case me.low || class == &l.high: // the newest of the class is the newcomer itself
		return me
	default:
		return class.Back().Value.(*waiter)
	}
}

// all takes out everybody, in the order in which they came within their class.
func (l *queue) all() []*waiter {
	var out []*waiter
	for _, class := range []*list.List{&l.high, &l.low} {
		for class.Len() > 0 {
			w := class.Front().Value.(*waiter)
			l.leave(w)
			out = append(out, w)
		}
	}
	return out
}

// leave takes one out of the line, and tells whether it was still there.
func (l *queue) leave(me *waiter) bool {
	if me.place == nil {
		return false
	}
	l.of(me).Remove(me.place)
	me.place = nil
	return true
}

// next takes out who is next; late tells that it has waited too long to be served.
func (l *queue) next(now time.Time) (next *waiter, late bool) {
	class := &l.high
	if class.Len() == 0 {
		class = &l.low
	}
	e := class.Front()
	if l.Discipline == "lifo" {
		e = class.Back()
	}
	if e == nil {
		return nil, false
	}
	next = e.Value.(*waiter)
	waited := now.Sub(next.since)
	switch l.Discipline {
	case "deadline":
		late = waited > l.MaxWait
	case "codel":
		most := l.MaxWait
		if now.Sub(l.standing) > l.MaxWait {
			most = l.TargetWait
		}
		late = waited > most
	}
	l.leave(next)
	return next, late
}

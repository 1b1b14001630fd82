// Package link is one connection over an edge: what is read from one side passes the stages of the toxics that are on
// (toxiproxy's vocabulary, and toxiproxy's own code where that behaves) and the gates of outages to the other side.
// Faults change at any moment, within milliseconds, whatever the two sides are doing.
package link

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// Link is one connection over an edge: the caller's half, the callee's, and a direction each way.
type Link struct {
	Host   *Host
	Number int64 // of the edge's connections, from 1
	caller net.Conn
	callee net.Conn // nil until it has been dialled
	up     *direction
	down   *direction
	turns  turns

	meetMu sync.Mutex
	meets  map[*Meter]int64 // the last request that met each

	mu     sync.Mutex // guards callee and linger
	linger *time.Timer

	// done is closed when the connection has ended.
	done    chan struct{}
	end     atomic.Bool
	ways    atomic.Int32 // directions that are over
	workers sync.WaitGroup
}

func New(h *Host, number int64, caller net.Conn) *Link {
	l := &Link{Host: h, Number: number, caller: caller, done: make(chan struct{}), turns: turns{epoch: time.Now()}}
	l.up = newDirection(l, true)
	l.down = newDirection(l, false)
	return l
}

func (l *Link) other(d *direction) *direction {
	if d == l.up {
		return l.down
	}
	return l.up
}

func (l *Link) directions() [2]*direction { return [2]*direction{l.up, l.down} }

// closed tells that both halves have been closed.
func (l *Link) closed() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// ending tells that the connection has ended or is being closed.
func (l *Link) ending() bool { return l.end.Load() }

// Run carries the connection until it ends; nothing of it is left then.
func (l *Link) Run(fates []*Outage) {
	if l.wait(fates) && l.connect() {
		l.workers.Go(l.down.read)
		l.up.read()
	}
	<-l.done
	for _, d := range l.directions() {
		d.close()
	}
	l.workers.Wait()
}

// dialTimeout bounds a dial to a callee that does not answer. It is longer than callers wait: they are to
// see a callee that hangs, not us giving up.
const dialTimeout = 2 * time.Minute

// dial connects to the callee; the connection's end cuts it short.
func (l *Link) dial() (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), dialTimeout)
	defer cancel()
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-l.done:
			cancel()
		case <-stop:
		}
	})
	callee, err := l.Host.Dial(ctx, l.Number)
	close(stop)
	watching.Wait()
	return callee, err
}

// connect dials the callee and gives the directions their ends. A callee that can't be reached
// resets the caller: its own connect has succeeded already. False: the connection has ended.
func (l *Link) connect() bool {
	callee, err := l.dial()
	if err != nil {
		if !l.ending() {
			l.Host.Failed.Add(1)
			l.reset()
		}
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ending() {
		_ = callee.Close() // nothing was sent
		return false
	}
	l.callee = callee
	l.up.start(l.caller, callee)
	l.down.start(callee, l.caller)
	return true
}

// start gives a direction its ends; stages and gates may be on already.
func (d *direction) start(src, dst net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.src, d.dst, d.started = src, dst, true
	if len(d.stages)+len(d.gates) > 0 {
		d.needDrain()
	}
}

// close releases what the stages run and hold.
func (d *direction) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.stages {
		s.stage.release(time.Now(), connectionOver)
	}
	d.stages, d.gates = nil, nil
	d.out.takeAll()
}

// wayOver notes that one direction has delivered its end.
func (l *Link) wayOver() {
	if l.ways.Add(1) == 2 {
		l.Close()
	}
}

// Close ends the connection, both halves with a FIN unless linger was set.
func (l *Link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed() {
		return
	}
	l.end.Store(true)
	close(l.done)
	l.forsake()
	if l.linger != nil {
		l.linger.Stop()
	}
	_ = l.caller.Close() // nobody is left to tell
	if l.callee != nil {
		_ = l.callee.Close()
	}
}

// reset ends the connection with a reset on both halves, at once. It reports whether there was one to end.
func (l *Link) reset() bool {
	first := l.end.CompareAndSwap(false, true)
	l.mu.Lock()
	port.NoLinger(l.caller)
	if l.callee != nil {
		port.NoLinger(l.callee)
	}
	l.mu.Unlock()
	l.Close()
	return first
}

// lingerTime is how long after its FIN a connection that was hung up still takes what the sides send:
// closing at once with bytes unread would turn the FIN into a reset.
const lingerTime = time.Second

// hangUp ends the connection with an end of file on both halves, at once. What the sides still send is
// thrown away until they close too, at most for lingerTime. It reports whether there was one to end.
func (l *Link) hangUp() bool {
	if !l.end.CompareAndSwap(false, true) {
		return false
	}
	for _, d := range l.directions() {
		d.abandon()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed() { // a reset was on its way already
		return true
	}
	_ = port.CloseWrite(l.caller) // nobody is left to tell
	l.linger = time.AfterFunc(lingerTime, l.Close)
	if l.callee != nil {
		_ = port.CloseWrite(l.callee)
		return true
	}
	l.workers.Go(func() {
		_, _ = io.Copy(io.Discard, l.caller) // until it closes, or close does
		l.Close()
	})
	return true
}

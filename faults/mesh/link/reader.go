package link

import (
	"errors"
	"io"
	"net"
	"slices"
	"time"
)

// outBytes bounds what has passed the stages and waits for dst.
const outBytes = 64 << 10

// windowBytes is how much a sender gets rid of when nobody takes it any more: about what a TCP window
// lets it send without an acknowledgement. Then it feels back-pressure, as it would on a dead path.
const windowBytes = 1 << 20

// full tells that the reader must wait.
func (d *direction) full() bool {
	if d.dead {
		return d.thrown >= windowBytes
	}
	if d.losing() && d.lost >= windowBytes {
		return true
	}
	for _, p := range d.stages {
		if p.stage.full() {
			return true
		}
	}
	return d.out.bytes >= outBytes
}

// read is the reader: it ends when src does.
func (d *direction) read() {
	buffer := getBuffer()
	defer putBuffer(buffer)
	defer func() { d.pipe.Close() }()
	for d.awaitRoom() {
		n, err := d.src.Read(*buffer)
		if n > 0 {
			d.arrived((*buffer)[:n])
			if n == len(*buffer) && err == nil {
				err = d.splice()
			}
		}
		if err != nil {
			d.ended(err)
			return
		}
	}
}

// awaitRoom waits until there is room; false: the connection has ended.
func (d *direction) awaitRoom() bool {
	for {
		d.mu.Lock()
		full := d.full()
		d.mu.Unlock()
		if full {
			select {
			case <-d.room:
				continue
			case <-d.link.done:
				return false
			}
		}
		return !d.link.closed()
	}
}

// arrived passes on what was read.
func (d *direction) arrived(data []byte) {
	request := d.link.spoke(d.up)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead {
		d.thrown += len(data)
		return
	}
	if !d.clear() {
		d.push(piece{data: slices.Clone(data), at: time.Now(), request: request})
		return
	}
	d.unlocked(func() { d.write(data) })
}

// ended passes on that src has ended.
func (d *direction) ended(err error) {
	if d.link.closed() {
		return // it was us
	}
	p := piece{at: time.Now(), request: d.link.turns.requests.Load(), end: endReset}
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		p.end = endFIN
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.dead { // hung up, and this side has seen it
		d.finish()
		return
	}
	if p.end == endReset {
		d.hurry()
	}
	if !d.clear() {
		d.push(p)
		return
	}
	d.unlocked(func() { d.end(p.end) })
}

// hurryTime is how long a client that doesn't read can hold back the reset of the other side.
const hurryTime = 100 * time.Millisecond

// hurry bounds the write that may be waiting for dst, unless a gate holds everything anyway.
func (d *direction) hurry() {
	if len(d.gates) == 0 && len(d.stages) == 0 && d.started {
		_ = d.dst.SetWriteDeadline(time.Now().Add(hurryTime)) // a closed dst needs none
	}
}

// Package resumable is a stream of bytes between two processes that outlives the connections that carry it: where one ends without a word, the side that
// dials makes another, and both go on from what the other has taken. A way that is cut for a while, such as a port that an API server forwards, then
// costs time and not what the stream is for. Nobody but these two have the line: who connects shows the token, and the line's own name.
//
// The dialing side says on each connection, and the other answers, one line of JSON each:
//
//	{"squall_line":1,"token":"...","line":"f00d","taken":0}      {"squall_line":1,"taken":0}
//
// taken is how many bytes of the other's a side has. Then come parts each way: a byte that says what it is, four that say how long it is, and
// that. What is sent is kept until the other side has told that it was taken.
package resumable

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// version of what the two sides say.
const version = 1

// DefaultPatience is how long a line may be without a connection before it ends: an API server that is started anew takes less.
const DefaultPatience = 30 * time.Second

const (
	// greetWithin is how long the other side may take to say who it is.
	greetWithin = 10 * time.Second
	// stalledAfter is how long something that was sent may stay untaken: the connection is given up then, and another is made.
	stalledAfter = 5 * time.Second
	// tellWithin bounds how long it takes to tell the other side of the end, and to read that of a connection that has broken.
	tellWithin = time.Second
	// mostKept bounds what waits to be taken, each way: who writes more waits.
	mostKept = 16 << 20
	// mostPart bounds one part, mostGreeting what is said first.
	mostPart     = 64 << 10
	mostGreeting = 4 << 10
)

// The parts.
const (
	partData  = 'd' // bytes of the stream
	partTaken = 't' // how many have been taken of the other's, eight bytes
	partEnd   = 'e' // there will be no more, of either side
)

// ErrCut is part of the error of a line that was without a connection for too long.
var ErrCut = errors.New("the connection was cut")

type greeting struct {
	Version int    `json:"squall_line"`
	Token   string `json:"token,omitempty"`
	Line    string `json:"line,omitempty"`
	Taken   uint64 `json:"taken"`
}

// Conn is one side of a line. It is safe for one reader and one writer at a time.
type Conn struct {
	mu      sync.Mutex
	changed *sync.Cond
	// kept is what was written and not taken yet, from the byte numbered first on; taken are the bytes of the other's that came, in those that wait to be read.
	kept  []byte
	first uint64
	in    []byte
	taken uint64
	// carrier is the connection that carries the line now; nil: none. since is when that became so.
	carrier net.Conn
	since   time.Time
	sending chan struct{} // closed when nothing more is sent over the carrier
	// err is why the line has ended; nil: it has not.
	err  error
	over chan struct{} // closed with err
}

func newConn() *Conn {
	c := &Conn{over: make(chan struct{}), since: time.Now()}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Read reads what the other side has written. After that side's end it is io.EOF.
func (c *Conn) Read(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.in) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.changed.Wait()
	}
	n := copy(b, c.in)
	if c.in = c.in[n:]; len(c.in) == 0 {
		c.in = nil
	}
	c.changed.Broadcast()
	return n, nil
}

// Write keeps bytes until the other side has taken them. It waits where too many do.
func (c *Conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.kept) > 0 && len(c.kept)+len(b) > mostKept && c.err == nil {
		c.changed.Wait()
	}
	if c.err != nil {
		if errors.Is(c.err, io.EOF) {
			return 0, io.ErrClosedPipe
		}
		return 0, c.err
	}
	c.kept = append(c.kept, b...)
	c.changed.Broadcast()
	return len(b), nil
}

// Close ends the line, and tells the other side where that can be told at once. What that side has not taken is lost.
func (c *Conn) Close() error {
	c.end(net.ErrClosed)
	c.mu.Lock()
	carrier, told := c.carrier, c.sending
	c.mu.Unlock()
	if carrier != nil {
		_ = carrier.SetWriteDeadline(time.Now().Add(tellWithin))
		<-told
		_ = carrier.Close()
	}
	return nil
}

// end ends the line for a reason, once.
func (c *Conn) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = why
	close(c.over)
	c.changed.Broadcast()
}

// carry carries the line over a connection whose other side has taken so many bytes, until that ends or another takes its place.
func (c *Conn) carry(over net.Conn, in *bufio.Reader, taken uint64) error {
	c.mu.Lock()
	if c.err != nil || taken < c.first || taken > c.first+uint64(len(c.kept)) {
		defer c.mu.Unlock()
		if c.err == nil {
			return fmt.Errorf("the other side has taken %d bytes, of %d to %d that can be", taken, c.first, c.first+uint64(len(c.kept)))
		}
		return c.err
	}
	c.free(taken)
	sent := make(chan struct{})
	c.carrier, c.sending = over, sent
	c.mu.Unlock()
	go func() {
		defer close(sent)
		c.send(over, taken)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.carrier == over { // what has come before it broke is read still: it may be the end
			c.carrier, c.since = nil, time.Now()
		}
		_ = over.SetReadDeadline(time.Now().Add(tellWithin))
	}()
	err := c.receive(over, in)
	_ = over.Close()
	c.mu.Lock()
	if c.carrier == over {
		c.carrier, c.since = nil, time.Now()
	}
	c.changed.Broadcast() // who sends on it sees that it is no more
	c.mu.Unlock()
	<-sent
	return err
}

// detach takes the line off the connection that carries it, if any does, and tells how much has been taken: nothing more comes from that.
func (c *Conn) detach() (taken uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carrier != nil {
		_ = c.carrier.Close()
		c.carrier, c.since = nil, time.Now()
		c.changed.Broadcast()
	}
	return c.taken
}

// free forgets what the other side has taken. The lock is held.
func (c *Conn) free(taken uint64) {
	c.kept = c.kept[taken-c.first:]
	if c.first = taken; len(c.kept) == 0 {
		c.kept = nil
	}
}

// send sends what there is from a byte on, and what has been taken, while a connection carries the line.
func (c *Conn) send(over net.Conn, next uint64) {
	told := uint64(0)
	for {
		c.mu.Lock()
		for c.carrier == over && c.err == nil && next == c.first+uint64(len(c.kept)) && told == c.taken {
			c.changed.Wait()
		}
		if c.carrier != over || c.err != nil {
			tell := c.carrier == over && errors.Is(c.err, net.ErrClosed)
			c.mu.Unlock()
			if tell {
				_, _ = over.Write([]byte{partEnd, 0, 0, 0, 0}) // where it does not come there, its patience has to do
			}
			return
		}
		from := int(next - c.first)
		part := c.kept[from:min(len(c.kept), from+mostPart)]
		message := make([]byte, 0, len(part)+18)
		if told != c.taken {
			told = c.taken
			message = binary.BigEndian.AppendUint64(append(message, partTaken, 0, 0, 0, 8), told)
		}
		if len(part) > 0 {
			message = append(binary.BigEndian.AppendUint32(append(message, partData), uint32(len(part))), part...)
			next += uint64(len(part))
		}
		c.mu.Unlock()
		if _, err := over.Write(message); err != nil {
			return
		}
		c.expect(over)
	}
}

// receive takes what comes over a connection, until that ends.
func (c *Conn) receive(over net.Conn, in *bufio.Reader) error {
	for {
		c.expect(over)
		var head [5]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return err
		}
		n := binary.BigEndian.Uint32(head[1:])
		if n > mostPart {
			return fmt.Errorf("a part of %d bytes is longer than %d", n, mostPart)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		switch {
		case head[0] == partData:
			if err := c.take(over, body); err != nil {
				return err
			}
		case head[0] == partTaken && n == 8:
			c.mu.Lock()
			if taken := binary.BigEndian.Uint64(body); taken >= c.first && taken <= c.first+uint64(len(c.kept)) {
				c.free(taken)
				c.changed.Broadcast()
			}
			c.mu.Unlock()
		case head[0] == partEnd:
			c.end(io.EOF)
			return io.EOF
		default:
			return fmt.Errorf("a part of kind %q and %d bytes is none of a line", head[0], n)
		}
	}
}

// expect has a connection end on which nothing comes though something was sent that the other side is to say that it has taken.
func (c *Conn) expect(over net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.carrier != over {
		return
	}
	deadline := time.Time{} // none
	if len(c.kept) > 0 {
		deadline = time.Now().Add(stalledAfter)
	}
	_ = over.SetReadDeadline(deadline)
}

// take takes bytes in, once there is room.
func (c *Conn) take(over net.Conn, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.in) > 0 && len(c.in)+len(body) > mostKept && c.err == nil && c.carrier == over {
		c.changed.Wait()
	}
	if c.err != nil {
		return c.err
	}
	if c.carrier != over {
		return net.ErrClosed // another carries on, and has said how far this came
	}
	c.in = append(c.in, body...)
	c.taken += uint64(len(body))
	c.changed.Broadcast()
	return nil
}

func writeGreeting(to io.Writer, g greeting) error {
	line, err := json.Marshal(g)
	if err != nil {
		return err
	}
	_, err = to.Write(append(line, '\n'))
	return err
}

func readGreeting(in *bufio.Reader) (g greeting, err error) {
	var line []byte
	for len(line) == 0 || line[len(line)-1] != '\n' {
		b, err := in.ReadByte()
		if err != nil {
			return g, fmt.Errorf("read the other side's greeting: %w", err)
		}
		if line = append(line, b); len(line) > mostGreeting {
			return g, errStranger
		}
	}
	if json.Unmarshal(line, &g) != nil || g.Version == 0 {
		return g, errStranger
	}
	if g.Version != version {
		return g, fmt.Errorf("the other side speaks version %d of lines, this one %d: use the same squall on both", g.Version, version)
	}
	return g, nil
}

var errStranger = errors.New("the other side has no line of squall's")

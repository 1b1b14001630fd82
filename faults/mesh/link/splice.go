package link

import (
	"net"
	"time"

	"github.com/squallhq/squall/faults/mesh/port"
)

// splice carries bulk through the kernel until less than a buffer's worth comes at once or a fault
// comes on. It returns what ended src, nil while that goes on. Bytes that are in the pipe when a fault comes on are
// taken out again and meet it.
func (d *direction) splice() error {
	if d.pipe == nil {
		d.pipe = port.NewPipe(d.src, d.dst, func(n int) { d.link.delivered(d.up, n) })
	}
	if d.pipe == nil || d.pipe.Failed() {
		return nil
	}
	for d.awaitRoom() {
		n, err := d.pipe.Fill()
		if n == 0 {
			return err
		}
		if err := d.spliced(d.pipe); err != nil || n < bufferBytes {
			return err
		}
	}
	return net.ErrClosed
}

// spliced passes on what is in the pipe: to dst, or to the stages if there are any now.
func (d *direction) spliced(p *port.Pipe) error {
	request := d.link.spoke(d.up)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.clear() && !d.dead {
		d.unlocked(func() {
			d.link.delivering(d.up)
			if p.Flush() != nil {
				d.fail()
			}
		})
		return nil
	}
	for p.Held() > 0 {
		data := make([]byte, min(p.Held(), bufferBytes))
		n, err := p.Read(data)
		if err != nil {
			return err
		}
		if d.dead {
			d.thrown += n
		} else {
			d.push(piece{data: data[:n], at: time.Now(), request: request})
		}
	}
	return nil
}

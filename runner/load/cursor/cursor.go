// Package cursor reads numbers and texts off bytes in which they stand one after the other.
package cursor

import (
	"encoding/binary"
	"errors"
)

// ErrBroken is the error of bytes that end too early, or are no number.
var ErrBroken = errors.New("it is broken")

// Cursor takes what stands next off Left. Its first error stays, and from then on all that it takes is zero.
type Cursor struct {
	Left []byte
	Err  error
}

// Break says that what was read can't be right.
func (c *Cursor) Break() { c.Err = ErrBroken }

// Take is so many bytes, which are Left's own.
func (c *Cursor) Take(n uint64) []byte {
	if c.Err != nil || n > uint64(len(c.Left)) {
		c.Break()
		return nil
	}
	out := c.Left[:n]
	c.Left = c.Left[n:]
	return out
}

// Byte is one.
func (c *Cursor) Byte() byte {
	if b := c.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Text is a text after its length.
func (c *Cursor) Text() string { return string(c.Take(c.Uvarint())) }

// Uvarint is a number as binary.AppendUvarint writes it.
func (c *Cursor) Uvarint() uint64 {
	n, size := binary.Uvarint(c.Left)
	c.past(size)
	if c.Err != nil {
		return 0
	}
	return n
}

// Varint is a number as binary.AppendVarint writes it.
func (c *Cursor) Varint() int64 {
	n, size := binary.Varint(c.Left)
	c.past(size)
	if c.Err != nil {
		return 0
	}
	return n
}

// past goes past a number that was read; no size: there was none.
func (c *Cursor) past(size int) {
	if c.Err != nil || size <= 0 {
		c.Break()
		return
	}
	c.Left = c.Left[size:]
}

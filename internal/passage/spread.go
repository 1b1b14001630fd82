package passage

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"iter"
	"math/bits"
	"sync/atomic"
	"time"
)

// Buckets of a spread are 1 us wide below 2^8 us; above, each doubling has 2^7 of them, so that a stay is at most 0.4 % off the
// middle of its own. The longest are counted as one of 2^31 us, which is 35 minutes.
const (
	octaveBits = 7
	octaveSize = 1 << octaveBits
	octaves    = 31 - octaveBits + 1
	longest    = 1<<31 - 1
)

// Spreading counts how long stays were. It has memory for those doublings alone in which there was one: 1 kB each. The zero value
// is empty. It is safe for concurrent use.
type Spreading struct {
	octaves [octaves]atomic.Pointer[[octaveSize]atomic.Int64]
}

// Add counts one stay.
func (s *Spreading) Add(stay time.Duration) {
	octave, sub := bucketOf(stay)
	counts := s.octaves[octave].Load()
	if counts == nil {
		s.octaves[octave].CompareAndSwap(nil, new([octaveSize]atomic.Int64)) // or another was quicker
		counts = s.octaves[octave].Load()
	}
	counts[sub].Add(1)
}

func bucketOf(stay time.Duration) (octave, sub int) {
	us := min(max(int64((stay+time.Microsecond/2)/time.Microsecond), 0), longest)
	octave = max(0, bits.Len64(uint64(us))-octaveBits)
	return octave, int(us>>max(0, octave-1)) & (octaveSize - 1)
}

// middle is the middle of a bucket.
func middle(bucket int) time.Duration {
	octave, sub := bucket/octaveSize, int64(bucket%octaveSize)
	if octave == 0 {
		return time.Duration(sub) * time.Microsecond
	}
	width := int64(1) << (octave - 1)
	return time.Duration((octaveSize+sub)*width)*time.Microsecond + time.Duration(width-1)*time.Microsecond/2
}

// Read is what has been counted until now.
func (s *Spreading) Read() Spread {
	var p packing
	for o := range s.octaves {
		if counts := s.octaves[o].Load(); counts != nil {
			for sub := range counts {
				p.add(o*octaveSize+sub, counts[sub].Load())
			}
		}
	}
	return Spread(p.out)
}

// Spread is how many stays were how long, as pairs of varints: how many buckets further, and the count. Some hundred bytes hold
// any number of them.
type Spread string

// packing writes a spread.
type packing struct {
	out  []byte
	last int
}

func (p *packing) add(bucket int, n int64) {
	if n > 0 {
		p.out = binary.AppendUvarint(binary.AppendUvarint(p.out, uint64(bucket-p.last)), uint64(n))
		p.last = bucket
	}
}

// buckets are those that hold anything, in order.
func (s Spread) buckets() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		for bucket, rest := 0, []byte(s); len(rest) > 0; {
			step, width := binary.Uvarint(rest)
			n, width2 := binary.Uvarint(rest[max(width, 0):])
			if width <= 0 || width2 <= 0 {
				return // UnmarshalText lets none in
			}
			bucket, rest = bucket+int(step), rest[width+width2:]
			if !yield(bucket, int64(n)) {
				return
			}
		}
	}
}

// Stays are the lengths that there were, from the shortest, and how many of each.
func (s Spread) Stays() iter.Seq2[time.Duration, int64] {
	return func(yield func(time.Duration, int64) bool) {
		for bucket, n := range s.buckets() {
			if !yield(middle(bucket), n) {
				return
			}
		}
	}
}

// Add is both together, Sub what came since an earlier reading.
func (s Spread) Add(o Spread) Spread { return s.with(o, 1) }
func (s Spread) Sub(o Spread) Spread { return s.with(o, -1) }

func (s Spread) with(o Spread, sign int64) Spread {
	if o == "" {
		return s
	}
	var counts [octaves * octaveSize]int64
	for bucket, n := range s.buckets() {
		counts[bucket] += n
	}
	for bucket, n := range o.buckets() {
		counts[bucket] += sign * n
	}
	var p packing
	for bucket, n := range counts {
		p.add(bucket, n)
	}
	return Spread(p.out)
}

// MarshalText is base64.
func (s Spread) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, []byte(s)), nil
}

// UnmarshalText reads what MarshalText wrote.
func (s *Spread) UnmarshalText(text []byte) error {
	packed, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("read a spread of times: %w", err)
	}
	for at, bucket := 0, uint64(0); at < len(packed); {
		step, width := binary.Uvarint(packed[at:])
		if width <= 0 || step >= octaves*octaveSize || bucket+step >= octaves*octaveSize {
			return fmt.Errorf("read a spread of times: no bucket at byte %d", at)
		}
		_, width2 := binary.Uvarint(packed[at+width:])
		if width2 <= 0 {
			return fmt.Errorf("read a spread of times: no count at byte %d", at+width)
		}
		at, bucket = at+width+width2, bucket+step
	}
	*s = Spread(packed)
	return nil
}

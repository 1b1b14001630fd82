package record

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// buckets are the counts of a histogram of NewHistogram's geometry, up to the highest value seen:
// latencies below a second take 50 kB, where HdrHistogram takes 170 kB, and its encoder 0.8 MB a
// time. The format that leaves this package is HdrHistogram's.
type buckets struct {
	counts []uint32
	total  int64
	zip    *zlib.Writer
}

// Buckets are 1 us wide below 2^11 us; above, each doubling has 2^10 of them.
const exactBits = 11

// bucketOf is the index of the bucket that a value in us falls into.
func bucketOf(us uint32) int {
	if us < 1<<exactBits {
		return int(us)
	}
	shift := bits.Len32(us) - exactBits
	return shift<<(exactBits-1) + int(us>>shift)
}

// bucketTop is the highest value in us of a bucket.
func bucketTop(i int) int64 {
	if i < 1<<exactBits {
		return int64(i)
	}
	shift := i>>(exactBits-1) - 1
	sub := int64(i - shift<<(exactBits-1))
	return (sub+1)<<shift - 1
}

func (b *buckets) clear() {
	clear(b.counts)
	b.total = 0
}

func (b *buckets) add(us uint32) { b.addTo(bucketOf(us), 1) }

func (b *buckets) addTo(i int, n uint32) {
	if i >= len(b.counts) {
		grown := make([]uint32, (i/1024+1)*1024)
		copy(grown, b.counts)
		b.counts = grown
	}
	b.counts[i] += n
	b.total += int64(n)
}

// pack writes the counts as pairs of varints: how many buckets further, and the count.
func (b *buckets) pack() []byte {
	out := make([]byte, 0, 256)
	last := 0
	for i, n := range b.counts {
		if n > 0 {
			out = binary.AppendUvarint(out, uint64(i-last))
			out = binary.AppendUvarint(out, uint64(n))
			last = i
		}
	}
	return bytes.Clone(out)
}

// unpack adds what pack wrote.
func (b *buckets) unpack(packed []byte) {
	for i := 0; len(packed) > 0; {
		step, n := binary.Uvarint(packed)
		packed = packed[n:]
		count, n := binary.Uvarint(packed)
		packed = packed[n:]
		i += int(step)
		b.addTo(i, uint32(count))
	}
}

// quantile is the value at a percentile, by the same rule as Quantile; 0 if there is none.
func (b *buckets) quantile(percentile float64) time.Duration {
	rank := Rank(percentile, b.total)
	for i, n := range b.counts {
		if rank -= int64(n); rank <= 0 && n > 0 {
			return middle(bucketTop(i))
		}
	}
	return 0
}

// wordSize is the part of the encoding's cookies that says that counts are varints.
const wordSize = 0x10

// encode writes the counts in the HDR V2 compressed encoding, base64: a header, then each count as
// a zig-zag LEB128, runs of zeros as their negative length.
func (b *buckets) encode() string {
	counts := make([]byte, 0, 1024)
	zeros := int64(0)
	for _, n := range b.counts {
		if n == 0 {
			zeros++
			continue
		}
		if zeros > 0 {
			// encoding/binary's signed varints are zig-zag LEB128; a run of one zero is the count 0.
			counts = binary.AppendVarint(counts, -zeros*min(zeros-1, 1))
			zeros = 0
		}
		counts = binary.AppendVarint(counts, int64(n))
	}
	var out bytes.Buffer
	out.Write(make([]byte, 8))
	if b.zip == nil {
		b.zip = zlib.NewWriter(nil)
	}
	b.zip.Reset(&out)
	head := binary.BigEndian.AppendUint32(nil, uint32(hdrhistogram.V2EncodingCookieBase|wordSize))
	head = binary.BigEndian.AppendUint32(head, uint32(len(counts)))
	head = binary.BigEndian.AppendUint32(head, 0)
	head = binary.BigEndian.AppendUint32(head, histogramDigits)
	head = binary.BigEndian.AppendUint64(head, histogramLowest)
	head = binary.BigEndian.AppendUint64(head, uint64(histogramHighest))
	head = binary.BigEndian.AppendUint64(head, math.Float64bits(1))
	_, _ = b.zip.Write(head) // a bytes.Buffer takes everything
	_, _ = b.zip.Write(counts)
	_ = b.zip.Close()
	encoded := out.Bytes()
	binary.BigEndian.PutUint32(encoded, uint32(hdrhistogram.V2CompressedEncodingCookieBase|wordSize))
	binary.BigEndian.PutUint32(encoded[4:], uint32(len(encoded)-8))
	return base64.StdEncoding.EncodeToString(encoded)
}

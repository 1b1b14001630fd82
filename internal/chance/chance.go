// Package chance derives seeds and draws from names and numbers. Same inputs, same outputs: in every version, on every
// platform and engine, in whatever order they are asked for. Its formulas are part of what a seed means and never change.
package chance

const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
	// gamma is splitmix64's increment, the golden ratio's fraction.
	gamma uint64 = 0x9e3779b97f4a7c15
)

// Seed derives the seed of one generator from the root of all chance and the generator's own
// name, given as parts ("load", "shoppers", "arrivals"). Different parts give unrelated
// seeds, and ("ab", "c") differs from ("a", "bc").
//
// It is FNV-1a (64 bits) over the root's 8 bytes, little endian, and for each part its bytes and
// its length as 8 bytes, followed by the finaliser of splitmix64, so that roots that differ in one bit
// give seeds that differ in about half of theirs.
func Seed(root uint64, parts ...string) uint64 {
	h := number(fnvOffset, root)
	for _, part := range parts {
		h = number(text(h, part), uint64(len(part)))
	}
	return Finish(h)
}

// Key derives the key of a named thing from a seed: Scramble(seed) ^ FNV-1a of each name and a zero byte.
func Key(seed uint64, names ...string) uint64 {
	h := fnvOffset
	for _, n := range names {
		h = text(h, n) * fnvPrime // a zero byte changes nothing before the product
	}
	return Scramble(seed) ^ h
}

// Hash is FNV-1a (64 bits) of a text.
func Hash(s string) uint64 { return text(fnvOffset, s) }

// Fold folds a text into a hash: FNV-1a that starts from h, then Scramble, since FNV alone leaves near names near.
func Fold(h uint64, s string) uint64 { return Scramble(text(h^fnvOffset, s)) }

// Uniform is a draw in [0, 1) that its key determines.
func Uniform(key uint64) float64 { return float64(Scramble(key)>>11) / (1 << 53) }

// Scramble is splitmix64's step from state x: numbers that are near each other, zero too, get ones that have nothing in common.
func Scramble(x uint64) uint64 { return Finish(x + gamma) }

// Finish is splitmix64's finaliser: every bit of x moves about half of the result's. Zero stays zero.
func Finish(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Numbered are the two seeds (as of a PCG) of the nth generator of a name: n may be a request's number.
func Numbered(seed, name, n uint64) (uint64, uint64) {
	return Finish(seed ^ name), Finish(name + n*gamma)
}

// Trace is the id of the trace of a user request, whose own id it is: never zero.
func Trace[T string | []byte](seed uint64, request T) (high, low uint64) {
	high = Scramble(text(Scramble(seed^0x7472616365)^fnvOffset, request)) | 1 // "trace"
	return high, Scramble(high)
}

func text[T string | []byte](h uint64, s T) uint64 {
	for n := range len(s) {
		h = (h ^ uint64(s[n])) * fnvPrime
	}
	return h
}

// number adds the 8 bytes of n, little endian.
func number(h, n uint64) uint64 {
	for range 8 {
		h = (h ^ n&0xff) * fnvPrime
		n >>= 8
	}
	return h
}

package topology

// Seed derives the seed of one generator from the root of all chance and the generator's own
// name, given as parts ("load", "shoppers", "arrivals"). It is stable: the same root and parts give the
// same seed in every version, on every platform and engine. Different parts give unrelated
// seeds, and ("ab", "c") differs from ("a", "bc").
//
// It is FNV-1a (64 bits) over the root's 8 bytes, little endian, and for each part its bytes and
// its length as 8 bytes, followed by the finaliser of splitmix64, so that roots that differ in one bit
// give seeds that differ in about half of theirs.
func Seed(root uint64, parts ...string) uint64 {
	h := number(fnvOffset, root)
	for _, part := range parts {
		for i := range len(part) {
			h = (h ^ uint64(part[i])) * fnvPrime
		}
		h = number(h, uint64(len(part)))
	}
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

// number adds the 8 bytes of n, little endian.
func number(h, n uint64) uint64 {
	for range 8 {
		h = (h ^ n&0xff) * fnvPrime
		n >>= 8
	}
	return h
}

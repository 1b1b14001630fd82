package chance

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"testing"
)

// TestSeedIsStable pins seeds: a change would redraw every recorded run.
func TestSeedIsStable(t *testing.T) {
	tests := []struct {
		root  uint64
		parts []string
	}{
		{0, nil}, {1, nil}, {1, []string{"load", "shoppers"}}, {1<<64 - 1, []string{"node", "catalog-1"}}, {42, []string{""}},
	}
	pinned := []uint64{0x813f0174a2367c13, 0x5ca6bbcbb1e85355, 0x4e9325f9b73a0dae, 0x38687c42773face6, 0x1eca8d844f239f11}
	for i, test := range tests {
		got := Seed(test.root, test.parts...)
		if want := reference(test.root, test.parts...); got != want {
			t.Errorf("seed(%d, %q) is %#x, by the standard library's FNV-1a it is %#x", test.root, test.parts, got, want)
		}
		if got != pinned[i] {
			t.Errorf("seed(%d, %q) became %#x, it was %#x", test.root, test.parts, got, pinned[i])
		}
	}
}

// reference is Seed by its description, on the standard library's FNV-1a.
func reference(root uint64, parts ...string) uint64 {
	h := fnv.New64a()
	h.Write(binary.LittleEndian.AppendUint64(nil, root))
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(part))))
	}
	z := h.Sum64()
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func TestSeedsDiffer(t *testing.T) {
	seen := map[uint64][]string{}
	for _, parts := range [][]string{nil, {""}, {"", ""}, {"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"c", "ab"}} {
		seed := Seed(7, parts...)
		if other, ok := seen[seed]; ok {
			t.Errorf("%q and %q have the same seed", other, parts)
		}
		seen[seed] = parts
	}
}

// TestSeedSpreads flips each bit of the root: half of the seed's bits change, on average.
func TestSeedSpreads(t *testing.T) {
	flipped, tries := 0, 0
	for root := range uint64(200) {
		for bit := range 64 {
			flipped += bits.OnesCount64(Seed(root, "x") ^ Seed(root^1<<bit, "x"))
			tries++
		}
	}
	if mean := float64(flipped) / float64(tries); mean < 31.5 || mean > 32.5 {
		t.Errorf("a flipped bit of the root changes %.2f bits of the seed, want about 32", mean)
	}
}

package mesh

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/squallhq/squall/faults"
)

// slicesOf sends n bytes through a slicer in memory and returns the sizes of what arrives, a write each.
func slicesOf(t *testing.T, seed uint64, a faults.SlicerToxic, n int) (sizes []int) {
	t.Helper()
	bubbleOf(t, Options{Seed: seed}, Edge{}, func(t *testing.T, m *Mesh, caller, callee net.Conn) {
		applyTo(t, m, "f", toxicOn(faults.Upstream, a))
		go func() { _, _ = caller.Write(make([]byte, n)) }()
		buffer := make([]byte, n)
		for got := 0; got < n; {
			k, err := callee.Read(buffer)
			if err != nil {
				t.Fatal(err)
			}
			got += k
			sizes = append(sizes, k)
		}
	})
	return sizes
}

// TestSlicerCutsPiecesOfItsMeanSize: as `explain slicer` says, where toxiproxy's halves until they are small enough.
func TestSlicerCutsPiecesOfItsMeanSize(t *testing.T) {
	const bytes = 50_000
	for _, c := range []struct {
		toxic       faults.SlicerToxic
		least, most int // of pieces
	}{
		{faults.SlicerToxic{AverageSize: 1000, Delay: 1000, Slicing: faults.SlicingMean}, 50, 50},
		{faults.SlicerToxic{AverageSize: 1000, SizeVariation: 500, Delay: 1000, Slicing: faults.SlicingMean}, 44, 56},
		{faults.SlicerToxic{AverageSize: 1000, Slicing: faults.SlicingMean}, 50, 54}, // one more where a read ends
		{faults.SlicerToxic{AverageSize: 1000, Delay: 1000}, 60, 128},                // toxiproxy's way
	} {
		t.Run(fmt.Sprint(c.toxic), func(t *testing.T) {
			got := slicesOf(t, 1, c.toxic, bytes)
			if len(got) < c.least || len(got) > c.most {
				t.Errorf("%d pieces, want %d to %d", len(got), c.least, c.most)
			}
			for _, size := range got[:len(got)-1] {
				if size > int(c.toxic.AverageSize+c.toxic.SizeVariation) {
					t.Errorf("a piece of %d bytes", size)
				}
			}
		})
	}
}

// TestSlicerDrawsFromTheSeed: the same seed cuts alike, both ways of cutting, and another one otherwise.
func TestSlicerDrawsFromTheSeed(t *testing.T) {
	for _, slicing := range []string{"", faults.SlicingMean} {
		toxic := faults.SlicerToxic{AverageSize: 1000, SizeVariation: 400, Delay: 1000, Slicing: slicing}
		first, again, other := slicesOf(t, 1, toxic, 20_000), slicesOf(t, 1, toxic, 20_000), slicesOf(t, 2, toxic, 20_000)
		if !slices.Equal(first, again) {
			t.Errorf("%q: one seed cut %v, then %v", slicing, first, again)
		}
		if slices.Equal(first, other) {
			t.Errorf("%q: two seeds cut alike: %v", slicing, first)
		}
	}
}

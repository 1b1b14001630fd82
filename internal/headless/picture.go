package headless

import (
	"bytes"
	"cmp"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// Picture keeps a picture of the window as NAME.png where SQUALL_PICTURES names a folder, for people to look at; elsewhere it does nothing. It has the
// 256 colours that are there most often, which of a page is nearly all, and takes a third of the room.
func Picture(t *testing.T, b *Browser, name string) {
	t.Helper()
	dir := os.Getenv("SQUALL_PICTURES")
	if dir == "" {
		return
	}
	taken, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	shown, err := png.Decode(bytes.NewReader(taken))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, fewer(shown)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// fewer is a picture in its 256 most frequent colours, each other one as the nearest of these.
func fewer(of image.Image) *image.Paletted {
	counts, bounds := map[color.Color]int{}, of.Bounds()
	each := func(do func(x, y int, c color.Color)) {
		for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
			for x := bounds.Min.X; x < bounds.Max.X; x++ {
				do(x, y, of.At(x, y))
			}
		}
	}
	each(func(_, _ int, c color.Color) { counts[c]++ })
	most := slices.SortedFunc(maps.Keys(counts), func(a, b color.Color) int { return cmp.Compare(counts[b], counts[a]) })
	out := image.NewPaletted(bounds, most[:min(len(most), 256)])
	nearest := map[color.Color]uint8{}
	each(func(x, y int, c color.Color) {
		i, known := nearest[c]
		if !known {
			i = uint8(out.Palette.Index(c))
			nearest[c] = i
		}
		out.SetColorIndex(x, y, i)
	})
	return out
}

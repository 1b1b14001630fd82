package chance

import (
	"math/rand/v2"
	"testing"
)

// TestFormulasAreWhatSeedsMeant pins every formula by what it gave before they stood in one place: a change would redraw
// every recorded run.
func TestFormulasAreWhatSeedsMeant(t *testing.T) {
	t.Parallel()
	first, second := Numbered(7, Hash("shoppers\x00arrivals"), 3)
	for _, test := range []struct {
		what      string
		got, want uint64
	}{
		{"fold nothing", Fold(0, ""), 14087677454934409008},
		{"fold", Fold(42, "orders"), 12827564147432723949},
		{"fold a near name", Fold(42, "orders#2"), 7756582615279577301},
		{"scramble 0", Scramble(0), 16294208416658607535},
		{"scramble 1", Scramble(1), 10451216379200822465},
		{"scramble the highest bit", Scramble(1 << 63), 5196802822362493915},
		{"hash", Hash("shoppers\x00arrivals"), 15096865660984520577},
		{"finish 0", Finish(0), 0},
		{"finish 1", Finish(1), 6238072747940578789},
		{"finish the highest bit", Finish(1 << 63), 2720858781877447050},
		{"key of nothing", Key(1), 6555183905775845348},
		{"key", Key(1, "a", "bc"), 15065152150972765880},
		{"key of other parts", Key(1, "ab", "c"), 4334902399503965124},
		{"seed", Seed(0), 9313164154874788883},
		{"seed of parts", Seed(1, "ab", "c"), 9372554166564364503},
		{"first of a number", first, Finish(7 ^ 15096865660984520577)},
	} {
		if test.got != test.want {
			t.Errorf("%s became %d, it was %d", test.what, test.got, test.want)
		}
	}
	pcg := rand.NewPCG(first, second)
	if got := pcg.Uint64(); got != 1282739667551352578 {
		t.Errorf("the 3rd request's generator draws %d first, it drew 1282739667551352578", got)
	}
	if got := Uniform(5); got != 0.386768045983934 {
		t.Errorf("uniform became %v", got)
	}
}

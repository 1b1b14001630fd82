package words

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShares(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parts []int64
		want  string
	}{
		{[]int64{5, 0, 0}, "100% 0% 0%"}, {[]int64{3, 1, 0}, "75% 25% 0%"}, {[]int64{1, 1, 1}, "33.4% 33.3% 33.3%"}, {[]int64{2, 1}, "66.7% 33.3%"},
		{[]int64{999999, 0, 1}, "99.9999% 0% 0.0001%"}, {[]int64{159, 80, 504}, "21.4% 10.8% 67.8%"}, {[]int64{0, 0}, ""},
	} {
		if got := strings.Join(Shares(c.parts...), " "); got != c.want {
			t.Errorf("%v: %q, want %q", c.parts, got, c.want)
		}
	}
}

// Of whatever parts, percentages add up, none that is there reads as none, and none that is not all reads as all.
func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		parts := make([]int64, 2+chance.IntN(4))
		for i := range parts {
			parts[i] = chance.Int64N(1 << chance.IntN(24))
		}
		sum := 0.0
		for i, s := range Shares(parts...) {
			f, err := strconv.ParseFloat(strings.TrimSuffix(s, "%"), 64)
			if err != nil {
				t.Fatal(err)
			}
			sum += f
			if (f == 0) != (parts[i] == 0) {
				t.Fatalf("%v: part %d reads as %s", parts, i, s)
			}
		}
		if sum != 0 && cmp.Diff("100.000000", fmt.Sprintf("%.6f", sum)) != "" {
			t.Fatalf("%v: %v add up to %f", parts, Shares(parts...), sum)
		}
	}
}

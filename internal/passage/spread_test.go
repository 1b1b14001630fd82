package passage_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/squallhq/squall/internal/passage"
)

// Every length is at most 0.4 % or half a microsecond off what is read, whatever it is.
func TestSpreadOfOne(t *testing.T) {
	for us := int64(0); us < 1<<31; us += 1 + us/301 {
		var s passage.Spreading
		stay := time.Duration(us) * time.Microsecond
		s.Add(stay)
		seen := 0
		for got, n := range s.Read().Stays() {
			seen++
			if off := math.Abs(float64(got - stay)); n != 1 || off > 0.004*float64(stay) {
				t.Fatalf("%s reads as %d of %s", stay, n, got)
			}
		}
		if seen != 1 {
			t.Fatalf("%s reads as %d buckets", stay, seen)
		}
	}
}

func TestSpreadOfTheLongest(t *testing.T) {
	var s passage.Spreading
	s.Add(-time.Second)
	s.Add(100 * time.Hour)
	var got []time.Duration
	for stay := range s.Read().Stays() {
		got = append(got, stay)
	}
	if len(got) != 2 || got[0] != 0 || got[1] < 35*time.Minute || got[1] > 36*time.Minute {
		t.Errorf("less than nothing and 100 h read as %v", got)
	}
}

// What many added at once is all there, and two readings differ by what came between them, over the wire too.
func TestSpreadAddsUp(t *testing.T) {
	var s passage.Spreading
	fill := func(seed uint64) {
		var all sync.WaitGroup
		for g := range uint64(4) {
			all.Go(func() {
				chance := rand.New(rand.NewPCG(seed, g))
				for range 5000 {
					s.Add(time.Duration(chance.ExpFloat64() * float64(20*time.Millisecond)))
				}
			})
		}
		all.Wait()
	}
	fill(1)
	first := s.Read()
	fill(2)
	last := s.Read()
	count := func(s passage.Spread) (n int64) {
		for _, k := range s.Stays() {
			n += k
		}
		return n
	}
	between := last.Sub(first)
	if count(first) != 20000 || count(last) != 40000 || count(between) != 20000 || between == first {
		t.Errorf("%d, then %d, %d between them, want 20000, 40000 and 20000 others", count(first), count(last), count(between))
	}
	if first.Add(between) != last {
		t.Error("what was first and what came since are not all")
	}
	text, err := json.Marshal(last)
	var back passage.Spread
	if err != nil || json.Unmarshal(text, &back) != nil || back != last {
		t.Errorf("over the wire it is not the same: %v, %d bytes", err, len(text))
	}
	if len(text) > 8000 {
		t.Errorf("40,000 stays take %d bytes", len(text))
	}
}

func TestSpreadThatIsNone(t *testing.T) {
	for _, text := range []string{`"!"`, `"gA=="`, `"AQ=="`, `"//////////8BAQ=="`, `"gCABgCABgCAB"`} {
		var s passage.Spread
		if json.Unmarshal([]byte(text), &s) == nil {
			t.Errorf("%s was taken for a spread", text)
		}
	}
}

func BenchmarkSpreading(b *testing.B) {
	var s passage.Spreading
	for i := range 1000 {
		s.Add(time.Duration(i) * 20 * time.Microsecond)
	}
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			s.Add(7 * time.Millisecond)
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			_ = s.Read()
		}
	})
}

package breadth

import (
	"flag"
	"os"
	"strconv"
	"testing"
)

// Within as many days as one in so many is run, each has its turn once; who says no day, or asks by name, has all.
func TestEachHasItsTurn(t *testing.T) {
	const many, oneIn = 12, 4
	t.Setenv(day, "1") // and put back at the end
	turns := func(named string, say func(today int)) (ran [many]int) {
		was := flag.Lookup("test.run").Value.String()
		defer func() { _ = flag.Set("test.run", was) }()
		if err := flag.Set("test.run", named); err != nil {
			t.Fatal(err)
		}
		for today := 365; today < 365+oneIn; today++ {
			say(today)
			for n := range many {
				t.Run(strconv.Itoa(n), func(t *testing.T) {
					Today(called{t, "TestOfMany/" + strconv.Itoa(n)}, oneIn)
					ran[n]++
				})
			}
		}
		return ran
	}
	byDay := func(today int) { _ = os.Setenv(day, strconv.Itoa(today)) }
	for _, c := range []struct {
		name, named string
		say         func(int)
		want        int
	}{{"by day", "", byDay, 1}, {"by name", "TestEachHasItsTurn", byDay, oneIn}, {"without a day", "", func(int) { _ = os.Unsetenv(day) }, oneIn}} {
		for n, times := range turns(c.named, c.say) {
			if times != c.want {
				t.Errorf("%s the %dth was run %d times in %d days, want %d", c.name, n, times, oneIn, c.want)
			}
		}
	}
}

// called is a test by another name.
type called struct {
	testing.TB
	name string
}

func (c called) Name() string { return c.name }

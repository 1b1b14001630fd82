package breadth

import (
	"os"
	"strconv"
	"testing"
)

// Within as many days as one in so many is run, each has its turn once; who says no day has all.
func TestEachHasItsTurn(t *testing.T) {
	const many, oneIn = 12, 4
	t.Setenv(day, "1") // and put back at the end
	turns := func(say func(today int)) (ran [many]int) {
		for today := 365; today < 365+oneIn; today++ {
			say(today)
			for n := range many {
				t.Run(strconv.Itoa(n), func(t *testing.T) {
					Today(t, n, oneIn)
					ran[n]++
				})
			}
		}
		return ran
	}
	byDay := turns(func(today int) { _ = os.Setenv(day, strconv.Itoa(today)) })
	all := turns(func(int) { _ = os.Unsetenv(day) })
	for n := range many {
		if byDay[n] != 1 || all[n] != oneIn {
			t.Errorf("in %d days the %dth was run %d times by day, want once, and %d times without a day", oneIn, n, byDay[n], all[n])
		}
	}
}

// A test that is not one of a row has its turn by its name, the same on each day.
func TestANameIsANumber(t *testing.T) {
	if n := Name(t); n < 0 || n != Name(t) {
		t.Errorf("its number is %d, and then %d", n, Name(t))
	}
}

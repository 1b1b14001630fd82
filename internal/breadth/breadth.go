// Package breadth has a wide test run a part of what it is about, another part on each day, where that is asked for: `make test` asks for it, CI for all.
package breadth

import (
	"hash/fnv"
	"os"
	"strconv"
	"testing"
	"time"
)

// day is the variable of the environment that says today's number in the year: a part of all is run. It is make that says which it is, and go
// test does not take what it has kept of another day for today's. Without it all is run.
const day = "SQUALL_DAY"

// Today leaves the nth test of many to another day where the environment says which it is, unless it is its turn, as it is of one in oneIn each day.
func Today(t testing.TB, n, oneIn int) {
	t.Helper()
	if _, said := os.LookupEnv(day); said {
		OneIn(t, n, oneIn)
	}
}

// OneIn leaves the nth test of many to another day, whatever was asked for, unless it is its turn.
func OneIn(t testing.TB, n, oneIn int) {
	t.Helper()
	if n%oneIn != Day()%oneIn {
		t.Skipf("one in %d of these is run each day, and this is not its day: `make test WHOLE=1` runs all, and so does go test without %s and -short", oneIn, day)
	}
}

// Day is today's number in the year, from 1.
func Day() int {
	if n, err := strconv.Atoi(os.Getenv(day)); err == nil {
		return n
	}
	return time.Now().UTC().YearDay()
}

// Name numbers a test that is not one of a row, by its name.
func Name(t testing.TB) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(t.Name())) // a hash takes everything
	return int(h.Sum32() >> 12)
}

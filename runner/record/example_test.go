package record_test

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/runner/record"
)

// Latency counts from when a request was to be sent: one that the generator could send only 2 s late, and that was then
// answered in 10 ms, took 2.01 s.
func ExampleSample_Latency() {
	s := record.Sample{
		Intended: 1 * time.Second,
		Sent:     3 * time.Second,
		Done:     3*time.Second + 10*time.Millisecond,
		Outcome:  record.OK,
	}
	fmt.Println(s.Latency(), "of which", s.Lag(), "is the generator's")
	// Output: 2.01s of which 2s is the generator's
}

// What was acknowledged to users is held against what is in the database at the end.
func ExampleReconcile() {
	acknowledged := map[string][]string{"orders-db": {"a", "b", "c"}}
	found := map[string]map[string]int{"orders-db": {"a": 1, "c": 2, "never-acknowledged": 1}}
	w := record.Reconcile(acknowledged, found)
	fmt.Printf("%d acknowledged, %d lost %v, %d duplicated\n", w.Acknowledged, w.Lost, w.Sample, w.Duplicated)
	// Output: 3 acknowledged, 1 lost [orders-db/b], 1 duplicated
}

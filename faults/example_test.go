package faults_test

import (
	"fmt"
	"time"

	"github.com/squallhq/squall/faults"
)

// Every kind is a row of a table: its word in scenarios, what it does to a client, and its keys.
func ExampleLookup() {
	refuse, ok := faults.Lookup("refuse")
	fmt.Println(ok, refuse.Word)
	fmt.Println(refuse.Explain.Summary)
	// Output:
	// true refuse
	// The port is closed, as if the callee did not run.
}

// Two faults on one node at once: what strikes independently, what adds up, what multiplies.
func ExampleCombine() {
	both := faults.Combine(
		&faults.Behaviour{Errors: 0.5, Status: 500, Slow: 20 * time.Millisecond},
		&faults.Behaviour{Errors: 0.5, Status: 503, Slow: 30 * time.Millisecond},
	)
	fmt.Printf("%.0f%% of the answers are errors, each takes %s longer\n", 100*both.Errors, both.Slow)
	// Output: 75% of the answers are errors, each takes 50ms longer
}

//go:build race

package virtual_test

// fewest is how many requests a closed form is tried with: the race detector makes each ten times as dear.
const fewest = 4000

//go:build !race

package virtual_test

// fewest is how many requests a closed form is tried with.
const fewest = 30000

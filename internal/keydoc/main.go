// Command keydoc writes the table of what the language's keys mean from the comments of the structs that hold them: a line a
// key. Run it with go generate ./scenarios/language/grammar; a test keeps the table in step.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := table(os.Args[2:])
	if err == nil {
		err = os.WriteFile(os.Args[1], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "keydoc:", err)
		os.Exit(1)
	}
}

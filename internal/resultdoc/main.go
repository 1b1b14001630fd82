// Command resultdoc writes docs/result.json.md from the types of package record: a table a type, a row a field, with its Go comment
// as its meaning. Run it with go generate ./runner/record; a test keeps the document in step.
package main

import (
	"fmt"
	"os"
)

func main() {
	text, err := document(os.Args[1])
	if err == nil {
		err = os.WriteFile(os.Args[2], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "resultdoc:", err)
		os.Exit(1)
	}
}

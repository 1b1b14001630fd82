// Command resultdoc writes docs/result.json.md from the types of package record, and docs/answers.json.md from those of the packages of
// answers: a table a type, a row a field, with its Go comment as its meaning. Run it with go generate ./runner/record ./report/answer; a
// test keeps the documents in step.
package main

import (
	"fmt"
	"os"
)

func main() {
	of := map[string]func(string) (string, error){"record": document, "answers": answers}[os.Args[1]]
	text, err := of(os.Args[2])
	if err == nil {
		err = os.WriteFile(os.Args[3], []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "resultdoc:", err)
		os.Exit(1)
	}
}

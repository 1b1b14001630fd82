// Command make makes container images of real parts from this machine's Debian packages where the engine does not have them yet,
// and prints their names: go run ./internal/debimage/make [PART...].
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/squallhq/squall/internal/debimage"
)

func main() {
	parts := debimage.Parts()
	if len(os.Args) > 1 {
		parts = nil
		for _, name := range os.Args[1:] {
			parts = append(parts, debimage.Part(name))
		}
	}
	for _, part := range parts {
		name, err := debimage.Make(context.Background(), part)
		if err != nil {
			fmt.Fprintf(os.Stderr, "make an image with %s: %v\n", part, err)
			os.Exit(1)
		}
		fmt.Println(name)
	}
}

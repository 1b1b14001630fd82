// Package squallbin builds programs that tests need as processes of their own: squall, and small ones of one file.
package squallbin

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// built is the one build of this test process; the go command's cache makes that of other test processes cheap.
var built = sync.OnceValues(build)

// Path is the program, built from this checkout with `go build`, once for each test process. A build that
// fails fails the test. The program stays in a folder of the system's temporary folder that belongs to this
// user and checkout, so that its pages are shared by tests that run at the same time.
func Path(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build() (string, error) {
	found, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout: %w", err)
	}
	root := strings.TrimSpace(string(found))
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("squallbin-%d-%08x", os.Getuid(), crc32.ChecksumIEEE([]byte(root))))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder for the program: %w", err)
	}
	// Built under a name of its own and renamed: tests of several packages do this at the same time.
	fresh := filepath.Join(dir, fmt.Sprintf("squall-%d", os.Getpid()))
	command := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-o", fresh, "./cmd/squall")
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build squall: %w\n%s", err, output)
	}
	path := filepath.Join(dir, "squall")
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("put the program in place: %w", err)
	}
	return path, nil
}

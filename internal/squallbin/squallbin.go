// Package squallbin builds programs that tests need as processes of their own: squall, and small ones of one file.
package squallbin

import (
	"context"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// built is the one build of this test process, as the program is shipped: it needs no libraries. The go command's cache makes that of other
// test processes cheap.
var built = sync.OnceValues(func() (string, error) { return build("squall", nil, "CGO_ENABLED=0") })

// racing is the same under the race detector, which lets goroutines go on in a random order. It needs a C compiler.
var racing = sync.OnceValues(func() (string, error) { return build("squall-race", []string{"-race"}, "CGO_ENABLED=1") })

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

// Racing is the program under the race detector.
func Racing(t testing.TB) string {
	t.Helper()
	path, err := racing()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func build(name string, flags []string, env ...string) (string, error) {
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
	fresh := filepath.Join(dir, fmt.Sprintf("%s-%d", name, os.Getpid()))
	command := exec.CommandContext(context.Background(), "go", slices.Concat([]string{"build", "-trimpath", "-o", fresh}, flags, []string{"./cmd/squall"})...)
	command.Dir, command.Env = root, append(os.Environ(), env...)
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build squall: %w\n%s", err, output)
	}
	path := filepath.Join(dir, name)
	if err := os.Rename(fresh, path); err != nil {
		return "", fmt.Errorf("put the program in place: %w", err)
	}
	return path, nil
}

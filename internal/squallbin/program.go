package squallbin

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Program compiles a program of one file for Linux, with cgo ("1") or without ("0"), into a folder of the test.
func Program(t testing.TB, source, cgo string) string {
	t.Helper()
	dir := t.TempDir()
	file, exe := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", exe, file)
	build.Env = append(os.Environ(), "CGO_ENABLED="+cgo, "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the test program: %v\n%s", err, out)
	}
	return exe
}

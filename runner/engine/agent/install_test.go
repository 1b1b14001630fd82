package agent

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/squallhq/squall/internal/squallbin"
)

// A program that needs nothing is copied whole and runs; one that needs libraries is refused, and so is what is none.
func TestInstall(t *testing.T) {
	t.Parallel()
	static := squallbin.Program(t, "package main\nfunc main() { println(\"here\") }\n", "0")
	folder := t.TempDir()
	for range 2 { // a container that starts again does it again
		if err := install(static, folder); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(filepath.Join(folder, Installed)).CombinedOutput()
	if err != nil || string(out) != "here\n" {
		t.Errorf("the copy says %q, %v", out, err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != 1 {
		t.Errorf("%v, %v, want the program alone", left, err)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	if err := install(shell, t.TempDir()); err == nil || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("a program with libraries: %v", err)
	}
	if err := install("install_test.go", t.TempDir()); err == nil {
		t.Error("what is no program was installed")
	}
}

package archtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every module that the program links stands in NOTICE with its licence, and none that it does not.
func TestNoticeNamesWhatIsCarried(t *testing.T) {
	for _, file := range []string{"go.mod", "go.sum"} { // read, so that no result is taken from before they changed
		if _, err := os.ReadFile(filepath.Join(root, file)); err != nil {
			t.Fatal(err)
		}
	}
	packages(t)
	notice, err := os.ReadFile(filepath.Join(root, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	list := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/squall")
	list.Dir = root
	list.Env = append(os.Environ(), "GOOS=linux", "CGO_ENABLED=0")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("list what is linked: %v", err)
	}
	linked := strings.Fields(string(out))
	slices.Sort(linked)
	linked = slices.Compact(linked)

	_, table, _ := strings.Cut(string(notice), "Modules linked into a build for Linux.")
	table, _, found := strings.Cut(table, "Go standard library")
	if !found {
		t.Fatal("NOTICE has no list of modules that ends with Go's standard library")
	}
	var named []string
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) < 3 || !strings.Contains(fields[0], "/") {
			continue
		}
		named = append(named, fields[0])
	}
	for _, module := range linked {
		if !slices.Contains(named, module) {
			t.Errorf("NOTICE lacks %s, which the program links: add it with its licence and its authors", module)
		}
	}
	for _, module := range named {
		if !slices.Contains(linked, module) {
			t.Errorf("NOTICE names %s, which the program does not link", module)
		}
	}
}

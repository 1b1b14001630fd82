package archtest

import (
	"errors"
	"go/build"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// root is the checkout.
const root = "../.."

// packages are those of the checkout, ImportPath relative to the module, for the system that the program is shipped for,
// wherever this runs. They are read here and not by the go command, so that the result of a test is never one that was
// cached before a file changed.
func packages(t *testing.T) []*build.Package {
	t.Helper()
	shipped := build.Default
	shipped.GOOS, shipped.CgoEnabled = "linux", false
	var all []*build.Package
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if name := d.Name(); path != root && strings.HasPrefix(name, ".") || name == "testdata" || name == "bin" {
			return fs.SkipDir
		}
		p, err := shipped.ImportDir(path, 0)
		if _, none := errors.AsType[*build.NoGoError](err); none {
			return nil
		}
		if err != nil {
			return err
		}
		if p.ImportPath, err = filepath.Rel(root, path); err != nil {
			return err
		}
		p.ImportPath = filepath.ToSlash(p.ImportPath)
		all = append(all, p)
		return nil
	})
	if err != nil {
		t.Fatalf("read the packages: %v", err)
	}
	return all
}
